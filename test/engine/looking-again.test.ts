import { expect, it } from "vitest";
import { createAsyncJobs, defineKind } from "../../src/index.js";
import { blueBottle, describeEachStore } from "./engine.js";
import { storeWith } from "./store-with.js";

describeEachStore("a runner whose store has something due and cannot give it", (engine) => {
  it("looks again at once, then ever less often, until it has got it", async () => {
    const { store, clock } = await engine({ kinds: [] });
    const work = defineKind("work", { run: () => "done" });
    let looks = 0;
    // As while another process holds the locks of what is due.
    let isLocked = true;
    const jobs = createAsyncJobs({
      ...{ publicUrl: "https://app.example.com", log: () => {}, clock, kinds: [work] },
      store: storeWith(store, {
        async claim(request) {
          looks += 1;
          return isLocked ? { claimed: [], rescued: [], nextDueAt: request.now - 1 } : store.claim(request);
        },
        onWork: () => () => {},
      }),
    });
    const { id } = await jobs.as(blueBottle).create("work", null);
    await jobs.start();
    await clock.advance(0);
    expect(looks).toBe(2);
    for (const wait of [50, 100, 200, 400, 800, 1000, 1000]) {
      const before = looks;
      await clock.advance(wait - 1);
      expect(looks).toBe(before);
      await clock.advance(1);
      expect(looks).toBe(before + 1);
    }
    isLocked = false;
    const done = new Promise((resolve) => jobs.on("job:done", resolve));
    await clock.advance(1000);
    await done;
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done" });

    await clock.advance(0);
    isLocked = true;
    const before = looks;
    await clock.advance(30_000 - 1);
    expect(looks).toBe(before);
    await clock.advance(1);
    expect(looks).toBe(before + 2);
    isLocked = false;
    await jobs.stop();
  });
});
