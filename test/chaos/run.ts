import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileChildren } from "../processes/compiled.js";
import { chaos, LEASE } from "./chaos.js";

/** `npm run chaos -- --seconds 60`. Exit code 1 when a promise is broken. */
const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" } } });
const folder = await mkdtemp(join(tmpdir(), "async-jobs-chaos-"));
const compiled = await compileChildren();
try {
  const end = performance.now() + Number(values.seconds) * 1000;
  const { takeovers, problems, ...counts } = await chaos(compiled, folder, () => performance.now() < end);
  const p50 = takeovers[Math.floor(takeovers.length / 2)] ?? 0;
  const max = takeovers.at(-1) ?? 0;
  console.log(`| | |\n|---|---:|`);
  for (const [name, count] of Object.entries(counts)) console.log(`| ${inWords(name)} | ${count} |`);
  console.log(`| jobs taken over | ${takeovers.length} |`);
  console.log(`| time to take over, p50 | ${Math.round(p50)} ms |`);
  console.log(`| time to take over, max | ${Math.round(max)} ms, with a lease of ${LEASE} ms |`);
  for (const problem of problems) console.log(`wrong: ${problem}`);
  const isBroken = problems.length > 0 || counts.outcomesLost > 0 || counts.outcomesTwice > 0;
  process.exitCode = isBroken ? 1 : 0;
} finally {
  await compiled.remove();
  await rm(folder, { recursive: true, force: true });
}

function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
