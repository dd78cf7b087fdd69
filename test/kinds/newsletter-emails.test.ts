import { expect, it } from "vitest";
import { newsletterEmails } from "../../src/kinds/newsletter-emails.js";
import { blueBottle, describeEachStore, mailer } from "../engine/engine.js";
import { fileOf, newsletterId } from "./exports.js";

const sentAt = new Date(Date.UTC(2017, 0, 3, 16, 32, 27, 741));

describeEachStore("newsletter-emails", (engine) => {
  it("writes addresses and what happened to their mail, dates with milliseconds, what did not happen empty", async () => {
    const emails = () => [
      { email: "ann@example.com", sentAt, deliveredAt: sentAt, openedAt: sentAt, clickedAt: sentAt },
      { email: "bob@example.com", sentAt, deliveredAt: null, openedAt: undefined },
      { email: "eve@example.com", sentAt: "2017-01-03T16:32:27.741Z", clickedAt: new Date(Number.NaN) },
    ];
    const { jobs } = await engine({ kinds: [newsletterEmails({ emails })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-emails", { newsletterId });
    await jobs.runUntilIdle();
    const time = "2017-01-03T16:32:27.741Z";
    expect(await fileOf(jobs, id)).toBe(
      [
        "email,sentAt,deliveredAt,openedAt,clickedAt",
        `ann@example.com,${time},${time},${time},${time}`,
        `bob@example.com,${time},,,`,
        `eve@example.com,${time},,,`,
        "",
      ].join("\r\n"),
    );
  });

  it("asks a Partner App for read_newsletter_email", async () => {
    const { jobs } = await engine({ kinds: [newsletterEmails({ emails: () => [] })] });
    const refused = jobs.as(mailer).create("newsletter-emails", { newsletterId });
    await expect(refused).rejects.toMatchObject({ code: "FORBIDDEN", scope: "read_newsletter_email" });
  });
});

it("knows which rows it can take", () => {
  newsletterEmails({
    emails: () => [{ email: "a@example.com", sentAt, subject: "Hi" }],
    columns: ["subject", "email"],
  });
  // @ts-expect-error a number could be anything
  newsletterEmails({ emails: () => [{ email: "a@example.com", sentAt: 1 }] });
  // @ts-expect-error rows have no subject
  newsletterEmails({ emails: () => [{ email: "a@example.com" }], columns: ["subject"] });
});
