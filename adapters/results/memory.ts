import { Readable } from "node:stream";
import { type ResultFile, type ResultStore, ResultStoreError } from "../../src/index.js";
import { nothingToGoOnFrom, requireFileKey } from "./refusals.js";

interface File {
  readonly content: Buffer;
  readonly finished: boolean;
}

/** Result files in this process's memory: for tests, and for results that are small and may be forgotten. */
export function memoryResults(): ResultStore {
  const files = new Map<string, File>();
  return {
    async create(key, from) {
      requireFileKey(key);
      if (from !== undefined) requireFileKey(from.key);
      const source = from === undefined ? undefined : files.get(from.key)?.content;
      if (from !== undefined && (source === undefined || source.length < from.bytes)) {
        throw nothingToGoOnFrom(from);
      }
      const chunks: Buffer[] = source === undefined ? [] : [source.subarray(0, from?.bytes)];
      let bytes = from?.bytes ?? 0;
      let closed = false;
      let safe = false;
      files.set(key, { content: Buffer.alloc(0), finished: false });

      function save(finished: boolean): ResultFile {
        if (closed) throw new ResultStoreError(`The file ${key} is closed.`);
        closed = finished;
        safe = true;
        files.set(key, { content: Buffer.concat(chunks), finished });
        return { key, bytes };
      }
      return {
        get bytes() {
          return bytes;
        },
        async write(chunk) {
          if (closed) throw new ResultStoreError(`The file ${key} is closed.`);
          const buffer = Buffer.from(chunk);
          chunks.push(buffer);
          bytes += buffer.length;
        },
        flush: async () => save(false),
        finish: async () => save(true),
        async abort(keep) {
          closed = true;
          if (!keep || !safe) files.delete(key);
        },
      };
    },
    async canResume({ key, bytes }) {
      requireFileKey(key);
      return (files.get(key)?.content.length ?? -1) >= bytes;
    },
    async open(key, range) {
      requireFileKey(key);
      const file = files.get(key);
      if (file?.finished !== true) return undefined;
      return Readable.from([
        range === undefined ? file.content : file.content.subarray(range.start, range.end + 1),
      ]);
    },
    async remove(keys) {
      keys.forEach(requireFileKey);
      for (const key of keys) files.delete(key);
    },
    async *keys() {
      if (files.size > 0) yield [...files.keys()];
    },
  };
}
