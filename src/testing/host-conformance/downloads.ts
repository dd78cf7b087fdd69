import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { callers } from "./callers.js";
import { begin, openSocket } from "./exchange.js";
import { chunkAnd, closeOf } from "./file-streams.js";
import type { HostCases, Stage } from "./stage.js";
import { PICTURE_BYTES } from "./stage-kinds.js";

/** Downloads a picture whose file is not what it should be: the caller must notice, and the operator be told. */
async function requireBroken(stage: Stage, open: () => Readable, told: RegExp): Promise<void> {
  const id = await stage.run("picture");
  stage.replaceFiles(open);
  const outcome = await stage.ask(`/async-jobs/${id}.png`).catch(() => "broken off" as const);
  // Some frameworks look at a file's first bytes before they answer.
  if (outcome !== "broken off") assert.deepEqual([outcome.status, told.test(outcome.body)], [500, false]);
  assert.deepEqual(
    stage.operatorErrors.map(({ during }) => during),
    ["a download"],
  );
  assert.match(String(stage.operatorErrors[0]?.error), told);
  assert.equal(stage.opened.at(-1)?.destroyed, true);
  assert.equal((await stage.ask(`/api/v1/async-jobs/${id}`)).status, 200);
}

/** Downloads that do not come to their end. */
export const downloads: HostCases = {
  "lets go of the file when the caller hangs up, and bothers nobody": async (stage) => {
    const id = await stage.run("picture");
    const file = chunkAnd();
    stage.replaceFiles(() => file);
    const path = `${stage.mount}/async-jobs/${id}.png`;
    const { response } = await begin(stage.origin, path, { headers: callers.blueBottle });
    await once(response, "data");
    response.destroy();
    await closeOf(file);
    assert.deepEqual(stage.operatorErrors, []);
    assert.equal((await stage.ask(`/api/v1/async-jobs/${id}`)).status, 200);
  },

  "lets go of the file when the caller hung up before it was opened": async (stage) => {
    const id = await stage.run("picture");
    const file = chunkAnd();
    const socket = openSocket(
      stage.origin,
      `GET ${stage.mount}/async-jobs/${id}.png HTTP/1.1\r\nHost: x\r\nX-ApiKey: blue-bottle\r\n\r\n`,
    );
    stage.replaceFiles(async () => {
      socket.destroy();
      // The host learns of it while it waits, or later: it is all the same.
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
      return file;
    });
    await closeOf(file);
    assert.deepEqual(stage.operatorErrors, []);
  },

  "breaks off when the file fails on the way": (stage) =>
    requireBroken(
      stage,
      () => chunkAnd((stream) => stream.destroy(new Error("The disk is on fire."))),
      /The disk is on fire/,
    ),

  "breaks off when the file fails before its first byte": (stage) =>
    requireBroken(
      stage,
      () =>
        new Readable({
          read() {
            this.destroy(new Error("The disk is on fire."));
          },
        }),
      /The disk is on fire/,
    ),

  "breaks off when the file ends too early, so that nobody takes a part for the whole": (stage) =>
    requireBroken(
      stage,
      () => chunkAnd((stream) => stream.push(null)),
      /should hold 1000000 bytes and holds only 65536/,
    ),

  "breaks off when the file goes on beyond its length": (stage) =>
    requireBroken(
      stage,
      () => Readable.from([Buffer.alloc(PICTURE_BYTES + 1)]),
      /should hold 1000000 bytes and holds more/,
    ),
};
