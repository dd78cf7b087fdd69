/** Run as a process of its own: makes a part of a file safe, says so, writes on, and waits to be killed. */
import { folderResults } from "../../../adapters/results/folder.js";

const [, , folder = "", key = ""] = process.argv;
const writer = await folderResults(folder).create(key);
await writer.write("email\r\n");
const safe = await writer.flush();
await writer.write("half a line".repeat(100_000));
console.log(JSON.stringify(safe));
setInterval(() => {}, 1000);
