import { Readable } from "node:stream";
import { expect, expectTypeOf, it } from "vitest";
import { createHandler, type Principal, PublicError } from "../../src/index.js";
import { newsletterRecipients } from "../../src/kinds/newsletter-recipients.js";
import { blueBottle, describeEachStore, mailer, redBarn } from "../engine/engine.js";
import { customers, customersCsv, fileOf, newsletterId } from "./exports.js";

describeEachStore("newsletter-recipients", (engine) => {
  it("writes the recipients' email addresses as a CSV file", async () => {
    const asked: unknown[] = [];
    const kind = newsletterRecipients({
      recipients: (id, shop, signal, after) => {
        asked.push([id, shop, signal instanceof AbortSignal, after]);
        return customers(3);
      },
    });
    const { jobs } = await engine({ kinds: [kind] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(asked).toEqual([[newsletterId, "blue-bottle", true, undefined]]);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      kind: "newsletter-recipients",
      status: "done",
      result: `https://app.example.com/async-jobs/${id}.csv`,
    });
    expect(await fileOf(jobs, id)).toBe(customersCsv(3));
    const { contentType } = await jobs.as(blueBottle).openResult(id);
    expect(contentType).toBe("text/csv");
  });

  it.each([
    ["a list", () => [...customers(2)]],
    ["a set", () => new Set(customers(2))],
    ["a generator", () => customers(2)],
    [
      "an async generator",
      async function* () {
        yield* customers(2);
      },
    ],
    ["a stream", () => Readable.from(customers(2))],
    ["a promise of any of these", async () => customers(2)],
    ["a list of addresses", () => [...customers(2)].map(({ email }) => email)],
  ])("takes %s", async (_what, recipients) => {
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await fileOf(jobs, id)).toBe(customersCsv(2));
  });

  it("writes the header alone when there is nobody", async () => {
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients: () => [] })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await fileOf(jobs, id)).toBe("email\r\n");
  });

  it("lets no address run as a formula or break out of its cell", async () => {
    const recipients = () => ["=cmd|' /C calc'!A0@example.com", '"Doe, Jane"@example.com', "ann@example.com"];
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await fileOf(jobs, id)).toBe(
      `email\r\n'=cmd|' /C calc'!A0@example.com\r\n"""Doe, Jane""@example.com"\r\nann@example.com\r\n`,
    );
  });

  it("writes the columns that it is told, in their order, and nothing else of a row", async () => {
    const recipients = () => [
      { email: "ann@example.com", name: "Ann", joinedAt: new Date(0), score: -5, secret: "hunter2" },
      { email: "bob@example.com", name: undefined, joinedAt: null, score: 5, secret: "hunter3" },
      "eve@example.com",
    ];
    const columns = ["score", "email", "name", "joinedAt"] as const;
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients, columns })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await fileOf(jobs, id)).toBe(
      "score,email,name,joinedAt\r\n'-5,ann@example.com,Ann,1970-01-01T00:00:00.000Z\r\n5,bob@example.com,,\r\n,eve@example.com,,\r\n",
    );
  });

  it.each([undefined, null])("fails at once when the newsletter is %s, and says so", async (nothing) => {
    let asked = 0;
    const recipients = async () => {
      asked += 1;
      return nothing;
    };
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients })], random: () => 0 });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(asked).toBe(1);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      status: "failed",
      error: "The newsletter does not exist.",
    });
  });

  it("shows a public error of the source, also from the midst of the rows", async () => {
    const recipients = function* () {
      yield* customers(1000);
      throw new PublicError("The newsletter is still being sent.");
    };
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      status: "failed",
      error: "The newsletter is still being sent.",
    });
    await expect(jobs.as(blueBottle).openResult(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
  });

  it("never shows an internal error of the source, but the operator finds it", async () => {
    const secret = "connect ECONNREFUSED postgres://admin:correct-horse@10.0.0.7/mail";
    const recipients = () => {
      throw new Error(secret);
    };
    const kind = newsletterRecipients({ recipients, attempts: 2 });
    const { jobs } = await engine({ kinds: [kind], random: () => 0 });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    const handle = createHandler(jobs, { authenticate: () => blueBottle });
    for (const url of [`/api/v1/async-jobs/${id}`, "/api/v1/async-jobs", `/async-jobs/${id}.csv`]) {
      const reply = await handle({ method: "GET", url, header: () => undefined, hostRequest: undefined });
      expect(JSON.stringify(reply)).not.toMatch(/horse|postgres|ECONN/);
    }
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
    expect(await jobs.explain(id)).toMatchObject({ detail: expect.stringContaining(secret) });
  });

  it.each([
    ["a single address", () => "ann@example.com"],
    ["a number", () => 7],
    ["rows that are no rows", () => [7]],
    ["rows of nothing", () => [null]],
  ])("fails without another attempt when the source gives %s", async (_what, recipients) => {
    // @ts-expect-error not rows
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients })], random: () => 0 });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
    expect(await jobs.explain(id)).toMatchObject({ detail: expect.stringContaining("InvalidResultError") });
  });

  it.each([
    [undefined, "object"],
    ["57b5aa3b046abfb053d80b01", "object"],
    [{}, "newsletterId: "],
    [{ newsletterId: "" }, "newsletterId: "],
    [{ newsletterId: 7 }, "newsletterId: "],
    [{ newsletterId: "x".repeat(201) }, "newsletterId: "],
  ])("refuses %j as a payload", async (payload, issue) => {
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients: () => [] })] });
    // @ts-expect-error not an ID in an object
    const refused = jobs.as(blueBottle).create("newsletter-recipients", payload);
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_PAYLOAD",
      issues: [expect.stringContaining(issue)],
    });
  });

  it("keeps nothing of a payload but the newsletter's ID", async () => {
    const { jobs, store } = await engine({ kinds: [newsletterRecipients({ recipients: () => [] })] });
    const payload = { newsletterId: "x".repeat(200), apiKey: "hunter2" };
    await jobs.as(blueBottle).create("newsletter-recipients", payload);
    const claim = { kinds: [{ kind: "newsletter-recipients", limit: 1 }], limit: 1, leaseMs: 1, now: 0 };
    const { claimed } = await store.claim({ ...claim, now: Date.UTC(2030, 0) });
    expect(claimed.map((job) => job.payload)).toEqual([JSON.stringify({ newsletterId: "x".repeat(200) })]);
  });

  it("asks a Partner App for read_newsletter_email, if not for another scope", async () => {
    const scopes = ["write_newsletter_email"];
    const reader: Principal = { via: "oauth", shop: "blue-bottle", app: "writer", scopes };
    const kind = newsletterRecipients({ recipients: () => [] });
    const { jobs } = await engine({ kinds: [kind] });
    const refused = jobs.as(mailer).create("newsletter-recipients", { newsletterId });
    await expect(refused).rejects.toMatchObject({ code: "FORBIDDEN", scope: "read_newsletter_email" });
    await jobs.as(reader).create("newsletter-recipients", { newsletterId });
    expect(newsletterRecipients({ recipients: () => [], scope: "read_mail" }).scope).toBe("read_mail");
  });

  it("gives each shop its own rows", async () => {
    const recipients = (_id: string, shop: string) => [`owner@${shop}.example.com`];
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients })] });
    await jobs.as(redBarn).create("newsletter-recipients", { newsletterId });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await fileOf(jobs, id)).toBe("email\r\nowner@blue-bottle.example.com\r\n");
  });
});

it("takes the rules of any kind, and refuses options that make no sense", () => {
  const recipients = () => customers(1);
  const rules = { attempts: 7, timeout: 1000, concurrency: 2, expireAfter: 5000 };
  const kind = newsletterRecipients({ recipients, ...rules, backoff: { base: 5 } });
  expect(kind).toMatchObject({ ...rules, backoff: { base: 5, max: 600_000 } });
  const wrong = [{ attempts: 0 }, { columns: [] }, { columns: [""] }, { checkpointEvery: 0 }, { keyOf: 7 }];
  for (const option of wrong) {
    // @ts-expect-error some of them are of the wrong type
    expect(() => newsletterRecipients({ recipients, ...option })).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message: expect.stringMatching(Object.keys(option)[0] ?? ""),
      }),
    );
  }
  // @ts-expect-error there is nobody to ask for rows
  expect(() => newsletterRecipients({})).toThrow(/function that gives the rows/);
});

it("knows from the rows which columns there can be", () => {
  const rows = () => [{ email: "ann@example.com", name: "Ann" }];
  newsletterRecipients({ recipients: rows, columns: ["name", "email"], keyOf: (row) => row.name });
  // @ts-expect-error rows have no phone
  newsletterRecipients({ recipients: rows, columns: ["phone"] });
  // @ts-expect-error rows have no email
  newsletterRecipients({ recipients: () => [{ name: "Ann" }] });
  const kind = newsletterRecipients({ recipients: rows });
  expectTypeOf(kind.name).toEqualTypeOf<"newsletter-recipients">();
});
