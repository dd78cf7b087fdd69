import Database from "better-sqlite3";
import { sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import type { JobStore } from "../../../../src/index.js";
import { newJob, START } from "../../../../src/testing/store-conformance/jobs.js";
import type { Order } from "./neighbour.js";

/** Another program on the same file: does as it is told, one order after another. */
let database: Database.Database | undefined;
let store: JobStore | undefined;

async function obey(order: Order): Promise<void> {
  switch (order.type) {
    case "lock":
      database ??= new Database(order.path);
      database.exec(`begin ${order.mode}`);
      return;
    case "release":
      database?.exec("commit");
      return;
    case "insert":
      store ??= sqliteStore(order.path);
      await store.insert(
        order.ids.map((id) => newJob({ id })),
        START,
      );
  }
}

process.on("message", (order: Order) => {
  obey(order).then(
    () => process.send?.("done"),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.send?.("ready");
