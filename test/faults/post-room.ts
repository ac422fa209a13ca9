/** acme with a worker in this process, a clock that is moved, and nobody who brings deliveries but the test. */
import { onTestFinished } from "vitest";
import { receive } from "../../src/delivery/inbox.ts";
import { startWorkingDay, type WorkingDay } from "../delivery/working-day.ts";
import { assertNothingRefused } from "../end-to-end/company.ts";
import { until } from "../end-to-end/until.ts";
import type { FakeGitHub } from "../fake-github/server.ts";
import { prepareShop } from "./story.ts";

export type Delivery = FakeGitHub["deliveries"][number];

/** Everything is closed with the test. */
export async function openPostRoom(
  options: Omit<Parameters<typeof startWorkingDay>[0] & object, "validate"> = {},
): Promise<WorkingDay> {
  const day = await startWorkingDay({ ...options, validate: false });
  onTestFinished(async () => {
    await day.close();
    assertNothingRefused(day.github);
  });
  day.github.holdDeliveries();
  // Nobody listens there: what is held is never sent.
  day.github.setWebhookUrl("http://127.0.0.1:9/");
  prepareShop(day.github, day.upkeep.appId);
  return day;
}

/** Does what the server does with deliveries: the inbox, then the worker. A repeat has the guid of the first. */
export async function handIn(day: WorkingDay, deliveries: readonly Delivery[]): Promise<void> {
  const { store, upkeep, clock } = day;
  const { appId, configRepo } = upkeep;
  for (const delivery of deliveries) {
    await receive({ store, appId, configRepo, now: clock() }, delivery);
    upkeep.wake();
    delivery.status = 202;
  }
}

/** Who waits for GitHub though its time has come does so for moments like this one. */
const momentMs = 1000;

/** Waits until everything was looked at; where all that is left waits for its time, or for GitHub, the time comes. */
export async function settleDay({ store, clock, later }: WorkingDay): Promise<void> {
  const done = async () => {
    const marks = await store.db.selectFrom("marks").select(["due_at", "lease_until"]).execute();
    const next = Math.min(...marks.map(({ due_at }) => due_at));
    if (marks.length > 0 && marks.every(({ lease_until }) => lease_until === 0)) {
      later(Math.max(momentMs, next - clock()));
    }
    return marks.length === 0;
  };
  await until("the marks to be worked off", done);
}
