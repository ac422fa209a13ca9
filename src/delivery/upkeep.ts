import { messageOf } from "../github/errors.ts";
import { pruneAudit } from "../store/audit.ts";
import { choreDone, choreDoneAt, claimChore, scheduleChore } from "../store/chores.ts";
import { forgetDeliveries } from "../store/deliveries.ts";
import { type DueContext, examineDue } from "../production/examine-due.ts";
import { findPendingDeployments } from "./pending-deployments.ts";
import { redeliverFailed } from "./redelivery.ts";
import { sweep, type SweepContext } from "./sweep.ts";

type UpkeepContext = Omit<SweepContext, "signal"> &
  Pick<DueContext, "configRepo" | "webUrl" | "needed"> & {
    readonly auditKeepDays: number | null;
    /** Says that something was marked. */
    readonly wake: () => void;
  };

/** How often it is asked whether something is due. */
const pollMs = 10_000;

/** When a chore that failed is tried again. */
const retryMs = 60_000;

/**
 * How long a delivery's id is kept, so that a repeat of it is harmless. GitHub sends nothing again that is older than 3 days.
 * https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
 */
const deliveriesKeptMs = 30 * 24 * 60 * 60_000;

const minute = 60_000;

type Chore = {
  readonly name: string;
  readonly everyMs: number;
  /** Whether it asks GitHub, and so waits where GitHub does not answer, or asked to wait. */
  readonly asks: boolean;
  /**
   * @param doneAt when the last run began that did all there was; 0 before the first.
   * @returns whether this one did: else the next begins where it began.
   */
  readonly run: (context: ChoreContext, doneAt: number) => Promise<boolean>;
};

/** In this order at a start: what GitHub sends again makes the sweep find less. */
const chores: readonly Chore[] = [
  { name: "redelivery", everyMs: 3 * minute, asks: true, run: fetchFailed },
  { name: "sweep", everyMs: 60 * minute, asks: true, run: sweepAll },
  { name: "examination", everyMs: 60 * minute, asks: true, run: examineGate },
  { name: "deployments", everyMs: 60 * minute, asks: true, run: findDeployments },
  { name: "tidying", everyMs: 60 * minute, asks: false, run: tidyUp },
];

/**
 * Does what is done by the clock: now, since a start may end an outage, and whenever it is due. Of several replicas one does each.
 */
export function startUpkeep(context: UpkeepContext): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const report = (name: string) => (error: unknown) => {
    context.log.warn({ chore: name, error: messageOf(error) }, "A chore failed and will be repeated");
  };
  const begin = async () => {
    for (const { name } of chores) await scheduleChore(context.store, name, context.now());
  };
  const runDue = async () => {
    for (const chore of chores) {
      if (signal.aborted) return;
      await runIfDue({ ...context, signal }, chore).catch(report(chore.name));
    }
  };
  let running = begin().catch(report("all")).then(runDue);
  const timer = setInterval(() => {
    running = running.then(runDue);
  }, pollMs);
  return {
    stop: async () => {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
}

type ChoreContext = UpkeepContext & Pick<SweepContext, "signal">;

async function runIfDue(context: ChoreContext, { name, everyMs, asks, run }: Chore): Promise<void> {
  const { store } = context;
  const now = context.now();
  if (!(await claimChore(store, name, { now, everyMs }))) return;
  try {
    const doneAt = await choreDoneAt(store, name);
    const work = async () => run(context, doneAt);
    const all = await (asks ? context.outages.attempt({ name, installation: "app" }, work) : work());
    if (all) await choreDone(store, name, now);
  } catch (error) {
    await scheduleChore(store, name, now + retryMs);
    throw error;
  }
}

async function fetchFailed(context: ChoreContext, doneAt: number): Promise<boolean> {
  const { asked, all } = await redeliverFailed(context, doneAt);
  if (!all) await scheduleChore(context.store, "redelivery", context.now() + retryMs);
  if (asked === 0) return all;
  context.log.warn({ deliveries: asked }, "Deliveries of GitHub's did not arrive; asked for them again");
  // An outage loses more than deliveries that are in the log.
  await scheduleChore(context.store, "sweep", context.now());
  return all;
}

async function sweepAll(context: ChoreContext): Promise<boolean> {
  const { marked, failed } = await sweep(context);
  if (marked > 0) context.wake();
  if (failed > 0) throw new Error(`${failed} installations could not be swept`);
  return true;
}

async function examineGate(context: ChoreContext): Promise<boolean> {
  const { attempt } = context.outages;
  const { left, failed } = await examineDue({ ...context, attempt, person: null });
  if (failed > 0) throw new Error(`the repositories of ${failed} installations could not be listed`);
  if (left > 0) await scheduleChore(context.store, "examination", context.now() + 10 * minute);
  return true;
}

async function findDeployments(context: ChoreContext): Promise<boolean> {
  if ((await findPendingDeployments(context)) > 0) context.wake();
  return true;
}

async function tidyUp({ store, auditKeepDays, now, log }: ChoreContext): Promise<boolean> {
  await forgetDeliveries(store, now() - deliveriesKeptMs);
  if (auditKeepDays === null) return true;
  const rows = await pruneAudit(store, { keepDays: auditKeepDays, now: now() });
  if (rows > 0)
    log.info(
      { rows, keepDays: auditKeepDays },
      "Took rows out of the audit log; a checkpoint stands for them",
    );
  return true;
}
