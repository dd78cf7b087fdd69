import { expect, it } from "vitest";
import { Connection } from "../../../../adapters/stores/sqlite/connection.js";
import { scratchPath } from "./scratch.js";

// SQLite keeps the setting with the connection, and a store's own is its own: so it is read one floor below.
it.each([
  [undefined, 2],
  ["FULL", 2],
  ["NORMAL", 1],
] as const)("a file of our own is written with synchronous %s as level %d", (synchronous, level) => {
  const connection = new Connection(scratchPath(), synchronous, () => {});
  expect(connection.database.pragma("synchronous", { simple: true })).toBe(level);
  connection.close();
});
