export type { SqliteStoreOptions } from "./options.js";
export { sqliteStore } from "./store.js";
