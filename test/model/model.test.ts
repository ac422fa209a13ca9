import { gzip } from "node:zlib";
import { expect, test, vi } from "vitest";
import { play, type Step } from "./play.ts";
import { opening, playMany } from "./property.ts";

/** Few, because all tests together have two minutes; `npm run model` plays 500. */
const sequences = 20;
/** A sequence that fails is played again and again, ever shorter; and what the machine does besides is no failure. */
vi.setConfig({ testTimeout: 600_000 });

test("after random events in any order the checks say what the specification says", async () => {
  expect((await playMany({ sequences })).get("sequences")).toBe(sequences);
});

test("a sequence leaves the timers as they were: other tests run in the same process", async () => {
  const before = [globalThis.setInterval, globalThis.setTimeout, gzip];
  await play([opening]);
  expect([globalThis.setInterval, globalThis.setTimeout, gzip]).toEqual(before);
});

/** Sequences after which a check was wrong once. */
const step = (what: Step["what"], a = 0, b = 0, c = 0): Step => ({ what, a, b, c });

test("an override that was written before the check was published does not count", async () => {
  const steps = [opening, step("deliver-all"), step("answer"), step("override", 0, 2), step("deliver-all")];
  expect(await play(steps)).toMatchObject({ kinds: ["waiting"] });
});

test("what was approved on a pull request that is closed does not count on another with the same head", async () => {
  const approved = [opening, step("review", 0, 0), step("close"), step("open", 0, 0), step("quiet")];
  // Somebody does something on the closed one, so that it is looked at last.
  expect(await play([...approved, step("label", 0, 0, 1), step("quiet")])).toMatchObject({
    kinds: ["waiting"],
  });
});

test("a commit that two pull requests leave at once is not judged by what the first of them said alone", async () => {
  const approvedForMain = [
    opening,
    step("open", 0, 0, 1),
    step("review"),
    step("deliver-all"),
    step("answer"),
  ];
  // The other one waits for an approval for its own base; it is read after both have moved.
  const moved = [step("push"), step("deliver-all"), step("answer-all")];
  expect(await play([...approvedForMain, ...moved])).toMatchObject({ kinds: ["waiting"] });
});

test("who pushed to the branch that another was made from is known though a newer push is not", async () => {
  const copied = [opening, step("push", 0, 2, 6), step("quiet"), step("copy"), step("quiet")];
  // Of juno's push only `synchronize` comes in; grace had pushed juno's commit, and approves.
  const pushed = [step("push", 1, 0, 6), step("drop"), step("review", 1, 0), step("quiet")];
  expect(await play([...copied, ...pushed])).toMatchObject({ kinds: ["waiting", "waiting"] });
});

test("evidence of an earlier pull request counts on a later one that was looked at before it", async () => {
  const copied = [opening, step("rewrite"), step("close"), step("copy")];
  // First juno's AI commit comes in, then the new branch, and only later that its head had replaced the commit: until the first
  // pull request is read, nothing shows that the second has anything to do with it.
  const late = [step("deliver"), step("deliver", 4), step("review", 0, 8, 1), step("quiet")];
  expect(await play([...copied, ...late])).toMatchObject({ kinds: ["waiting"] });
});

test("evidence in a commit that was replaced before any look counts", async () => {
  const steps = [step("branch"), step("push", 0, 0, 6), step("amend", 0, 0), step("quiet")];
  expect(await play(steps)).toMatchObject({ kinds: ["waiting"], exact: 1 });
});

test("an override is judged by the roster that the look has read", async () => {
  const moved = [opening, step("copy"), step("quiet"), step("rewrite"), step("deliver"), step("answer")];
  const late = [step("roster", 6), step("deliver-all"), step("override", 3, 4), step("quiet")];
  expect(await play([...moved, ...late])).toMatchObject({ kinds: expect.arrayContaining(["waiting"]) });
});

test("who wrote nothing but what landed on another gated branch may approve", async () => {
  const steps = [
    step("advance", 0),
    step("branch", 0, 1, 1),
    step("quiet"),
    step("review", 0, 2),
    step("quiet"),
  ];
  expect(await play(steps)).toMatchObject({ kinds: ["countersigned"] });
});

test("what a head showed before the first look counts, though another pull request that had it was cleared", async () => {
  const first = [opening, step("amend"), step("quiet"), step("override", 0, 3)];
  // The second one is opened with the AI commit, which is replaced again at once.
  const second = [step("rewind"), step("retarget", 0, 1), step("open"), step("rewind", 0, 0, 1)];
  const steps = [...first, ...second, step("merge"), step("quiet")];
  expect(await play(steps)).toMatchObject({ kinds: ["waiting"], merged: 1 });
});

test("what was merged past the check passes nothing on to the next pull request of its branch", async () => {
  const amended = [opening, step("quiet"), step("amend"), step("quiet"), step("merge"), step("quiet")];
  const again = [step("reuse", 0, 1), step("quiet")];
  expect(await play([...amended, ...again])).toMatchObject({ kinds: ["not-needed"], merged: 1, cleared: 0 });
});

test("what was taken out of a pull request before its merge waits when it comes back", async () => {
  const taken = [opening, step("quiet"), step("amend"), step("quiet"), step("rewrite"), step("quiet")];
  const again = [step("merge"), step("quiet"), step("rewind", 0, 0, 1), step("open"), step("quiet")];
  expect(await play([...taken, ...again])).toMatchObject({ kinds: ["waiting"], merged: 1, cleared: 0 });
});

test("a label on what was merged where nobody looks still counts for a gated branch", async () => {
  const labelled = [
    step("branch", 0, 4),
    step("label", 0, 0, 1),
    step("quiet"),
    step("merge"),
    step("quiet"),
  ];
  const again = [step("open"), step("quiet")];
  expect(await play([...labelled, ...again])).toMatchObject({ kinds: ["waiting"], merged: 1, cleared: 0 });
});

test("what was countersigned and merged needs nobody on its way to another branch", async () => {
  const approved = [
    opening,
    step("quiet"),
    step("review"),
    step("quiet"),
    step("merge", 0, 2),
    step("quiet"),
  ];
  const carried = [step("carry", 0, 2, 1), step("quiet")];
  expect(await play([...approved, ...carried])).toMatchObject({
    kinds: ["not-needed"],
    merged: 1,
    cleared: 1,
  });
});

test("what was merged past the check waits on its way to another branch", async () => {
  const carried = [
    opening,
    step("quiet"),
    step("merge"),
    step("quiet"),
    step("carry", 0, 2, 1),
    step("quiet"),
  ];
  expect(await play(carried)).toMatchObject({ kinds: ["waiting"], merged: 1, cleared: 0 });
});
