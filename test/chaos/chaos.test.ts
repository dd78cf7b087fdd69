import { describe, expect, inject, it } from "vitest";
import { compiled, useChildren } from "../processes/children.js";
import { keepInPostgres } from "../processes/place.js";
import { chaos } from "./chaos.js";

const KILLS = 10;

/** `npm run chaos` goes on for as long as it is told. */
describe.each(["SQLite", "PostgreSQL"])(
  "four workers of which one is killed again and again, on %s",
  (database) => {
    const children = useChildren();

    it("lose no job and end none twice, and clients see nothing of it", { timeout: 120_000 }, async () => {
      const folder = await children.folder();
      if (database === "PostgreSQL") keepInPostgres(folder, inject("postgresUrl"));
      // A slow machine needs more kills until there are more jobs than that.
      const goesOn = (kills: number, jobs: number) => kills < KILLS || jobs <= KILLS;
      const report = await chaos(compiled, folder, goesOn);
      expect(report).toMatchObject({ outcomesLost: 0, outcomesTwice: 0, problems: [] });
    });
  },
);
