import fc from "fast-check";
import { expect, it } from "vitest";
import { EventParser } from "../../src/client/event-parser.js";

const STREAM = [
  ": a comment\n\n",
  'event: job\nid: 1\ndata: {"name":"josé"}\n\n',
  "data: two\ndata: lines\n\n",
  "event: nothing to tell\n\n",
  "event:progress\r\nid:2\r\ndata:💥\r\n\r\n",
  "retry: 10\nunknown: field\ndata\rdata: x\r\r",
  "id: no\0ID\ndata: y\n\n",
].join("");
const EVENTS = [
  { type: "job", id: "1", data: '{"name":"josé"}' },
  { type: "message", id: "1", data: "two\nlines" },
  { type: "progress", id: "2", data: "💥" },
  { type: "message", id: "2", data: "\nx" },
  { type: "message", id: "2", data: "y" },
];

it("reads events the same wherever their bytes are cut apart", () => {
  const bytes = new TextEncoder().encode(STREAM);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
      const places = [0, ...cuts.sort((one, other) => one - other), bytes.length];
      const parser = new EventParser();
      const events = places.flatMap((from, index) => parser.push(bytes.subarray(from, places[index + 1])));
      expect(events).toEqual(EVENTS);
    }),
  );
});
