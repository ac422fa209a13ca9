import { backlog } from "../../src/store/marks.ts";
import { openPull, type PullRequest } from "../end-to-end/pull-request.ts";
import { until } from "../end-to-end/until.ts";
import type { WorkingDay } from "./working-day.ts";

/** Waits until no mark is left. */
export async function workedOff(day: WorkingDay): Promise<void> {
  await until("the marks to be worked off", async () => (await backlog(day.store, day.clock())).count === 0);
}

/** A pull request that was looked at: the first look at one to a branch leads to one at the branch. */
export async function openLooked(day: WorkingDay): Promise<PullRequest> {
  const pull = await openPull(day);
  await day.mark(`pull:acme/shop:${pull.number}`);
  await workedOff(day);
  return pull;
}
