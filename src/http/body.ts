import { type JobView, resourceText } from "../resource.js";

/** `{"data": …}`, one job. */
export function jobText(job: JobView): string {
  return `{"data":${resourceText(job)}}`;
}

/** `{"data": […]}`, and `meta` behind it if there is any. */
export function listText(jobs: readonly JobView[], meta?: object): string {
  const data = elementsText(jobs);
  return meta === undefined ? `{"data":[${data}]}` : `{"data":[${data}],"meta":${JSON.stringify(meta)}}`;
}

/** What stands between the brackets. */
export function elementsText(jobs: readonly JobView[]): string {
  return jobs.map(resourceText).join(",");
}
