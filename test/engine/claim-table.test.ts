import { describe, expect, it } from "vitest";
import { ClaimTable } from "../../src/claim-table.js";

const claim = {
  id: "65a1b2c3d4e5f6a7b8c9d0e1",
  fence: 7,
  leaseUntil: 1_800_000_000_000,
  deadline: 1_800_000_060_000,
};

describe("the table of held claims", () => {
  it("shows another view of its memory what was written, renewed and freed", () => {
    const memory = ClaimTable.memoryFor(3);
    const table = new ClaimTable(memory);
    const seen = new ClaimTable(memory);
    expect(seen.read()).toEqual([]);
    const longest = { ...claim, id: "x".repeat(64), fence: Number.MAX_SAFE_INTEGER };
    table.write(0, longest);
    table.write(2, claim);
    expect(seen.read()).toEqual([longest, claim]);
    table.renew(2, claim.leaseUntil + 1);
    table.free(0);
    expect(seen.read()).toEqual([{ ...claim, leaseUntil: claim.leaseUntil + 1 }]);
  });

  it("shows nothing of what was in a slot before", () => {
    const table = new ClaimTable(ClaimTable.memoryFor(1));
    table.write(0, { ...claim, id: "y".repeat(64) });
    table.write(0, { ...claim, id: "z" });
    expect(table.read()).toEqual([{ ...claim, id: "z" }]);
  });
});
