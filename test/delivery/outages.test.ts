import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createOutages } from "../../src/delivery/outages.ts";
import { sweep } from "../../src/delivery/sweep.ts";
import type { Worker } from "../../src/delivery/worker.ts";
import { GitHubError } from "../../src/github/errors.ts";
import { assertNothingRefused, checkOn } from "../end-to-end/company.ts";
import { openPull, type PullRequest, review } from "../end-to-end/pull-request.ts";
import { until } from "../end-to-end/until.ts";
import { openLooked, workedOff } from "./worked-off.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

const away = new GitHubError("GitHub answered 502.", { unavailable: true });
const look = (number: number, repo = "acme/shop", installation = 7) => ({
  installation,
  target: `pull:${repo}:${number}`,
});

/** Outages with a clock of their own. */
function outagesAt(random = 0) {
  const clock = { now: 1_000_000 };
  const outages = createOutages({ now: () => clock.now, random: () => random });
  /** Fails one look after the other, each as soon as it may begin. @returns how long each made others wait. */
  const failEach = (looks: readonly ReturnType<typeof look>[], other: ReturnType<typeof look>) =>
    looks.map((each) => {
      clock.now = outages.begin(each) ?? clock.now;
      outages.begin(each);
      outages.failed(each, away);
      return (outages.begin(other) ?? clock.now) - clock.now;
    });
  return { clock, outages, failEach };
}

describe("where GitHub does not answer", () => {
  it("the installation waits, a second at first, and nobody else does", () => {
    const { clock, outages } = outagesAt();
    outages.begin(look(1));
    outages.failed(look(1), away);
    expect([
      outages.begin(look(2)),
      outages.begin(look(1, "acme/other")),
      outages.begin(look(1, "else/shop", 8)),
      outages.waiting(),
      outages.count(),
    ]).toEqual([
      clock.now + 1000,
      clock.now + 1000,
      null,
      { installations: [7], scopes: ["7 acme/shop"] },
      1,
    ]);
  });

  it("the wait is half as long where chance says so", () => {
    const { clock, outages } = outagesAt(0.999);
    outages.failed(look(1), away);
    expect(outages.begin(look(2))).toBe(clock.now + 501);
  });

  it("nobody waits longer, however often the same look fails", () => {
    const { failEach } = outagesAt();
    const same = Array.from({ length: 20 }, () => look(1));
    expect(new Set(failEach(same, look(2)))).toEqual(new Set([1000]));
  });

  it("the repository waits the longer, the more of its pull requests fail, and the others of the installation do not", () => {
    const { outages, clock, failEach } = outagesAt();
    const pulls = [1, 2, 3, 4, 5, 6, 7].map((number) => look(number));
    expect(failEach(pulls, look(99))).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(outages.begin(look(1, "acme/other"))).toBe(clock.now + 1000);
  });

  it("the installation waits the longer, the more of its repositories fail", () => {
    const { failEach } = outagesAt();
    const pulls = [1, 2, 3, 4, 5, 6, 7, 8].map((repo) => look(1, `acme/repo-${repo}`));
    const waits = failEach(pulls, look(1, "acme/another"));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it("that lasts from half a minute on, until a look ends well; a wait GitHub asked for does not", () => {
    const { clock, outages } = outagesAt();
    outages.failed(look(9, "else/shop", 8), new GitHubError("Too much.", { retryAt: clock.now + 1000 }));
    outages.failed(look(1), away);
    clock.now += 29_999;
    const before = outages.lasts(look(2));
    clock.now += 1;
    expect([before, outages.lasts(look(2)), outages.lasts(look(9, "else/shop", 8))]).toEqual([
      false,
      true,
      false,
    ]);
    outages.succeeded(look(1));
    expect(outages.lasts(look(2))).toBe(false);
  });

  it("looks that fail together count as one", () => {
    const { clock, outages } = outagesAt();
    for (let number = 1; number <= 8; number += 1) outages.begin(look(number));
    for (let number = 1; number <= 8; number += 1) outages.failed(look(number), away);
    expect(outages.begin(look(9))).toBe(clock.now + 1000);
  });

  it("an installation that GitHub asked to wait does so as long as it asked", () => {
    const { clock, outages } = outagesAt();
    outages.begin(look(1));
    outages.begin(look(2));
    outages.failed(look(1), new GitHubError("Too much.", { retryAt: clock.now + 3_600_000 }));
    // It had begun before.
    outages.succeeded(look(2));
    expect(outages.begin(look(3, "acme/other"))).toBe(clock.now + 3_600_000);
  });

  it.each([
    ["what GitHub refuses", new GitHubError("GitHub answered 403.", { refused: true })],
    ["what is gone", new GitHubError("GitHub answered 404.", { gone: true })],
    ["a mistake of ours", new Error("undefined is not a function")],
  ])("nobody waits for %s", (_what, error) => {
    const { outages } = outagesAt();
    outages.begin(look(1));
    outages.failed(look(1), error);
    expect([outages.begin(look(1)), outages.waiting()]).toEqual([null, { installations: [], scopes: [] }]);
  });
});

describe("after the wait", () => {
  it("one look is tried at a time, and one that ends well lets all of them go on", () => {
    const { clock, outages } = outagesAt();
    outages.failed(look(1), away);
    clock.now += 1000;
    expect([outages.waiting().installations, outages.begin(look(2))]).toEqual([[], null]);
    expect([outages.waiting().installations, outages.begin(look(3))]).toEqual([[7], clock.now + 1000]);
    // It tells nothing: another look was at the same head.
    outages.failed(look(2), null);
    expect([outages.begin(look(3)), outages.begin(look(4))]).toEqual([null, clock.now + 1000]);
    outages.succeeded(look(3));
    expect([outages.begin(look(4)), outages.begin(look(5)), outages.count()]).toEqual([null, null, 0]);
  });

  it("a look that is tried and ends well holds up nobody, also where another one failed meanwhile", () => {
    const { clock, outages } = outagesAt();
    // Both begin at once; the first fails, the second goes on for longer than the wait.
    outages.begin(look(1));
    outages.begin(look(2));
    outages.failed(look(1), away);
    clock.now += 1000;
    outages.begin(look(3));
    outages.failed(look(2), away);
    outages.succeeded(look(3));
    clock.now += 60_000;
    expect([outages.waiting(), outages.begin(look(4))]).toEqual([{ installations: [], scopes: [] }, null]);
  });

  it("what ends well in another repository lifts the installation's wait, not that of the repository", () => {
    const { clock, outages, failEach } = outagesAt();
    failEach([look(1), look(2), look(3)], look(4));
    clock.now += 1000;
    expect(outages.begin(look(1, "acme/other"))).toBeNull();
    outages.succeeded(look(1, "acme/other"));
    expect([outages.begin(look(2, "acme/other")), outages.begin(look(4))]).toEqual([null, clock.now + 3000]);
  });

  it("what nobody tries for half a minute is forgotten: a short failure long after is no outage that lasts", () => {
    const { clock, outages } = outagesAt();
    outages.failed(look(1), away);
    outages.failed(look(2, "else/shop", 8), away);
    clock.now += 1000 + 30_000;
    outages.waiting();
    const before = outages.count();
    // A look under way is a try.
    outages.begin(look(2, "else/shop", 8));
    clock.now += 1;
    outages.waiting();
    expect([before, outages.count()]).toEqual([2, 1]);
    outages.begin(look(1));
    outages.failed(look(1), away);
    expect([outages.begin(look(2)), outages.lasts(look(1))]).toEqual([clock.now + 1000, false]);
    outages.failed(look(2, "else/shop", 8), away);
    expect(outages.lasts(look(2, "else/shop", 8))).toBe(true);
  });
});

describe("chores", () => {
  const chore = { name: "sweep", installation: 7 } as const;

  it("leave an installation alone that waits, and make it wait where they fail", async () => {
    const { clock, outages } = outagesAt();
    const failing = outages.attempt(chore, () => Promise.reject(away));
    await expect(failing).rejects.toBe(away);
    const begun: string[] = [];
    const again = outages.attempt(chore, async () => begun.push("sweep"));
    await expect(again).rejects.toMatchObject({ retryAt: clock.now + 1000 });
    expect([outages.begin(look(1)), begun]).toEqual([clock.now + 1000, []]);
    clock.now += 1000;
    await outages.attempt(chore, async () => begun.push("sweep"));
    expect([outages.count(), begun]).toEqual([0, ["sweep"]]);
  });

  it("for the app itself wait for one another, and no installation waits for them", async () => {
    const { outages } = outagesAt();
    const app = { name: "redelivery", installation: "app" } as const;
    await expect(outages.attempt(app, () => Promise.reject(away))).rejects.toBe(away);
    const other = outages.attempt({ name: "sweep", installation: "app" }, async () => "done");
    await expect(other).rejects.toThrow("is left alone");
    expect(outages.begin(look(1))).toBeNull();
  });
});

describe("a worker", () => {
  let day: WorkingDay;
  let worker: Worker;
  beforeEach(async () => {
    day = await startWorkingDay();
    worker = day.work();
  });
  afterEach(async () => {
    day.openDoor();
    await worker.stop();
    assertNothingRefused(day.github);
    await day.close();
  });

  /** How many looks are under way. */
  const held = async () => {
    const marks = await day.store.db
      .selectFrom("marks")
      .where("lease_until", ">", 0)
      .select("target")
      .execute();
    return marks.length;
  };

  /** Waits until the app has made so many requests since `from`, and nothing of it is under way. */
  const asked = async (from: number, count: number) =>
    until(`request ${count}`, async () => day.github.requests.length - from >= count && (await held()) === 0);

  it("asks nothing more of GitHub for an installation that it wants to wait, for other pull requests either", async () => {
    const pulls = [await openPull(day), await openPull(day)];
    const [one = "", other = ""] = pulls.map(({ number }) => `pull:acme/shop:${number}`);
    day.github.fault({ path: /^\/graphql$/, status: 403, headers: { "retry-after": "60" }, times: 1 });
    const from = day.github.requests.length;
    await day.mark(one);
    await asked(from, 1);
    const { length } = day.github.requests;
    await day.mark(other);
    day.later(59_999);
    await worker.stop();
    expect(day.github.requests.length).toBe(length);
    expect(
      await day.store.db.selectFrom("marks").select(["target", "attempts"]).orderBy("target").execute(),
    ).toEqual([
      { target: one, attempts: 1 },
      { target: other, attempts: 0 },
    ]);
    day.later(1);
    worker = day.work();
    await workedOff(day);
    const checks = await Promise.all(pulls.map(async ({ sha }) => checkOn(day.github, sha)));
    expect(checks.map((check) => check?.conclusion)).toEqual(["action_required", "action_required"]);
  });

  it("asks once after each pause of an outage, whatever waits, counts no attempt where it did not ask, and writes each check once", async () => {
    await openLooked(day);
    const pulls = [];
    for (let index = 0; index < 30; index += 1) pulls.push(await openPull(day));
    const begun = day.begun.length;
    day.closeDoor();
    const from = day.github.requests.length;
    const repair = day.github.fault({ path: /./u, status: 502 });
    await day.mark(...pulls.map(({ number }) => `pull:acme/shop:${number}`));
    await until("eight looks to begin", () => day.begun.length === begun + 8);
    day.openDoor();
    await asked(from, 8);

    const pauses = [1000, 2000, 4000, 8000, ...Array.from({ length: 10 }, () => 15_000)];
    for (const [index, pause] of pauses.entries()) {
      day.later(pause);
      await asked(from, 8 + index + 1);
    }
    // Three minutes without GitHub.
    expect(day.github.requests.length - from).toBe(8 + pauses.length);
    const marks = await day.store.db.selectFrom("marks").select("attempts").orderBy("attempts").execute();
    expect(marks.map(({ attempts }) => attempts)).toEqual([...Array(8).fill(0), ...Array(22).fill(1)]);

    repair();
    day.later(15_000);
    await workedOff(day);
    const writes = day.github.requests.slice(from).filter(({ path }) => path.endsWith("/check-runs"));
    expect(writes.map(({ method, status }) => `${method} ${status}`)).toEqual(pulls.map(() => "POST 201"));
    const checks = await Promise.all(pulls.map(async ({ sha }) => checkOn(day.github, sha)));
    expect(new Set(checks.map((check) => check?.conclusion))).toEqual(new Set(["action_required"]));
  });

  it("shows failing checks when only queries fail and that lasts, one after the other, and takes them back", async () => {
    const pulls: PullRequest[] = [];
    for (let index = 0; index < 15; index += 1) pulls.push(await openPull(day));
    await Promise.all(pulls.map(async (pull) => review(day, pull, "grace")));
    const targets = pulls.map(({ number }) => `pull:acme/shop:${number}`);
    await day.mark(...targets);
    await workedOff(day);
    const conclusions = async () => {
      const checks = await Promise.all(pulls.map(async ({ sha }) => checkOn(day.github, sha)));
      return checks.map((check) => check?.conclusion);
    };
    const begun = day.begun.length;
    day.closeDoor();
    const repair = day.github.fault({ path: /graphql/u, status: 502 });
    await day.mark(...targets);
    await until("eight looks to begin", () => day.begun.length === begun + 8);
    day.openDoor();
    const failed = async (count: number) =>
      until(`query ${count} to fail`, async () => {
        const queries = day.github.requests.filter(({ status }) => status === 502);
        return queries.length >= count && (await held()) === 0;
      });
    await failed(8);
    const failures: number[] = [];
    for (const [index, pause] of [1000, 2000, 4000, 8000, 15_000, 15_000].entries()) {
      day.later(pause);
      await failed(8 + index + 1);
      failures.push((await conclusions()).filter((conclusion) => conclusion === "failure").length);
    }
    expect(failures).toEqual([0, 0, 0, 0, 1, 2]);
    repair();
    day.later(60_000);
    await workedOff(day);
    expect(new Set(await conclusions())).toEqual(new Set(["success"]));
  });

  it("is not alone in that: a sweep asks once, and marks what it finds when GitHub is back", async () => {
    await worker.stop();
    const { number } = await openPull(day);
    const from = day.github.requests.length;
    const repair = day.github.fault({ path: /graphql|access_tokens/u, status: 502 });
    const swept = [await sweep(day.upkeep), await sweep(day.upkeep), await sweep(day.upkeep)];
    const requests = day.github.requests.slice(from).map(({ path }) => path);
    expect([swept, requests.filter((path) => path !== "/app/installations").length]).toEqual([
      Array.from({ length: 3 }, () => ({ marked: 0, failed: 1 })),
      1,
    ]);
    repair();
    day.later(1000);
    expect(await sweep(day.upkeep)).toEqual({ marked: 1, failed: 0 });
    const marks = await day.store.db.selectFrom("marks").select("target").execute();
    expect(marks).toEqual([{ target: `pull:acme/shop:${number}` }]);
  });
});
