import { expect, test } from "vitest";
import { leaseHead, releaseHead, renewHead } from "../../src/store/heads.ts";
import { freshStore } from "./fresh-store.ts";

const head = { repo: "acme/app", sha: "a".repeat(40) };

test("looks at a head SHA are numbered from 1", async () => {
  const store = await freshStore();
  const looks = [];
  for (const worker of ["w", "v", "w"]) {
    looks.push(await leaseHead(store, { ...head, worker, now: 1_000, leaseMs: 100 }));
    await releaseHead(store, { ...head, worker });
  }
  expect(looks).toEqual([{ look: 1 }, { look: 2 }, { look: 3 }]);
});

test("while a head SHA is held nobody else gets it, on another handle or under the same name", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  await leaseHead(store, { ...head, worker: "w", now: 1_000, leaseMs: 100 });
  expect([
    await leaseHead(other, { ...head, worker: "v", now: 1_099, leaseMs: 100 }),
    await leaseHead(store, { ...head, worker: "w", now: 1_099, leaseMs: 100 }),
  ]).toEqual([null, null]);
});

test("of many who want a head SHA at once, on two handles, one gets it", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const leases = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      leaseHead(index % 2 === 0 ? store : other, { ...head, worker: `w${index}`, now: 1_000, leaseMs: 100 }),
    ),
  );
  expect(leases.filter((lease) => lease !== null)).toEqual([{ look: 1 }]);
});

test("the same SHA in another repository, and another SHA, are held apart", async () => {
  const store = await freshStore();
  const lease = { worker: "w", now: 1_000, leaseMs: 100 };
  expect([
    await leaseHead(store, { ...head, ...lease }),
    await leaseHead(store, { ...head, ...lease, repo: "acme/fork" }),
    await leaseHead(store, { ...head, ...lease, sha: "b".repeat(40) }),
  ]).toEqual([{ look: 1 }, { look: 1 }, { look: 1 }]);
});

test("a lease that is renewed lasts from then on", async () => {
  const store = await freshStore();
  await leaseHead(store, { ...head, worker: "w", now: 1_000, leaseMs: 100 });
  const renewed = await renewHead(store, { ...head, worker: "w", now: 1_090, leaseMs: 100 });
  const lease = { ...head, worker: "v", leaseMs: 100 };
  expect([
    renewed,
    await leaseHead(store, { ...lease, now: 1_189 }),
    await leaseHead(store, { ...lease, now: 1_190 }),
  ]).toEqual([true, null, { look: 2 }]);
});

test("a lease that ran out can be renewed while nobody took it, and not after", async () => {
  const store = await freshStore();
  await leaseHead(store, { ...head, worker: "slow", now: 1_000, leaseMs: 100 });
  const free = await renewHead(store, { ...head, worker: "slow", now: 2_000, leaseMs: 100 });
  await leaseHead(store, { ...head, worker: "heir", now: 2_100, leaseMs: 100 });
  const taken = await renewHead(store, { ...head, worker: "slow", now: 2_101, leaseMs: 100 });
  await releaseHead(store, { ...head, worker: "heir" });
  const over = await renewHead(store, { ...head, worker: "slow", now: 2_102, leaseMs: 100 });
  expect([free, taken, over]).toEqual([true, false, false]);
});

test("a lease that ran out is free, and its late release does not free the next one", async () => {
  const store = await freshStore();
  await leaseHead(store, { ...head, worker: "dead", now: 1_000, leaseMs: 100 });
  const heir = await leaseHead(store, { ...head, worker: "heir", now: 1_100, leaseMs: 100 });
  await releaseHead(store, { ...head, worker: "dead" });
  const third = await leaseHead(store, { ...head, worker: "third", now: 1_150, leaseMs: 100 });
  expect([heir, third]).toEqual([{ look: 2 }, null]);
});
