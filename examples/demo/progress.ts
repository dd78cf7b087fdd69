const WIDTH = 30;

/** Draws a bar over itself; where nobody watches, it draws nothing. */
export class ProgressBar {
  readonly #label: string;
  readonly #begun = performance.now();

  constructor(label: string) {
    this.#label = label;
  }

  /** @param share from 0 to 1 */
  show(share: number): void {
    const filled = Math.round(Math.min(share, 1) * WIDTH);
    this.#draw(`${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${Math.round(share * 100)} %`);
  }

  /** For work whose end is not known: something that moves, and the time so far. */
  pulse(): void {
    const seconds = (performance.now() - this.#begun) / 1000;
    const at = Math.floor(seconds * 10) % WIDTH;
    const bar = [...Array(WIDTH).keys()].map((place) => (Math.abs(place - at) < 3 ? "█" : "░")).join("");
    this.#draw(`${bar} ${seconds.toFixed(1)} s`);
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
  }

  #draw(text: string): void {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${this.#label} ${text}`);
  }
}
