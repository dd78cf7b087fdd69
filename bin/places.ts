import { existsSync } from "node:fs";
import type { MovingIn } from "../adapters/stores/postgres/moving-in.js";
import type { MovingOut } from "../adapters/stores/sqlite/moving-out.js";
import type { ResultStore } from "../src/index.js";
import type { CopyOrder, Place } from "./arguments.js";
import { CannotCopy } from "./copy.js";

/** Something that is open until it is closed. */
export interface Opened<T> {
  readonly opened: T;
  close(): unknown;
}

export async function openSource({ from, tablePrefix }: CopyOrder): Promise<Opened<MovingOut>> {
  requireFile(from.path);
  const { MovingOut } = await import("../adapters/stores/sqlite/moving-out.js").catch(ask("better-sqlite3"));
  const opened = new MovingOut(from.path, tablePrefix === undefined ? {} : { tablePrefix });
  return { opened, close: () => opened.close() };
}

export async function openTarget({ to, schema }: CopyOrder): Promise<Opened<MovingIn>> {
  const { MovingIn } = await import("../adapters/stores/postgres/moving-in.js").catch(ask("pg"));
  const opened = new MovingIn(to.url, schema === undefined ? {} : { schema });
  return { opened, close: () => opened.close() };
}

/** @param mustExist whether a file or folder has to be there already */
export async function openResults(
  place: Place,
  mustExist: boolean,
  { tablePrefix, schema }: CopyOrder,
): Promise<Opened<ResultStore>> {
  switch (place.type) {
    case "folder": {
      if (mustExist) requireFile(place.path);
      const { folderResults } = await import("../adapters/results/folder.js");
      return { opened: folderResults(place.path), close() {} };
    }
    case "sqlite": {
      if (mustExist) requireFile(place.path);
      const { databaseResults } = await import("../adapters/results/database/sqlite/index.js").catch(
        ask("better-sqlite3"),
      );
      const opened = databaseResults(place.path, tablePrefix === undefined ? {} : { tablePrefix });
      return { opened, close: () => opened.close() };
    }
    case "postgres": {
      const { databaseResults } = await import("../adapters/results/database/postgres/index.js").catch(
        ask("pg"),
      );
      const opened = databaseResults(place.url, schema === undefined ? {} : { schema });
      return { opened, close: () => opened.close() };
    }
    case "s3": {
      const [{ s3Results }, { S3Client }] = await Promise.all([
        import("../adapters/results/s3.js"),
        import("@aws-sdk/client-s3"),
      ]).catch(ask("@aws-sdk/client-s3"));
      const client = new S3Client({});
      return {
        opened: s3Results({ client, bucket: place.bucket, prefix: place.prefix }),
        close: () => client.destroy(),
      };
    }
  }
}

function requireFile(path: string): void {
  if (!existsSync(path)) throw new CannotCopy(`There is no ${JSON.stringify(path)}. Check the path.`);
}

/** For a package that is asked of nobody who does not use it. */
function ask(name: string): (error: unknown) => never {
  return (error) => {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    throw isMissing ? new CannotCopy(`Install ${name} first: npm install ${name}`) : error;
  };
}
