import { randomUUID } from "node:crypto";
import { type GitHub, requestTimeoutMs } from "../github/client.ts";
import { priority as priorities } from "../github/effects.ts";
import { asking, GitHubError, messageOf } from "../github/errors.ts";
import type { PullRef } from "../github/read-pull.ts";
import { branchTarget, parseTarget, repoKey, type Target } from "../github/targets.ts";
import { busyDelayMs, leaseMs, whileRenewed } from "../lease.ts";
import { failuresShownFrom, showFailure } from "../failed-look.ts";
import { look, type LookResult } from "../look.ts";
import { type DeploymentLook, lookAtDeployment } from "../production/look-deployment.ts";
import { lookAtBranch } from "../production/look-branch.ts";
import { lookAtGroup } from "../look-group.ts";
import { settleMerge, type SettleContext } from "../production/settle-merge.ts";
import { ledgerHead } from "../store/landed.ts";
import {
  type ClaimedMark,
  claimMark,
  finishMark,
  putMarks,
  releaseMark,
  renewMark,
  retryMark,
} from "../store/marks.ts";
import { forgetOpen } from "../store/pulls.ts";
import { markChanged, markGroups, markOpenPulls, markRepositories } from "./fan-out.ts";
import { type Outages, pauseMs } from "./outages.ts";

/** What the worker needs besides a look's context. */
export type WorkerContext = SettleContext & {
  readonly appId: number;
  readonly clientFor: (installation: number) => Promise<GitHub>;
  readonly log: Log;
  readonly outages: Outages;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** Told of every look that ended in a check run. */
  readonly looked?: (look: LookMeasure) => void;
  /** Told whenever GitHub was told something about a deployment, or it was given up. */
  readonly deployed?: (outcome: string) => void;
};

export type LookMeasure = {
  readonly verdict: string;
  /** Milliseconds by phase: read, collect, record, publish. */
  readonly phases: Readonly<Record<string, number>>;
  /** From the delivery to the check run, ms; null where the look had failed before, or nobody waits for it. */
  readonly sinceDeliveryMs: number | null;
};

/** The part of pino that is used. */
export type Log = Record<"info" | "warn" | "error", (fields: object, message: string) => void>;

export type Worker = {
  /** Says that something was marked: look now rather than at the next poll. */
  readonly wake: () => void;
  /** Claims nothing more and returns when the running looks have ended. */
  readonly stop: () => Promise<void>;
  /** Hands back what looks that have not ended are at, due when the last that they asked of GitHub must have come to its end. */
  readonly handBack: () => Promise<void>;
};

/** Looks run at once: enough to hide GitHub's latency, few enough for its limit of 100 concurrent requests. */
const looksAtOnceMax = 8;
/** How often marks that became due without a delivery (a retry, another replica's) are found. */
const pollMs = 1000;
/** What an operator can do about an answer that was lost. */
const unansweredAdvice =
  "An answer to a command could not be written and is not repeated. The check run says the same; unlock the conversation, or give the app write access to pull requests, if people are to read it there";
/** Between looks at one target that failed. */
const backOff = { firstMs: 1000, maxMs: 10 * 60_000 };

/**
 * Works off marks, those with a person waiting first: claims one, looks, finishes it. A look that fails is repeated after
 * the time GitHub asked for, else with growing pauses; it stays in the store, and in `/health`, until it succeeds. Who waits for
 * GitHub (`outages.ts`) is passed over.
 *
 * idle -> (wake or poll) -> claiming -> looking (up to `looksAtOnceMax`) -> claiming … until nothing is due -> idle
 */
export function startWorker(context: WorkerContext): Worker {
  const running = new Map<ClaimedMark, Promise<void>>();
  const state = { stopped: false, claiming: false, askedAgain: false };
  let claims = Promise.resolve();

  const claimAll = async () => {
    try {
      do {
        state.askedAgain = false;
        while (!state.stopped && running.size < looksAtOnceMax) {
          const { store, worker } = context;
          const claim = { worker: `${worker} ${randomUUID()}`, now: context.now(), leaseMs };
          const mark = await claimMark(store, { ...claim, waiting: context.outages.waiting() });
          if (mark === null) break;
          const work = workOff(context, mark, wakeSoon).finally(() => {
            running.delete(mark);
            wake();
          });
          running.set(mark, work);
        }
      } while (state.askedAgain && !state.stopped);
    } catch (error) {
      context.log.error({ error: String(error) }, "Marks cannot be claimed; trying again");
    } finally {
      // Not a moment after the last question whether to go on: who wakes the worker in between would wait for the next poll.
      state.claiming = false;
    }
  };
  const wake = () => {
    if (state.claiming) state.askedAgain = true;
    if (state.claiming || state.stopped) return;
    state.claiming = true;
    claims = claimAll();
  };
  let soon: NodeJS.Timeout | undefined;
  const wakeSoon = () => {
    clearTimeout(soon);
    soon = setTimeout(wake, busyDelayMs);
  };
  const poll = setInterval(wake, pollMs);
  wake();
  return {
    wake,
    stop: async () => {
      state.stopped = true;
      clearInterval(poll);
      await claims;
      await Promise.all(running.values());
      clearTimeout(soon);
    },
    handBack: async () => {
      const { store, now } = context;
      // Where the store cannot be written their leases run out instead.
      for (const mark of running.keys())
        await releaseMark(store, mark, now() + requestTimeoutMs).catch(() => undefined);
    },
  };
}

/**
 * Never throws: whatever happens to a mark is written into the store, or its lease runs out and it is claimed again.
 * @param putOff told when it has to wait for another look at its head.
 */
async function workOff(context: WorkerContext, mark: ClaimedMark, putOff: () => void): Promise<void> {
  const about = aboutOf(mark);
  const { outages } = context;
  try {
    const until = outages.begin(mark);
    if (until !== null) {
      await releaseMark(context.store, mark, until);
      return;
    }
    // It may be what ends the server, which then ends more and more rarely.
    if (mark.died && mark.attempts >= failuresShownFrom)
      throw new Error(`The server ended over it: ${mark.attempts} looks came to nothing. It waits.`);
    const target = parseTarget(mark.target);
    if (target === null) throw new Error(`This version does not know the target ${mark.target}`);
    const renew = async () => renewMark(context.store, mark, { now: context.now(), leaseMs });
    const result = await whileRenewed(renew, async () => visit(context, mark, target));
    if (result?.kind === "busy") {
      outages.failed(mark, null);
      await releaseMark(context.store, mark, context.now() + busyDelayMs);
      putOff();
      return;
    }
    outages.succeeded(mark);
    if (result?.kind === "published" && result.unread !== null) {
      await giveBack(context, mark, new GitHubError(result.unread));
    } else if (result?.kind === "deployment" && result.again !== null) {
      await releaseMark(context.store, mark, result.again);
    } else await finishMark(context.store, mark);
    if (result?.kind === "deployment") {
      const { outcome, wrote } = result;
      if (wrote || outcome === "gone") context.deployed?.(outcome);
      context.log.info({ ...about, outcome, wrote }, "Looked at a deployment");
    }
    if (result?.kind === "published") {
      const { headSha, look: number, verdict, wrote, phases } = result;
      const waited = mark.attempts === 0 && mark.priority <= priorities.change;
      const sinceDeliveryMs = waited ? context.now() - mark.dueAt : null;
      context.looked?.({ verdict: verdict.outcome.kind, phases, sinceDeliveryMs });
      context.log.info({ ...about, headSha, look: number, verdict: verdict.outcome.kind, wrote }, "Looked");
      for (const error of result.unanswered) context.log.warn({ ...about, headSha, error }, unansweredAdvice);
    }
  } catch (error) {
    outages.failed(mark, error);
    await showIfLasting(context, mark, error);
    await giveBack(context, mark, error).catch((failed: unknown) => {
      context.log.error(
        { ...about, error: String(failed) },
        "A failed look could not be recorded; its lease will run out",
      );
    });
  }
}

/** A look that fails once or twice is nobody's business; where looks go on failing they must not leave a green check behind. */
async function showIfLasting(context: WorkerContext, mark: ClaimedMark, error: unknown): Promise<void> {
  const attempts = mark.attempts + 1;
  const target = parseTarget(mark.target);
  const isOutage = error instanceof GitHubError && error.unavailable && context.outages.lasts(mark);
  if (attempts < failuresShownFrom && !isOutage) return;
  if (target === null || (error instanceof GitHubError && error.gone)) return;
  try {
    const github = await clientOf(context, mark.installation);
    await showFailure(context, github, { target, error });
  } catch (failed) {
    context.log.warn(
      { ...aboutOf(mark), attempts, error: String(failed) },
      "A look keeps failing, and the failing check could not be written either",
    );
  }
}

type Visited = LookResult | DeploymentLook | { readonly kind: "busy" } | null;

async function visit(context: WorkerContext, mark: ClaimedMark, target: Target): Promise<Visited> {
  const github = await clientOf(context, mark.installation);
  switch (target.kind) {
    case "pull": {
      const { installation, rewrite } = mark;
      const result = await look(context, github, { pull: target, installation, rewrite });
      if (result.kind === "busy") return result;
      const judged = result.kind === "published" ? result.judged : [];
      await markGroups(context, mark, repoKey(target.owner, target.repo), [target.number, ...judged]);
      if (result.kind === "published") await markNewLedger(context, mark, target, result.base);
      if (result.landing !== null) await settleMerge(context, github, result.landing, installation);
      return result;
    }
    case "branch":
      await lookAtBranch(context, github, { ...target, installation: mark.installation });
      return null;
    case "group":
      return lookAtGroup(context, github, { ...target, rewrite: mark.rewrite });
    case "deploy":
      return lookAtDeployment(context, github, target);
    case "repo":
      await markOpenPulls(context, github, mark, target);
      return null;
    case "rules":
      await markChanged(context, github, mark, target);
      return null;
    case "installation":
    case "all-rules":
      await markRepositories(context, github, mark, target.kind);
      return null;
  }
}

/** The ledger of a gated branch begins with the first pull request to it, before anything lands. */
async function markNewLedger(
  { store, now }: WorkerContext,
  { installation }: ClaimedMark,
  { owner, repo }: PullRef,
  base: string,
): Promise<void> {
  const key = repoKey(owner, repo);
  if ((await ledgerHead(store, key, base)) !== null) return;
  const mark = { target: branchTarget(key, base), installation, priority: priorities.change };
  await putMarks(store, [mark], now());
}

/** What every line of the log about a mark names. */
function aboutOf({ target, installation }: ClaimedMark) {
  const parsed = parseTarget(target);
  const repository = parsed !== null && "repo" in parsed ? repoKey(parsed.owner, parsed.repo) : undefined;
  const pullRequest = parsed?.kind === "pull" ? parsed.number : undefined;
  return { target, installation, repository, pullRequest };
}

async function clientOf(context: WorkerContext, installation: number): Promise<GitHub> {
  return asking(context.now(), async () => context.clientFor(installation));
}

async function giveBack(context: WorkerContext, mark: ClaimedMark, error: unknown): Promise<void> {
  const about = { ...aboutOf(mark), attempts: mark.attempts + 1 };
  if (error instanceof GitHubError && error.gone) {
    context.log.warn(
      { ...about, error: error.message },
      "Dropped: it is gone, or the app may not see it any more",
    );
    const target = parseTarget(mark.target);
    if (target?.kind === "pull")
      await forgetOpen(context.store, repoKey(target.owner, target.repo), target.number);
    await finishMark(context.store, mark);
    return;
  }
  const message = messageOf(error);
  const wait = pauseMs(backOff, mark.attempts, context.random());
  const asked = error instanceof GitHubError ? error.retryAt : null;
  const dueAt = Math.max(asked ?? 0, context.now() + wait);
  const log = error instanceof GitHubError ? "warn" : "error";
  const stack = error instanceof GitHubError || !(error instanceof Error) ? undefined : error.stack;
  context.log[log](
    { ...about, error: message, stack, retryAt: new Date(dueAt).toISOString() },
    "The look failed and will be repeated",
  );
  await retryMark(context.store, mark, { dueAt, error: message });
}
