import { expect, test } from "vitest";
import { hintPulls } from "../../src/store/pulls.ts";
import {
  notYet,
  passingLeft,
  rememberShown,
  rememberTakenBack,
  type Shown,
  shownHead,
} from "../../src/store/shown.ts";
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

/** Whether #12, at a third commit by now, left something that passes on the first, after this was published. */
async function leftAfter(
  published: readonly Partial<Shown>[],
  ...pulls: readonly Partial<Parameters<typeof hintPulls>[1][number]>[]
): Promise<boolean> {
  const store = await freshStore();
  const pull = { repo: "acme/shop", number: 12, installation: 7, headSha: "3".repeat(40), base: "main" };
  const open = { ...pull, open: true, merged: false };
  await hintPulls(store, [open, ...pulls.map((one) => ({ ...open, ...one }))]);
  for (const one of published) await rememberShown(store, { ...shown, ...one });
  const left = await passingLeft(store, "acme/shop", 12);
  await rememberTakenBack(store, { repo: "acme/shop", number: 12, sha: first });
  expect(await passingLeft(store, "acme/shop", 12)).not.toContain(first);
  return left.includes(first);
}

test("a head that was left passes while the last that was published on it lets pass", async () => {
  expect(await leftAfter([{ passing: true }])).toBe(true);
  expect(await leftAfter([{ passing: "observed" }])).toBe(true);
  expect(await leftAfter([{ passing: true }, { sha: second }])).toBe(true);
  expect(await leftAfter([{ passing: true }, { passing: false }])).toBe(false);
  expect(await leftAfter([{ passing: false }, { passing: true }, { sha: second }])).toBe(true);
  expect(await leftAfter([{ number: 13, passing: true }])).toBe(false);
});

test("a head that an open or merged pull request has is not left, nor one of a pull request that is closed", async () => {
  const passed = [{ passing: true }];
  expect(await leftAfter(passed, { headSha: first })).toBe(false);
  expect(await leftAfter(passed, { number: 13, headSha: first })).toBe(false);
  expect(await leftAfter(passed, { number: 13, headSha: first, open: false, merged: true })).toBe(false);
  expect(await leftAfter(passed, { number: 13, headSha: first, open: false })).toBe(true);
  expect(await leftAfter(passed, { open: false })).toBe(false);
});

test("what is about to be written passes already where it is left, and gives nothing to override until it was written", async () => {
  expect(await leftAfter([{ passing: true, at: notYet }])).toBe(true);
  expect(await shownAfter({}, { passing: true, at: notYet })).toBe(first);
  expect(await shownAfter({}, { passing: true, at: notYet }, { passing: true, at: 5_000 })).toBeNull();
  expect(await shownAfter({ passing: "observed", at: notYet })).toBeNull();
  expect(await shownAfter({ passing: "observed", at: notYet }, { passing: "observed" })).toBe(first);
});

test("what was taken back gives nothing to override, and is shown anew by the next look at it", async () => {
  const store = await freshStore();
  for (const one of [{ passing: true }, { sha: second, at: 2_000 }])
    await rememberShown(store, { ...shown, ...one });
  await rememberTakenBack(store, { repo: "acme/shop", number: 12, sha: first });
  expect(await shownHead(store, "acme/shop", 12, 1_500)).toBeNull();
  await rememberShown(store, { ...shown, at: 3_000 });
  expect(await shownHead(store, "acme/shop", 12, 5_000)).toBe(first);
});
