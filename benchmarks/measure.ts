import { parseSynchronous } from "./question.js";
import { loadQuestion } from "./questions.js";

/** Answers one question for one contender: `measure.ts LETTER CONTENDER SYNCHRONOUS FOLDER SEEDED`. */
const [letter = "", contender = "", synchronous = "", folder = "", seeded = ""] = process.argv.slice(2);
const answer = (await loadQuestion(letter)).contenders[contender];
if (answer === undefined) throw new Error(`no contender ${contender} in question ${letter}`);
const figures = await answer({ folder, synchronous: parseSynchronous(synchronous), seeded });
process.stdout.write(`\n${JSON.stringify(figures)}\n`, () => process.exit(0));
