/**
 * One promise of a contract, as a test for any test runner: it rejects when the promise is broken.
 *
 * @example for (const { name, run } of storeConformance(open)) it(name, run);
 */
export interface ConformanceCase {
  /** A sentence about behaviour. */
  readonly name: string;
  run(): Promise<void>;
}
