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

/** The mark of a failed look, once it was given back. */
export async function failedMark({ store }: WorkingDay, target: string) {
  return until("the look to fail", async () =>
    store.db
      .selectFrom("marks")
      .select(["due_at", "attempts", "error"])
      .where("target", "=", target)
      .where("lease_until", "=", 0)
      .where("attempts", ">", 0)
      .executeTakeFirst(),
  );
}

/** What GitHub was asked to write about check runs, since `from`. */
export function checkWrites({ github }: WorkingDay, from: number): string[] {
  return github.requests
    .slice(from)
    .filter(
      ({ path, method, as }) => as === "countersign[bot]" && path.includes("/check-runs") && method !== "GET",
    )
    .map(({ method }) => method);
}
