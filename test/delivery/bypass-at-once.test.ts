import { expect, it, onTestFinished } from "vitest";
import { receive } from "../../src/delivery/inbox.ts";
import { priority } from "../../src/github/effects.ts";
import { auditRows } from "../../src/store/audit.ts";
import { claimMark, putMarks, releaseMark, retryMark } from "../../src/store/marks.ts";
import { assertNothingRefused, shop } from "../end-to-end/company.ts";
import { until } from "../end-to-end/until.ts";
import { aiTrailer } from "../end-to-end/pull-request.ts";
import { openLooked } from "./worked-off.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

const minute = 60_000;

async function openDay(options: Parameters<typeof startWorkingDay>[0] = {}): Promise<WorkingDay> {
  const day = await startWorkingDay(options);
  onTestFinished(async () => {
    assertNothingRefused(day.github);
    await day.close();
  });
  return day;
}

async function claim({ store, clock }: WorkingDay) {
  const claimed = await claimMark(store, { worker: "test", now: clock(), leaseMs: minute });
  if (claimed === null) throw new Error("Nothing is due.");
  return claimed;
}

async function bypasses({ store }: WorkingDay) {
  const rows = [];
  for await (const { kind, at, sha } of auditRows(store, { since: 0 }))
    if (kind === "bypass") rows.push({ at, sha });
  return rows;
}

/** Nobody listens there: what GitHub says is handed to the inbox by `receiveAll`. */
function hearOnly({ github }: WorkingDay): void {
  github.setWebhookUrl("http://127.0.0.1:9/");
}

async function receiveAll({ store, github, clock }: WorkingDay): Promise<void> {
  const given = { store, appId: 1, configRepo: ".github", now: clock() };
  for (const { guid, event, payload } of github.deliveries) await receive(given, { guid, event, payload });
}

it("audits a direct push to a gated branch within a minute, while a sweep has looks for eight minutes to do", async () => {
  // Every look takes half a second of the server's clock, and nothing else moves it.
  const day = await openDay({ lookMs: 500 });
  const worker = day.work();
  await openLooked(day);
  await worker.stop();
  const { installation, store, github } = day;
  const sweeps = Array.from({ length: 1000 }, (_, at) => ({
    ...{ target: `pull:${shop}:${at + 100}`, installation, priority: priority.sweep },
    dueAt: day.clock() - 10 * minute,
  }));
  await putMarks(store, sweeps, day.clock());
  hearOnly(day);
  const message = `Cache the total\n\n${aiTrailer}\n`;
  const push = { branch: "main", pusher: "juno", message, files: { "src/cache.ts": "export {};\n" } };
  const sha = github.push(shop, { ...push, bypassRules: true });
  const pushedAt = day.clock();
  await receiveAll(day);
  day.work();
  await until("the bypass to be audited", async () => (await bypasses(day)).length > 0);

  const [bypass, ...more] = await bypasses(day);
  expect({ sha: bypass?.sha, more }).toEqual({ sha, more: [] });
  expect((bypass?.at ?? 0) - pushedAt).toBeLessThan(minute);
});

it("audits a bypass without the clock moving: no sweep goes before it, and no failure from before delays it", async () => {
  const day = await openDay();
  const worker = day.work();
  const pull = await openLooked(day);
  await worker.stop();
  const { installation, store } = day;
  const target = `pull:${shop}:${pull.number}`;
  const sweeps = Array.from({ length: 30 }, (_, at) => ({
    ...{ target: `pull:${shop}:${at + 100}`, installation, priority: priority.sweep },
    dueAt: day.clock() - 10 * minute,
  }));
  await day.mark(target);
  await retryMark(store, await claim(day), { dueAt: day.clock() + 10 * minute, error: "GitHub was down" });
  await putMarks(store, sweeps, day.clock());
  hearOnly(day);
  const sha = day.github.mergeAnyway(shop, pull.number, "ada");
  await receiveAll(day);
  const first = [await claim(day), await claim(day)];
  for (const mark of first) await releaseMark(store, mark, day.clock());
  day.work();
  await until("the bypass to be audited", async () => (await bypasses(day)).length > 0);

  expect(first.map((mark) => mark.target)).toEqual([target, `branch:${shop}:main`]);
  expect(await bypasses(day)).toEqual([{ at: day.clock(), sha }]);
});

it("audits what landed with two pull requests on one head, though each look needs one at the other and a third is open", async () => {
  const day = await openDay({ latencyMs: 15 });
  const { github, store } = day;
  const worker = day.work();
  const first = await openLooked(day);
  await worker.stop();
  github.push(shop, { branch: "develop", pusher: "ada", from: "main" });
  hearOnly(day);
  for (const base of ["main", "develop"]) {
    github.push(shop, { branch: `to-${base}`, pusher: "juno", from: first.branch });
    const about = { owner: "acme", repo: "shop", title: "Cache it", head: `to-${base}`, base };
    await github.as("juno").rest.pulls.create(about);
  }
  github.mergeAnyway(shop, first.number, "ada");
  await receiveAll(day);
  const before = github.requests.length;
  const asked = (operation: string) =>
    github.requests.slice(before).filter((request) => request.operation === operation);
  day.work();
  let needing = 0;
  await until("everything to be looked at", async () => {
    const marks = await store.db.selectFrom("marks").select("lease_until").execute();
    const idle = marks.every((mark) => mark.lease_until === 0);
    // Whoever was put off comes just while a look asks which other one it needs.
    if (idle || asked("PullsThatBrought").length > needing) day.later(200);
    needing = asked("PullsThatBrought").length;
    return marks.length === 0;
  });

  expect(asked("PullsThatBrought").length).toBeLessThan(10);
  expect(await bypasses(day)).toHaveLength(1);
});
