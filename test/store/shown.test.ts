import { expect, test } from "vitest";
import { rememberShown, type Shown, shownHead } from "../../src/store/shown.ts";
import { freshStore } from "./fresh-store.ts";

const [first, second] = ["1".repeat(40), "2".repeat(40)] as const;
const shown: Shown = { repo: "acme/shop", number: 12, sha: first, passing: false, at: 1_000 };

/** What #12 showed at 5,000, after all this was published one after the other. */
async function shownAfter(...published: readonly Partial<Shown>[]): Promise<string | null> {
  const store = await freshStore();
  for (const one of published) await rememberShown(store, { ...shown, ...one });
  return shownHead(store, "acme/shop", 12, 5_000);
}

test("a pull request shows the head that was published last before the time", async () => {
  expect(await shownAfter({}, { sha: second, at: 5_000 })).toBe(second);
  expect(await shownAfter({}, { sha: second, at: 5_001 })).toBe(first);
  expect(await shownAfter({ at: 5_001 })).toBeNull();
  expect(await shownAfter()).toBeNull();
});

test("a head that is shown again counts from then on", async () => {
  expect(await shownAfter({}, { sha: second, at: 2_000 }, { at: 3_000 })).toBe(first);
  expect(await shownAfter({}, { sha: second, at: 2_000 }, { at: 6_000 })).toBe(second);
});

test("a check run that is published again as it was stands there since the first time", async () => {
  expect(await shownAfter({ at: 4_000 }, { at: 6_000 })).toBe(first);
});

test("one whose time is not known well does not come after those that followed it", async () => {
  expect(await shownAfter({ at: 4_500 }, { sha: second, at: 4_000 })).toBe(second);
});

test("a check run that passes gives nothing to override, until it passes no more", async () => {
  expect(await shownAfter({}, { passing: true, at: 2_000 })).toBeNull();
  expect(await shownAfter({}, { passing: true, at: 2_000 }, { at: 3_000 })).toBe(first);
});

test("another pull request or repository shows nothing here", async () => {
  expect(await shownAfter({ number: 13 }, { repo: "acme/app" })).toBeNull();
});
