import { expect, it, onTestFinished } from "vitest";
import { receive } from "../../src/delivery/inbox.ts";
import { priority } from "../../src/github/effects.ts";
import { auditRows } from "../../src/store/audit.ts";
import { claimMark, putMarks, releaseMark, retryMark } from "../../src/store/marks.ts";
import { assertNothingRefused, shop } from "../end-to-end/company.ts";
import { until } from "../end-to-end/until.ts";
import { openLooked } from "./worked-off.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

const minute = 60_000;

async function openDay(): Promise<WorkingDay> {
  const day = await startWorkingDay();
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
  // Nobody listens there: what GitHub says is handed to the inbox here.
  day.github.setWebhookUrl("http://127.0.0.1:9/");
  const sha = day.github.mergeAnyway(shop, pull.number, "ada");
  const given = { store, appId: 1, configRepo: ".github", now: day.clock() };
  for (const { guid, event, payload } of day.github.deliveries)
    await receive(given, { guid, event, payload });
  const first = [await claim(day), await claim(day)];
  for (const mark of first) await releaseMark(store, mark, day.clock());
  day.work();
  await until("the bypass to be audited", async () => (await bypasses(day)).length > 0);

  expect(first.map((mark) => mark.target)).toEqual([target, `branch:${shop}:main`]);
  expect(await bypasses(day)).toEqual([{ at: day.clock(), sha }]);
});
