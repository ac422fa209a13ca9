import { expect, test } from "vitest";
import {
  backlog,
  claimMark,
  finishMark,
  putMarks,
  releaseMark,
  renewMark,
  retryMark,
} from "../../src/store/marks.ts";
import type { ClaimedMark } from "../../src/store/marks.ts";
import type { Queryable } from "../../src/store/store.ts";
import { freshStore } from "./fresh-store.ts";

const mark = { target: "pull:acme/app:1", installation: 7, priority: 2 };

/** Claims at `now`, for 100 ms; fails when there is nothing to claim. */
async function claim(store: Queryable, now: number, worker = "w"): Promise<ClaimedMark> {
  const claimed = await claimMark(store, { worker, now, leaseMs: 100 });
  if (claimed === null) throw new Error(`nothing to claim at ${now}`);
  return claimed;
}

const nothingAt = (store: Queryable, now: number) => claimMark(store, { worker: "w", now, leaseMs: 100 });

test("marks of one target are one mark", async () => {
  const store = await freshStore();
  await putMarks(store, [mark, mark], 1_000);
  await putMarks(store, [mark], 1_001);
  expect(await store.db.selectFrom("marks").selectAll().execute()).toEqual([
    {
      target: mark.target,
      installation: 7,
      scope: "7 acme/app",
      generation: 3,
      priority: 2,
      due_at: 1_000,
      attempts: 0,
      rewrite: 0,
      lease_by: null,
      lease_until: 0,
      error: null,
    },
  ]);
});

test("no marks are no work", async () => {
  const store = await freshStore();
  await putMarks(store, [], 1_000);
  expect(await backlog(store, 1_000)).toEqual({ count: 0, oldestAgeMs: 0, failing: [] });
});

test("the stronger priority and the earlier time win, in either order, and a rewrite stays asked for", async () => {
  const store = await freshStore();
  const weak = { ...mark, priority: 5, dueAt: 900 };
  const strong = { ...mark, priority: 1, dueAt: 1_500, rewrite: true };
  await putMarks(store, [weak, strong], 1_000);
  await putMarks(
    store,
    [strong, weak].map((one) => ({ ...one, target: "pull:acme/app:2" })),
    1_000,
  );
  const won = { installation: 7, generation: 2, priority: 1, dueAt: 900, attempts: 0, rewrite: true };
  const lease = { worker: "w", died: false };
  expect([await claim(store, 1_000), await claim(store, 1_000)]).toEqual(
    expect.arrayContaining([
      { target: "pull:acme/app:1", ...won, ...lease },
      { target: "pull:acme/app:2", ...won, ...lease },
    ]),
  );
});

test("marks are claimed by priority, then by how long they have been due", async () => {
  const store = await freshStore();
  await putMarks(
    store,
    [
      { ...mark, target: "sweep", priority: 9, dueAt: 1 },
      { ...mark, target: "newer", priority: 1, dueAt: 20 },
      { ...mark, target: "older", priority: 1, dueAt: 10 },
    ],
    100,
  );
  const order = [await claim(store, 100), await claim(store, 100), await claim(store, 100)];
  expect(order.map(({ target }) => target)).toEqual(["older", "newer", "sweep"]);
});

test("a mark is not claimed before it is due", async () => {
  const store = await freshStore();
  await putMarks(store, [{ ...mark, dueAt: 2_000 }], 1_000);
  expect([await nothingAt(store, 1_999), (await claim(store, 2_000)).target]).toEqual([null, mark.target]);
});

test("a finished mark is gone", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  await finishMark(store, await claim(store, 1_000));
  expect([await backlog(store, 1_000), await nothingAt(store, 9_999)]).toEqual([
    { count: 0, oldestAgeMs: 0, failing: [] },
    null,
  ]);
});

test("a mark put during a look leads to one more look, and only one", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  const first = await claim(store, 1_000);
  await putMarks(store, [mark, mark], 1_010);
  const whileItRuns = await nothingAt(store, 1_020);
  await finishMark(store, first);
  const second = await claim(store, 1_020);
  await finishMark(store, second);
  expect([whileItRuns, second.generation, await nothingAt(store, 9_999)]).toEqual([null, 3, null]);
});

test("two handles on one file never hand out the same mark", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const targets = Array.from({ length: 40 }, (_, index) => `pull:acme/app:${index}`);
  await putMarks(
    store,
    targets.map((target) => ({ ...mark, target })),
    1_000,
  );
  const claims = await Promise.all(
    targets.map((_, index) => claim(index % 2 === 0 ? store : other, 1_000, `w${index % 2}`)),
  );
  expect(claims.map(({ target }) => target).toSorted()).toEqual(targets.toSorted());
  expect(await nothingAt(store, 1_000)).toBeNull();
});

test("a lease that runs out frees the mark, counting the look that died as an attempt", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  await putMarks(store, [mark], 1_000);
  const dead = await claim(store, 1_000, "dead");
  const early = await claimMark(other, { worker: "heir", now: 1_099, leaseMs: 100 });
  const taken = await claim(other, 1_100, "heir");
  expect([early, taken]).toEqual([null, { ...dead, attempts: 1, died: true, worker: "heir" }]);
});

test("a look that died is in the backlog, and one that failed or ended well after it is none that died", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  const first = await claim(store, 1_000);
  const second = await claim(store, 1_100);
  const { failing } = await backlog(store, 1_100);
  await retryMark(store, second, { dueAt: 1_200, error: "502 from GitHub" });
  const third = await claim(store, 1_200);
  expect([first.died, second.died, failing, third.died]).toEqual([
    false,
    true,
    [{ target: mark.target, attempts: 1, error: "The server ended while it looked at this." }],
    false,
  ]);
});

test("a mark whose lease is renewed is not claimed by anybody else", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  const claimed = await claim(store, 1_000, "slow");
  await renewMark(store, claimed, { now: 1_090, leaseMs: 100 });
  const during = await nothingAt(store, 1_189);
  await finishMark(store, claimed);
  expect([during, (await backlog(store, 1_189)).count]).toEqual([null, 0]);
});

test("who has lost the lease changes nothing any more", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  const lost = await claim(store, 1_000, "lost");
  await claim(store, 1_100, "heir");
  const before = await store.db.selectFrom("marks").selectAll().execute();
  await renewMark(store, lost, { now: 1_110, leaseMs: 100 });
  await finishMark(store, lost);
  await retryMark(store, lost, { dueAt: 5_000, error: "late" });
  await releaseMark(store, lost, 5_000);
  expect(await store.db.selectFrom("marks").selectAll().execute()).toEqual(before);
});

test("a look that failed is tried again at its time, with the attempt counted", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  await retryMark(store, await claim(store, 1_000), { dueAt: 3_000, error: "502 from GitHub" });
  expect([await nothingAt(store, 2_999), await backlog(store, 2_999)]).toEqual([
    null,
    {
      count: 1,
      oldestAgeMs: 0,
      failing: [{ target: mark.target, attempts: 1, error: "502 from GitHub" }],
    },
  ]);
  expect((await claim(store, 3_000)).attempts).toBe(1);
});

test("a mark that is backing off is due at once when it is put again, and counts on", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  await retryMark(store, await claim(store, 1_000), { dueAt: 60_000, error: "502 from GitHub" });
  await putMarks(store, [mark], 2_000);
  const { dueAt, attempts } = await claim(store, 2_000);
  expect({ dueAt, attempts }).toEqual({ dueAt: 2_000, attempts: 1 });
});

test("a look that failed while its mark was put again is tried again at once, with the attempt counted", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  const claimed = await claim(store, 1_000);
  await putMarks(store, [mark], 1_010);
  await retryMark(store, claimed, { dueAt: 60_000, error: "502 from GitHub" });
  expect((await claim(store, 1_020)).attempts).toBe(1);
});

test("an error is shown until a look succeeds", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  await retryMark(store, await claim(store, 1_000), { dueAt: 1_000, error: "502 from GitHub" });
  await putMarks(store, [mark], 1_001);
  const failing = [{ target: mark.target, attempts: 1, error: "502 from GitHub" }];
  expect((await backlog(store, 1_001)).failing).toEqual(failing);
  const claimed = await claim(store, 1_001);
  await putMarks(store, [mark], 1_002);
  await finishMark(store, claimed);
  expect(await backlog(store, 1_002)).toEqual({ count: 1, oldestAgeMs: 2, failing: [] });
  expect((await claim(store, 1_002)).attempts).toBe(0);
});

test("a mark that is handed back is due at its time and counts no attempt", async () => {
  const store = await freshStore();
  await putMarks(store, [mark], 1_000);
  await releaseMark(store, await claim(store, 1_000), 1_500);
  expect([await nothingAt(store, 1_499), (await claim(store, 1_500)).attempts]).toEqual([null, 0]);
});

test("the backlog shows the twenty that failed most often and the age of the one longest due", async () => {
  const store = await freshStore();
  const targets = Array.from({ length: 25 }, (_, index) => `pull:acme/app:${index}`);
  await putMarks(
    store,
    targets.map((target) => ({ ...mark, target })),
    1_000,
  );
  for (const _ of targets) {
    await retryMark(store, await claim(store, 1_000), { dueAt: 2_000, error: "no" });
  }
  await retryMark(store, await claim(store, 2_000), { dueAt: 3_000, error: "worse" });
  const { count, oldestAgeMs, failing } = await backlog(store, 5_000);
  expect([count, oldestAgeMs, failing.length, failing[0]?.error, failing[0]?.attempts]).toEqual([
    25,
    3_000,
    20,
    "worse",
    2,
  ]);
});
