import { InvalidOptionError } from "./errors.js";
import { isSecret, Seal, SHORTEST_SECRET } from "./seal.js";

export interface SignedResultsOptions {
  /**
   * Secrets of at least 32 characters, the same in every process. The first signs; links signed with any of them
   * work. To rotate: put a new one before the others, and take the last away once its links are over, after a week.
   */
  readonly keys: readonly [string, ...string[]];
}

/** What a link opens, and until when. */
export interface FileLink {
  readonly shop: string;
  /** The job's ID and the file's extension: `57b5aa3b046abfb053d80b52.csv`. */
  readonly fileName: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Links to result files that need no credential. */
export interface SignedResults {
  /** What goes into the URL. */
  sign(link: FileLink): string;
  /** Whose file it opens; undefined for what was not signed here, for another file, and when it is over. */
  shopOf(signature: string, fileName: string, now: number): string | undefined;
}

/**
 * Lets `resultUrl` give out links to result files that need no credential, to be opened in a browser. They go through
 * this API and end with their job.
 *
 * @throws InvalidOptionError when there is no key, or one is short
 *
 * @example createAsyncJobs({ …, signedResults: signedResults({ keys: [process.env.LINK_KEY] }) })
 */
export function signedResults({ keys }: SignedResultsOptions): SignedResults {
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isSecret)) {
    throw new InvalidOptionError(
      `keys must be a list of at least one secret text, each of at least ${SHORTEST_SECRET} characters.`,
    );
  }
  const [first, ...others] = keys;
  const signing = new Seal(first, "result links");
  const seals = [signing, ...others.map((key) => new Seal(key, "result links"))];
  return {
    // The shop is sealed, not only signed: a link that is passed on tells nobody whose it is.
    sign: ({ shop, fileName, until }) => signing.seal(Buffer.from(JSON.stringify([until, shop])), fileName),
    shopOf(signature, fileName, now) {
      for (const seal of seals) {
        const plain = seal.open(signature, fileName);
        if (plain === undefined) continue;
        const [until, shop]: readonly [number, string] = JSON.parse(plain.toString());
        return now < until ? shop : undefined;
      }
      return undefined;
    },
  };
}
