import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const variable = "COUNTERSIGN_TEST_CHROMIUM";
/** Where Debian and Ubuntu have it. */
const byDefault = "/usr/bin/chromium";

/** The browser that the tests use, null where there is none. */
export function chromiumPath(): string | null {
  const path = process.env[variable] || byDefault;
  return existsSync(path) ? path : null;
}

/** What is said where there is none. */
export function missingChromium(): string {
  const shown = process.env[variable] ? `what ${variable} names` : byDefault;
  return `Nothing was tested in a browser: ${shown} is not there. Install Debian's package chromium, or name another in ${variable}.`;
}

/** A browser of its own, which asks nobody but the servers of the test for anything. */
export async function openChromium() {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error(missingChromium());
  const quiet = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  // Chromium's own sandbox cannot be set up as root; the pages are ours.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", ...quiet] });
}
