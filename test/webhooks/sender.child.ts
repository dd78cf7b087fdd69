import { ReachableNetworks } from "../../adapters/webhooks/networks.js";
import { post } from "../../adapters/webhooks/post.js";
import type { WebhookAnswer } from "../../src/index.js";
import { settingsOf, tell } from "../processes/tell.js";

export interface SenderSettings {
  readonly url: string;
  /** What every name stands for. It may be asked, whatever it is. */
  readonly address: string;
}

/** The answer, or the code of the error. */
export type SenderMessage = { readonly type: "answer"; readonly answer: WebhookAnswer | string };

const { url, address } = settingsOf<SenderSettings>();
const settings = {
  ...{ networks: new ReachableNetworks([address]), allowHttp: false },
  resolve: async () => [{ address, family: 4 }],
};
const answer = await post(settings, {
  ...{ url, headers: {}, body: "{}", signal: new AbortController().signal },
}).catch((error: { readonly code: string }) => error.code);
const message: SenderMessage = { type: "answer", answer };
tell(message);
