import { describe, expect, it } from "vitest";
import { BadArguments, parseArguments } from "../../bin/arguments.js";

const FROM = "sqlite:jobs.db";
const TO = "postgres://app:secret@db.example.com/app";

function parse(line: string) {
  return parseArguments(line.split(" ").filter((word) => word !== ""));
}

describe("the arguments of the command", () => {
  it("say from where to where jobs are copied", () => {
    expect(parse(`copy ${FROM} ${TO}`)).toEqual({
      type: "copy",
      from: { type: "sqlite", path: "jobs.db" },
      to: { type: "postgres", url: TO },
      force: false,
    });
  });

  it("say what else is wanted", () => {
    const order = parse(
      `--force copy ${FROM} ${TO} --results-from folder:results --results-to s3://exports/async-jobs ` +
        "--table-prefix jobs_ --schema jobs",
    );
    expect(order).toMatchObject({
      results: {
        from: { type: "folder", path: "results" },
        to: { type: "s3", bucket: "exports", prefix: "async-jobs/" },
      },
      ...{ force: true, tablePrefix: "jobs_", schema: "jobs" },
    });
  });

  it.each([
    ["s3://exports", { type: "s3", bucket: "exports", prefix: "" }],
    ["s3://exports/", { type: "s3", bucket: "exports", prefix: "" }],
    ["s3://exports/a/b/", { type: "s3", bucket: "exports", prefix: "a/b/" }],
    ["sqlite:/var/lib/results.db", { type: "sqlite", path: "/var/lib/results.db" }],
    ["postgresql://localhost/app", { type: "postgres", url: "postgresql://localhost/app" }],
  ])("take %s for a place of result files", (place, expected) => {
    expect(parse(`copy ${FROM} ${TO} --results-from folder:results --results-to ${place}`)).toMatchObject({
      results: { to: expected },
    });
  });

  it("may ask for help or the version alone", () => {
    expect([parse("--help"), parse("--version")]).toEqual([{ type: "help" }, { type: "version" }]);
  });

  it.each([
    ["", "Say what to do"],
    [`move ${FROM} ${TO}`, 'There is no command "move"'],
    [`copy ${FROM}`, "copy takes two places; it was given 1."],
    [`copy ${FROM} ${TO} more`, "copy takes two places; it was given 3."],
    [`copy ${TO} ${TO}`, "The first place must be sqlite:FILE"],
    [`copy ${FROM} ${FROM}`, "The second place must be postgres://…"],
    [`copy jobs.db ${TO}`, 'not as "jobs.db"'],
    [`copy sqlite: ${TO}`, 'not as "sqlite:"'],
    [`copy ${FROM} mysql://localhost`, "A place is written as"],
    [`copy ${FROM} ${TO} --results-from folder:a`, "Give both --results-from and --results-to"],
    [`copy ${FROM} ${TO} --fast`, "--fast"],
  ])("%j are refused, with what is wrong", (line, message) => {
    expect(() => parse(line)).toThrow(BadArguments);
    expect(() => parse(line)).toThrow(message);
  });

  it("are refused without showing a password", () => {
    expect(() => parse(`copy ${TO} ${TO}`)).toThrow('"postgres://app:…@db.example.com/app"');
  });
});
