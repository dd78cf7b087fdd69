/** Kept here for all files of tests: a process runs many of them, and reads this once. */
const ends: (() => unknown)[] = [];

/** What is to be ended after the test, the last first. */
export function afterTest(end: () => unknown): void {
  ends.push(end);
}

/** Ends all, whichever of them fails. */
export async function endTest(): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  const [first] = failures;
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} ends failed`);
  if (first !== undefined) throw first;
}
