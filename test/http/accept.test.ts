import { expect, it } from "vitest";
import { accepts } from "../../src/http/accept.js";

it.each([
  undefined,
  "",
  " ",
  "*/*",
  "application/json",
  "APPLICATION/JSON",
  "application/*",
  "application/json; charset=utf-8",
  "text/html, application/json;q=0.001",
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "*/*;q=0, application/json",
  "application/*;q=0, application/json;q=0.5",
  ", ,application/json,",
])("JSON is taken by Accept: %s", (accept) => {
  expect(accepts(accept, "application/json")).toBe(true);
});

it.each([
  "text/html",
  "text/*",
  "application/xml",
  "application/jsonp",
  "application/vnd.api+json",
  "application/json;q=0",
  "application/json; Q=0.000",
  "application/json;q=nonsense",
  "*/*;q=0",
  "*/*, application/json;q=0",
  "application/*;q=0, */*",
  "json",
  "*",
])("JSON is refused by Accept: %s", (accept) => {
  expect(accepts(accept, "application/json")).toBe(false);
});
