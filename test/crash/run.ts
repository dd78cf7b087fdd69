import { parseArgs } from "node:util";
import { compileChildren } from "../processes/compiled.js";
import { crash, inParallel, pointsOf } from "./sweep.js";

/**
 * Kills a process at every point before and after a write, and then at pairs of points, the second in the run
 * that starts on what the first kill left. Exit code 1 when anything is wrong afterwards.
 */
const { values } = parseArgs({ options: { pairs: { type: "string", default: "100" } } });
const compiled = await compileChildren();
try {
  const points = await pointsOf(compiled);
  const any = (): string => points[Math.floor(Math.random() * points.length)] ?? "";
  const runs = [
    ...points.map((point) => [point]),
    ...Array.from({ length: Number(values.pairs) }, () => [any(), any()]),
  ];
  const began = performance.now();
  let through = 0;
  const crashes = await inParallel(runs, async (run) => {
    const result = await crash(compiled, run);
    through += 1;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${through} of ${runs.length} runs`);
    return result;
  });
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  const kills = crashes.reduce((sum, { at }) => sum + at.length, 0);
  const wrong = crashes.filter(({ problems }) => problems.length > 0);
  console.log(
    `${points.length} points, ${runs.length} runs, ${kills} kills, ${wrong.length} runs gone wrong`,
  );
  console.log(`${Math.round((performance.now() - began) / 1000)} s`);
  for (const { at, problems } of wrong)
    console.log(`killed ${at.join(", then ")}:\n  ${problems.join("\n  ")}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  await compiled.remove();
}
