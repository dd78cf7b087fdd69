import { describe, expect, inject, it } from "vitest";
import { ALL_MISTAKES } from "./careless-store.js";
import type { Child } from "./child.js";
import { useChildren } from "./children.js";
import type { HistoryMessage, HistorySettings } from "./history.child.js";
import { historiesOf } from "./history.js";
import { jobModel } from "./job-model.js";
import { isLinearizable } from "./linearizable.js";
import { databaseIn, keepInPostgres, type Place } from "./place.js";

const IDS = Array.from({ length: 40 }, (_, number) => `job-${number}`);

describe.each(["SQLite", "PostgreSQL"])(
  "what several processes do to the same jobs at once in %s",
  (database) => {
    const children = useChildren();

    async function newPlace(): Promise<Place> {
      const folder = await children.folder();
      if (database === "PostgreSQL") keepInPostgres(folder, inject("postgresUrl"));
      return databaseIn(folder);
    }

    function startSome(settings: Omit<HistorySettings, "ids">): readonly Child<HistoryMessage>[] {
      const one = (): Child<HistoryMessage> =>
        children.start("processes/history.child", { ...settings, ids: IDS });
      return [one(), one()];
    }

    it("could have been done by one after another: every answer fits into one order", async () => {
      const place = await newPlace();
      const killed = startSome({ place, rounds: Number.MAX_SAFE_INTEGER });
      const others = startSome({ place, rounds: 150 });
      for (const child of killed) {
        await child.hears("begin", ({ number }) => number === 100);
        child.kill("SIGKILL");
      }
      const ends = await Promise.all([...killed, ...others].map(({ ended }) => ended));
      expect(ends.map(({ signal }) => signal)).toEqual(["SIGKILL", "SIGKILL", null, null]);
      const histories = historiesOf(IDS, [...killed, ...others]);
      const calls = [...histories.values()].flat();
      for (const call of ["insert", "claim", "renew", "settle", "cancel", "find"]) {
        expect(calls.some((made) => made.call === call)).toBe(true);
      }
      for (const [id, history] of histories) {
        expect(isLinearizable(history, jobModel), `${id}: ${JSON.stringify(history)}`).toBe(true);
      }
    });

    it.each(ALL_MISTAKES)("would give away a store that %s", async (mistake) => {
      const place = await newPlace();
      const processes = startSome({ place, rounds: 150, mistake });
      await Promise.all(processes.map(({ ended }) => ended));
      const histories = historiesOf(IDS, processes);
      expect([...histories.values()].every((history) => isLinearizable(history, jobModel))).toBe(false);
    });
  },
);
