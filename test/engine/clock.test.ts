import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/index.js";

const DAY_MS = 86_400_000;

describe("the clock on the wall", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("waits for longer than Node's timers can", () => {
    const fire = vi.fn();
    systemClock.setTimer(60 * DAY_MS, fire);
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledOnce();
  });

  it("calls off a timer that has waited for longer than Node's can", () => {
    const fire = vi.fn();
    const timer = systemClock.setTimer(60 * DAY_MS, fire);
    vi.advanceTimersByTime(30 * DAY_MS);
    timer.cancel();
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(fire).not.toHaveBeenCalled();
  });
});
