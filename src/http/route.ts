import { API_PATH } from "./replies.js";

/** A request that is ours, by its path. `methods` are those it takes. */
export type Route =
  | { readonly type: "list"; readonly methods: readonly string[] }
  | { readonly type: "job"; readonly methods: readonly string[]; readonly id: string }
  | { readonly type: "events"; readonly methods: readonly string[]; readonly id: string }
  | { readonly type: "cancel"; readonly methods: readonly string[]; readonly id: string }
  | {
      readonly type: "file";
      readonly methods: readonly string[];
      readonly id: string;
      readonly extension: string;
    };

const READ = ["GET", "HEAD", "OPTIONS"] as const;
const READ_AND_ERASE = ["GET", "HEAD", "DELETE", "OPTIONS"] as const;
const ACT = ["POST", "OPTIONS"] as const;

/** Every route by its type: the path below the mount, as OpenAPI writes it, and the methods that it takes. */
export const ROUTES = {
  list: { path: API_PATH, methods: READ },
  job: { path: `${API_PATH}/{id}`, methods: READ_AND_ERASE },
  events: { path: `${API_PATH}/{id}/events`, methods: READ },
  cancel: { path: `${API_PATH}/{id}/cancel`, methods: ACT },
  file: { path: "/async-jobs/{id}.{extension}", methods: READ },
} as const satisfies Readonly<Record<Route["type"], unknown>>;

/** Every path of the API, below its mount, for routers that must be told; `*` stands for the rest of a path. */
export const API_PATHS = [API_PATH, `${API_PATH}/*`, "/async-jobs/*"] as const;

const FILE_PATH = /^\/async-jobs\/([^/]*)\.([^/.]+)$/;

/** The route of a path without query, below the mount; undefined for paths that are not ours. */
export function routeOf(path: string): Route | undefined {
  if (path === API_PATH) return { type: "list", methods: ROUTES.list.methods };
  if (path.startsWith(`${API_PATH}/`)) {
    const below = path.slice(API_PATH.length + 1);
    if (!below.includes("/")) return { type: "job", methods: ROUTES.job.methods, id: decode(below) };
    const [id = "", action, ...more] = below.split("/");
    if (more.length > 0) return undefined;
    if (action === "cancel") return { type: "cancel", methods: ROUTES.cancel.methods, id: decode(id) };
    if (action === "events") return { type: "events", methods: ROUTES.events.methods, id: decode(id) };
    return undefined;
  }
  const [, id, extension] = FILE_PATH.exec(path) ?? [];
  if (id === undefined || extension === undefined) return undefined;
  return { type: "file", methods: ROUTES.file.methods, id: decode(id), extension: decode(extension) };
}

/** A malformed escape is left as it is: no ID contains a percent sign. */
function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
