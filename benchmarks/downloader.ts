import { get } from "node:http";

export interface Downloaded {
  readonly bytes: number;
  readonly seconds: number;
}

/** In a process of its own: downloads a URL, in an encoding, and throws the bytes away. */
const [url = "", encoding = "identity"] = process.argv.slice(2);
const begin = performance.now();
get(url, { headers: { "Accept-Encoding": encoding } }, (response) => {
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  let bytes = 0;
  response.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
  });
  response.on("end", () => {
    const seconds = (performance.now() - begin) / 1000;
    process.send?.({ bytes, seconds } satisfies Downloaded, () => process.exit(0));
  });
});
