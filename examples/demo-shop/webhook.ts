import type { Webhooks } from "async-jobs";
import { webhooks } from "async-jobs/webhooks";

/** This machine, and private networks around it: a demo's receiver is there. A real host allows neither. */
const NEAR = [
  ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ...["::1/128", "fc00::/7"],
];

/** Tells one URL of every shop's finished jobs, until it answers 410 for the shop. */
export function tellShopsAt(url: string): Webhooks {
  const gone = new Set<string>();
  return webhooks({
    // Signed by the shop's API key, for which this demo takes its name.
    endpoints: ({ shop }) => (gone.has(shop) ? [] : [{ id: "demo", url, secret: shop }]),
    disable: (_endpoint, { shop }) => void gone.add(shop),
    allowHttp: true,
    allowNetworks: NEAR,
  });
}
