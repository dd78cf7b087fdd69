// What the examples take from the reader's own program.

interface Reader {
  readonly via: "api-key";
  readonly shop: string;
}

declare const db: {
  recipients(newsletterId: string, shop: string): AsyncIterable<{ readonly email: string }>;
  prices(
    shop: string,
    currency: string,
    page: number,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined>;
  reindex(shop: string): Promise<number>;
  webhooksOf(
    shop: string,
  ): Promise<readonly { readonly id: string; readonly url: string; readonly secret: string }[]>;
  disableWebhook(id: string): Promise<void>;
};

declare function principalOf(request: unknown): Reader | undefined;

/** Middleware of Express which finds out who asks. */
declare function requireUser(request: unknown, response: unknown, next: () => void): void;

declare namespace Express {
  interface Request {
    readonly user: Reader;
  }
}
