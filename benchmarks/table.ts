import { median } from "./median.js";
import type { Question, Ratio, Synchronous, Target } from "./question.js";
import type { Round } from "./rounds.js";

/** A Markdown table: medians with minimum and maximum, then medians of the rounds' ratios, both with their targets. */
export function writeTable(question: Question, synchronous: Synchronous, rounds: readonly Round[]): string {
  const contenders = Object.keys(question.contenders);
  const [ours = ""] = contenders;
  const ratios = question.ratios(synchronous);
  const columns = [...contenders, ...ratios.map(({ of, to }) => `${of} / ${to}`)];
  const rows = Object.keys(rounds[0]?.[ours] ?? {}).map((figure) => {
    const cells = contenders.map((contender) => {
      const target = contender === ours ? question.targets?.[figure] : undefined;
      return `${spread(valuesOf(rounds, contender, figure))}${verdict(rounds, contender, figure, target)}`;
    });
    return [figure, ...cells, ...ratios.map((ratio) => ratioCell(rounds, figure, ratio))];
  });
  return align([question.unit, ...columns], rows);
}

/** The first column to the left, the figures to the right. */
function align(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function valuesOf(rounds: readonly Round[], contender: string, figure: string): number[] {
  return rounds.flatMap((round) => round[contender]?.[figure] ?? []);
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "–";
  return `${short(median(values))} (${short(Math.min(...values))}–${short(Math.max(...values))})`;
}

function verdict(
  rounds: readonly Round[],
  contender: string,
  figure: string,
  target: Target | undefined,
): string {
  return target === undefined ? "" : ` ${judge(median(valuesOf(rounds, contender, figure)), target)}`;
}

function ratioCell(rounds: readonly Round[], figure: string, { of, to, targets }: Ratio): string {
  const values = rounds
    .map((round) => (round[of]?.[figure] ?? Number.NaN) / (round[to]?.[figure] ?? Number.NaN))
    .filter(Number.isFinite);
  if (values.length === 0) return "–";
  const target = targets?.[figure];
  const value = median(values);
  return `**${short(value)}**${target === undefined ? "" : ` ${judge(value, target)}`}`;
}

function judge(value: number, target: Target): string {
  const [met, bound] =
    "atLeast" in target
      ? [value >= target.atLeast, `≥ ${target.atLeast}`]
      : [value <= target.atMost, `≤ ${target.atMost}`];
  return `${met ? "✓" : "✗"} ${bound}`;
}

function short(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
