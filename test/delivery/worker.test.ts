import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { matching } from "../end-to-end/containing.ts";
import type { Worker } from "../../src/delivery/worker.ts";
import { backlog } from "../../src/store/marks.ts";
import { assertNothingRefused, checkOn, shop } from "../end-to-end/company.ts";
import { openPull, review } from "../end-to-end/pull-request.ts";
import { until } from "../end-to-end/until.ts";
import { checkWrites, failedMark, openLooked, workedOff } from "./worked-off.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

let day: WorkingDay;
let worker: Worker;
beforeAll(async () => {
  day = await startWorkingDay();
  // The first look at a branch begins its ledger, which no test here is about.
  worker = day.work();
  await openLooked(day);
  await worker.stop();
});
beforeEach(() => {
  worker = day.work();
});
afterEach(async () => {
  day.openDoor();
  await worker.stop();
  assertNothingRefused(day.github);
});
afterAll(async () => day.close());

const target = (number: number) => `pull:acme/shop:${number}`;

const done = async () => workedOff(day);

const failed = async (name: string) => failedMark(day, name);

const writes = (from: number) => checkWrites(day, from);

it("looks once for a burst of deliveries about one pull request", async () => {
  const { number, sha } = await openLooked(day);
  const before = day.begun.length;
  day.closeDoor();
  await day.mark(target(number));
  await until("the look to begin", () => day.begun.length > before);
  await Promise.all(Array.from({ length: 60 }, async () => day.mark(target(number))));
  day.openDoor();
  await done();

  // One look that had begun, one more for the sixty that came meanwhile.
  expect(day.begun.length - before).toBe(2);
  expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
});

it("looks once more when something happens during a look, and not when nothing does", async () => {
  const { number, sha } = await openPull(day);
  const before = day.begun.length;
  day.closeDoor();
  await day.mark(target(number));
  await until("the look to begin", () => day.begun.length > before);
  await review(day, { number }, "grace");
  await day.mark(target(number));
  day.openDoor();
  await done();
  expect(day.begun.length - before).toBe(2);
  expect(await checkOn(day.github, sha)).toMatchObject({ title: "Countersigned by grace (senior)" });

  await day.mark(target(number));
  await done();
  expect(day.begun.length - before).toBe(3);
});

it("waits as long as GitHub asks when it answers 403 with Retry-After", async () => {
  const { number, sha } = await openPull(day);
  const body = { message: "You have exceeded a secondary rate limit." };
  day.github.fault({ path: /^\/graphql$/, status: 403, headers: { "retry-after": "3600" }, body, times: 1 });
  await day.mark(target(number));

  expect(await failed(target(number))).toEqual({
    due_at: day.clock() + 3_600_000,
    attempts: 1,
    error: matching(/^GitHub answered 403 to POST \/api\/graphql: You have exceeded/),
  });
  day.later(3_599_999);
  expect(await checkOn(day.github, sha)).toBeNull();
  day.later(1);
  await done();
  expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
});

it.each([
  ["502", { status: 502 }, /^GitHub answered 502 to POST /],
  ["an answer that is no JSON", { status: 200, body: "<html>" }, /GitHub/],
  ["a dropped connection", { destroy: true }, /^GitHub could not be reached: /],
] as const)(
  "repeats a look that ended in %s, with growing pauses, until it is right",
  async (_what, fault, error) => {
    const { number, sha } = await openPull(day);
    day.github.fault({ path: /^\/graphql$/, ...fault, times: 2 });
    await day.mark(target(number));
    const first = await failed(target(number));
    expect(first).toEqual({ due_at: day.clock() + 1000, attempts: 1, error: matching(error) });
    day.later(1000);
    const second = await until("the second look to fail", async () => {
      const mark = await failed(target(number));
      return mark.attempts === 2 && mark;
    });
    expect(second.due_at).toBe(day.clock() + 2000);
    day.later(2000);
    await done();

    expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
  },
);

it("does not repeat at once what failed at once", async () => {
  const [one, other] = [await openPull(day), await openPull(day)];
  onTestFinished(() => void (day.chance.next = 0));
  const due: number[] = [];
  for (const [{ number }, chance] of [
    [one, 0.25],
    [other, 0.99],
  ] as const) {
    day.chance.next = chance;
    day.github.fault({ path: /^\/graphql$/, status: 502, times: 1 });
    await day.mark(target(number));
    due.push((await failed(target(number))).due_at - day.clock());
    day.later(1000);
    await done();
  }
  expect(due).toEqual([875, 505]);
});

it("writes one check run though the answer to the first write was lost", async () => {
  const { number, sha } = await openPull(day);
  const from = day.github.requests.length;
  day.github.fault({ method: "POST", path: /\/check-runs$/, destroy: true, afterEffect: true, times: 1 });
  await day.mark(target(number));
  await failed(target(number));
  day.later(1000);
  await done();

  expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
  expect(writes(from)).toEqual(["POST"]);
});

it("does not wait for its turn after looks that failed: with a new delivery it is due at once", async () => {
  const { number, sha } = await openPull(day);
  day.github.fault({ path: /^\/graphql$/, status: 502, times: 2 });
  await day.mark(target(number));
  await failed(target(number));
  day.later(1000);
  await until("the second look to fail", async () => (await failed(target(number))).attempts === 2);
  await day.mark(target(number));
  // As long as anybody waits after one failure.
  day.later(1000);
  await done();

  expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
});

it.each(["pull:acme/shop:9999", "pull:acme/nowhere:1", "repo:acme/nowhere"])(
  "drops %s, which GitHub does not have, and says so",
  async (gone) => {
    const from = day.log.length;
    await day.mark(gone);
    await done();

    expect(day.log.slice(from)).toMatchObject([
      { level: 40, target: gone, msg: "Dropped: it is gone, or the app may not see it any more" },
    ]);
  },
);

it("keeps a target it does not know, and names it, instead of losing it", async () => {
  await day.mark("tag:acme/shop:1");

  expect(await failed("tag:acme/shop:1")).toMatchObject({
    error: "This version does not know the target tag:acme/shop:1",
  });
  await day.store.db.deleteFrom("marks").execute();
});

it("runs eight looks at once and no more", async () => {
  await openLooked(day);
  const before = day.begun.length;
  const numbers: number[] = [];
  for (let index = 0; index < 12; index += 1)
    numbers.push((await openPull(day, { message: "By hand" })).number);
  day.closeDoor();
  await day.mark(...numbers.map(target));
  await until("looks to begin", () => day.begun.length >= before + 8);
  const held = async () =>
    (await day.store.db.selectFrom("marks").select("target").where("lease_until", ">", 0).execute()).length;
  // Each wake would claim more if it could, and is through before the next statement of the store.
  for (let index = 0; index < 20; index += 1) {
    worker.wake();
    expect(await held()).toBe(8);
  }
  expect(day.begun.length).toBe(before + 8);
  day.openDoor();
  await done();

  expect(day.begun.length).toBe(before + 12);
});

it("stops only when the running looks have ended, and leaves the rest to the next start", async () => {
  const before = day.begun.length;
  const pulls = [];
  for (let index = 0; index < 10; index += 1) pulls.push(await openPull(day));
  day.closeDoor();
  await day.mark(...pulls.map(({ number }) => target(number)));
  await until("looks to begin", () => day.begun.length >= before + 8);
  let stopped = false;
  const stop = async () => {
    await worker.stop();
    stopped = true;
  };
  const stopping = stop();
  await backlog(day.store, day.clock());
  expect(stopped).toBe(false);
  day.openDoor();
  await stopping;
  const { count } = await backlog(day.store, day.clock());
  expect([day.begun.length - before, count]).toEqual([8, 2]);

  worker = day.work();
  await done();
  const checks = await Promise.all(pulls.map(async ({ sha }) => checkOn(day.github, sha)));
  expect(new Set(checks.map((check) => check?.conclusion))).toEqual(new Set(["action_required"]));
});

it("keeps what it is looking at for as long as the look takes", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const { number } = await openLooked(day);
  const before = day.begun.length;
  day.closeDoor();
  await day.mark(target(number));
  await until("the look to begin", () => day.begun.length > before);
  const other = day.work();
  for (let renewals = 0; renewals < 4; renewals += 1) {
    day.later(15_000);
    vi.advanceTimersByTime(5_000);
    await until("the lease to be renewed", async () => {
      const mark = await day.store.db.selectFrom("marks").select("lease_until").executeTakeFirst();
      return mark?.lease_until === day.clock() + 20_000;
    });
  }
  await other.stop();
  day.openDoor();
  await done();
  expect(day.begun.length - before).toBe(1);
});

it("comes back to a commit that another replica was at without waiting for the next poll", async () => {
  const { number } = await openLooked(day);
  await worker.stop();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  worker = day.work();
  const heads = day.store.db.updateTable("heads");
  await heads.set({ lease_by: "another replica", lease_until: day.clock() + 20_000 }).execute();
  await day.mark(target(number));
  const marks = day.store.db.selectFrom("marks").select("due_at");
  await until("the look to be put off", async () => (await marks.execute())[0]?.due_at === day.clock() + 200);
  await heads.set({ lease_by: null, lease_until: 0 }).execute();
  await day.store.db.updateTable("marks").set({ due_at: day.clock() }).execute();
  vi.advanceTimersByTime(200);

  await done();
  expect(day.log.at(-1)).toMatchObject({ msg: "Looked" });
});

it("takes over what a worker that died was looking at, once its lease has run out", async () => {
  const { number, sha } = await openPull(day);
  await day.mark(target(number));
  await done();
  await worker.stop();
  await review(day, { number }, "grace");
  await day.mark(target(number));
  const lease = { lease_by: "a dead worker", lease_until: day.clock() + 120_000 };
  await day.store.db.updateTable("marks").set(lease).execute();
  worker = day.work();
  day.later(120_000);
  await done();

  expect(await checkOn(day.github, sha)).toMatchObject({ title: "Countersigned by grace (senior)" });
});

it("writes one check run on a commit of two pull requests, though two workers look at them at once", async () => {
  day.github.push(shop, { branch: "release", pusher: "ada" });
  day.github.requireCheck(shop, "release", { context: "Countersign" });
  const pulls = [];
  for (let index = 0; index < 4; index += 1) {
    const { sha, number, branch: head } = await openPull(day);
    const input = { owner: "acme", repo: "shop", title: "For the release", head, base: "release" };
    const { data } = await day.github.as("juno").rest.pulls.create(input);
    pulls.push({ sha, numbers: [number, data.number] });
  }
  const from = day.github.requests.length;
  const other = day.work();
  await day.mark(...pulls.flatMap(({ numbers }) => numbers).map(target));
  await until("the marks to be worked off", async () => {
    // Who found the other at the commit comes back a little later.
    day.later(20);
    return (await backlog(day.store, day.clock())).count === 0;
  });
  await other.stop();

  // checkOn throws where there are several.
  const checks = await Promise.all(pulls.map(async ({ sha }) => checkOn(day.github, sha)));
  expect(new Set(checks.map((check) => check?.conclusion))).toEqual(new Set(["action_required"]));
  expect(writes(from).filter((method) => method === "POST")).toEqual(pulls.map(() => "POST"));
});
