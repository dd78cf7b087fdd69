export { migrationScript } from "./migrations.js";
export type { PostgresStoreOptions } from "./options.js";
export { postgresStore } from "./store.js";
