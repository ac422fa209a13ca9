import { test } from "vitest";
import { missingChromium } from "./chromium.ts";

// Run in place of all browser tests where there is no Chromium: `npm run test:browser` says so and passes, `.ci/run` fails on it.
test("the pages in a browser", ({ skip }) => {
  process.stderr.write(`${missingChromium()}\n`);
  skip(missingChromium());
});
