import { sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import { START, start } from "../../../../src/testing/store-conformance/jobs.js";

/** Listens for work, and has nothing else to do: so it must end. */
const store = sqliteStore(process.argv[2] ?? "");
store.onWork(() => {});
await start(store, {}, START);
console.log("listening");
