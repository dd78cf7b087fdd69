import { afterEach } from "vitest";
import { endTest } from "./after-test.js";

// Run before every file: a module that many files share could say so for the first of them alone.
afterEach(endTest);
