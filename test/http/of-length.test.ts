import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import { ofLength } from "../../src/http/of-length.js";

const chunks = [Buffer.from("one "), "twö ", Buffer.alloc(100_000, "3")];
const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));

it("passes a file of the right length on as it is", async () => {
  expect(await buffer(ofLength(Readable.from(chunks), whole.length))).toEqual(whole);
  expect(await buffer(ofLength(Readable.from([]), 0))).toHaveLength(0);
});

it.each([1, -1])("fails when the file differs by %i byte", async (difference) => {
  const checked = buffer(ofLength(Readable.from(chunks), whole.length + difference));
  await expect(checked).rejects.toMatchObject({ code: "RESULT_STORE" });
});

it("fails as the file fails", async () => {
  const failing = new Readable({
    read() {
      this.destroy(new Error("The disk is on fire."));
    },
  });
  await expect(buffer(ofLength(failing, 1))).rejects.toThrow("The disk is on fire.");
});

it("lets go of the file when nobody wants it any more", async () => {
  const file = Readable.from(chunks);
  const closed = new Promise((resolve) => file.on("close", resolve));
  ofLength(file, whole.length).destroy();
  await closed;
  expect(file.destroyed).toBe(true);
});
