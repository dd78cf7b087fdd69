import { expect, it } from "vitest";
import { handClock } from "../../src/testing/index.js";

it("tells whole milliseconds at each timer, since PostgreSQL takes no others", async () => {
  const clock = handClock(0);
  const seen: number[] = [];
  clock.setTimer(10_000 / 3, () => seen.push(clock.now()));
  clock.setTimer(1, () => seen.push(clock.now()));
  await clock.advance(5000);
  expect(seen).toEqual([1, 3334]);
  expect(clock.now()).toBe(5000);
});
