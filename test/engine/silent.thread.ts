/** No handler. */
export const handler = "not the default";
