import type { Bench } from "./question.js";
import { loadQuestion } from "./questions.js";

/** Answers one question for one contender: `measure.ts LETTER CONTENDER BENCH`, the last as JSON. */
const [letter = "", contender = "", json = ""] = process.argv.slice(2);
const bench: Bench = JSON.parse(json);
const answer = (await loadQuestion(letter)).contenders[contender];
if (answer === undefined) throw new Error(`no contender ${contender} in question ${letter}`);
const figures = await answer(bench);
process.stdout.write(`\n${JSON.stringify(figures)}\n`, () => process.exit(0));
