import { parseArgs } from "node:util";
import { describeMachine } from "./machine.js";
import { parseSynchronous } from "./question.js";
import { letters, loadQuestion } from "./questions.js";
import { writeFigures } from "./readme.js";
import { askRounds } from "./rounds.js";
import { startServers } from "./servers.js";
import { writeTable } from "./table.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    synchronous: { type: "string", default: "NORMAL,FULL" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds >= 1)) {
  throw new Error(`--rounds takes a whole number of at least 1, not "${values.rounds}"`);
}
const asked = values.synchronous.split(",").map(parseSynchronous);
const questions: (readonly [string, Awaited<ReturnType<typeof loadQuestion>>])[] = [];
for (const letter of positionals.length === 0 ? letters : positionals) {
  questions.push([letter, await loadQuestion(letter)]);
}

const printed: string[] = [];
function print(text: string): void {
  printed.push(text);
  console.log(`${text}\n`);
}

const running = questions.some(([, { onServers }]) => onServers === true) ? await startServers() : undefined;
const servers = running?.servers ?? { postgres: "", redis: null };
if (running !== undefined) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void running.stop().finally(() => process.exit(1)));
  }
}
try {
  print(`${await describeMachine()} Rounds: ${rounds}.`);
  if (running !== undefined) print(`Servers of this run: ${running.description}.`);
  for (const [letter, question] of questions) {
    const progress = (what: string): void => void process.stderr.write(`\r\u001b[K(${letter}) ${what} …`);
    const modes = question.durable ? asked : (["NORMAL"] as const);
    const answers = await askRounds(letter, question, modes, rounds, servers, progress);
    process.stderr.write("\r\u001b[K");
    for (const [synchronous, found] of answers) {
      const durability = question.durable ? `, synchronous ${synchronous}` : "";
      print(`### (${letter}) ${question.title}${durability}`);
      print(writeTable(question, synchronous, found));
    }
  }
} finally {
  await running?.stop();
}
if (values.write) await writeFigures(printed.join("\n\n"));
