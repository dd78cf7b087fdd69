import { mkdir, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { claimOfFileKey } from "../../src/index.js";
import { codeOf, ifThere } from "./folder-errors.js";
import { requireFileKey } from "./refusals.js";

/** Only this process's user may enter: the folder holds the data of every shop. */
const FOLDER_MODE = 0o700;
const UNFINISHED = ".part";
/** What file systems answer that keep the names in a folder safe by other means than being told to. */
const NEED_NO_SYNC: readonly (string | undefined)[] = ["EPERM", "EINVAL", "EBADF", "EISDIR"];

/**
 * Where the files of a result folder lie. All side by side: measured on ext4, a file among a million others is
 * made, renamed and opened in 8, 8 and 4 microseconds, among a thousand in 5, 5 and 2; folders within would
 * cost more than they save.
 */
export class FolderLayout {
  /** Its absolute path. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Where a file lies when it is whole, and until then.
   *
   * @throws ResultStoreError for what is no file key: no other name ever becomes a path.
   */
  placesOf(key: string): FilePlaces {
    requireFileKey(key);
    const finished = join(this.path, nameOf(key));
    return { key, finished, unfinished: finished + UNFINISHED };
  }

  /** The key of the file of that name, whole or not; undefined for a file that is not ours. */
  keyOf(fileName: string): string | undefined {
    const name = fileName.endsWith(UNFINISHED) ? fileName.slice(0, -UNFINISHED.length) : fileName;
    const key = name.replace(/\+([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return claimOfFileKey(key) !== undefined && nameOf(key) === name ? key : undefined;
  }

  /** Makes the folder, with its parents, so that it survives a crash. */
  make(): Promise<void> {
    return makeFolder(this.path);
  }

  /** Makes the names in the folder survive a crash. */
  sync(): Promise<void> {
    return syncFolder(this.path);
  }
}

export interface FilePlaces {
  readonly key: string;
  readonly finished: string;
  readonly unfinished: string;
}

/** In the order in which a file takes them, so that one which is just being finished is not missed. */
export async function removeFile({ unfinished, finished }: FilePlaces): Promise<void> {
  await ifThere(unlink(unfinished));
  await ifThere(unlink(finished));
}

/** Without capitals: some file systems take `A.1` and `a.1` for the same file. */
function nameOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `+${letter.toLowerCase()}`);
}

/** Step by step: where making a folder fails with ENOENT, as in /proc, Node's recursive way never ends. */
async function makeFolder(path: string, mayMakeParent = true): Promise<void> {
  const parent = dirname(path);
  try {
    await mkdir(path, FOLDER_MODE);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) !== "ENOENT" || !mayMakeParent || parent === path) throw error;
    await makeFolder(parent);
    return makeFolder(path, false);
  }
  await syncFolder(parent);
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!NEED_NO_SYNC.includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}
