import { describe, expect, it } from "vitest";
import { type WebhooksOptions, webhooks } from "../../adapters/webhooks/index.js";
import { InvalidOptionError } from "../../src/index.js";

const plain: WebhooksOptions = { endpoints: () => [], disable: () => {} };
const shop = { shop: "blue-bottle" };

describe("webhooks", () => {
  it.each([
    [{ endpoints: undefined }, "endpoints must be a function."],
    [{ disable: "yes" }, "disable must be a function."],
    [{ timeout: 0 }, "timeout is 0; it must be a whole number of at least 1."],
    [{ concurrency: 1.5 }, "concurrency is 1.5; it must be a whole number of at least 1."],
    [{ allowNetworks: ["localhost"] }, /^allowNetworks has "localhost"/],
  ])("refuses %j", (wrong, why) => {
    const options: WebhooksOptions = Object.assign({}, plain, wrong);
    expect(() => webhooks(options)).toThrow(InvalidOptionError);
    expect(() => webhooks(options)).toThrow(why);
  });

  it.each([
    undefined,
    [{ id: "1", url: "https://example.com" }],
    [{ id: "1", url: "u", secret: "s", app: null }],
  ])("refuses %j as endpoints", async (given) => {
    const { endpoints } = webhooks(Object.assign({}, plain, { endpoints: () => given }));
    await expect(async () => endpoints(shop)).rejects.toThrow(/endpoints must give a list of/);
  });

  it("takes endpoints of shops and of apps", async () => {
    const given = [
      { id: "1", url: "https://example.com", secret: "s" },
      { id: "2", url: "https://example.com", secret: "s", app: "mailer" },
    ];
    const { endpoints } = webhooks({ ...plain, endpoints: async () => given });
    expect(await endpoints(shop)).toEqual(given);
  });
});
