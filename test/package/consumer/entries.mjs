import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

for (const entry of process.argv.slice(2)) {
  const imported = await import(entry);
  assert.equal(require(entry), imported, `${entry} exists twice`);
  console.log(entry);
}
