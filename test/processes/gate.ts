export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

/** Begins closed; everyone who waits for `passed` goes on when it opens. */
export function gate(): Gate {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
