import { createHash, randomUUID } from "node:crypto";

/** S3's own limit: only the last part of an upload may be smaller. */
const SMALLEST_PART = 5 * 1024 * 1024;

/** An error as S3 answers it. */
export class S3Fault extends Error {
  readonly status: number;
  constructor(
    readonly code: string,
    status = 400,
  ) {
    super(code);
    this.status = status;
  }
}

interface Upload {
  readonly name: string;
  readonly parts: Map<number, Buffer>;
}

/** The objects of one bucket in memory, and the uploads that are not completed yet, by the rules of S3. */
export class Bucket {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Upload>();

  get(name: string): Buffer {
    const object = this.objects.get(name);
    if (object === undefined) throw new S3Fault("NoSuchKey", 404);
    return object;
  }

  begin(name: string): string {
    const id = randomUUID();
    this.uploads.set(id, { name, parts: new Map() });
    return id;
  }

  upload(id: string, name: string): Upload {
    const upload = this.uploads.get(id);
    if (upload?.name !== name) throw new S3Fault("NoSuchUpload", 404);
    return upload;
  }

  complete(
    id: string,
    name: string,
    chosen: readonly { readonly number: number; readonly etag: string }[],
  ): void {
    const { parts } = this.upload(id, name);
    const bytes = chosen.map(({ number, etag }, index) => {
      const part = parts.get(number);
      if (part === undefined || etagOf(part) !== etag) throw new S3Fault("InvalidPart");
      if (index > 0 && number <= (chosen[index - 1]?.number ?? 0)) throw new S3Fault("InvalidPartOrder");
      return part;
    });
    if (bytes.slice(0, -1).some(({ length }) => length < SMALLEST_PART)) throw new S3Fault("EntityTooSmall");
    // Some that speak S3's protocol ask for that too.
    if (new Set(bytes.slice(0, -1).map(({ length }) => length)).size > 1) throw new S3Fault("InvalidPart");
    this.objects.set(name, Buffer.concat(bytes));
    this.uploads.delete(id);
  }

  /** The next names and common prefixes after the given one, sorted. */
  list(prefix: string, delimiter: string, after: string, limit: number) {
    const rolled = [...this.objects.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => {
        const end = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
        return end < 0 ? name : name.slice(0, end + 1);
      });
    const entries = [...new Set(rolled)].sort().filter((entry) => entry > after);
    return { entries: entries.slice(0, limit), isLast: entries.length <= limit };
  }
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`;
}
