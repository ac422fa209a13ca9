/**
 * Who has to wait because GitHub does not answer, or asked to wait. Known to this process alone, as its limits are: each replica
 * finds out by itself, with one look after each pause.
 *
 * fine -> (5xx, time-out, dropped connection) -> waiting -> (its time is over) -> on trial: one look at a time
 *      <- (a look ends well) <------------------------------------------------------ on trial -> (fails as well) -> waiting
 *
 * What failed may be GitHub, or one repository of it, or one query: some pull requests are so large that they are answered 502 for
 * ever. So a repository waits longer the more of its targets failed since one did not, and an installation the more of its
 * repositories: what fails by itself makes others wait a second whenever it is tried again, which is ever more rarely, and never
 * longer. Marks that wait stay as they are, without an attempt counted. But a look that fails when that has lasted says so at once
 * in a failing check, if GitHub takes it: with queries out of order and writes in order, no green check must stand on.
 */
import { GitHubError } from "../github/errors.ts";
import { scopeOf, type Waiting } from "../store/next-scope.ts";

/** What is tried: the look of a mark, or a chore. */
type Trial = { readonly installation: number | "app"; readonly target: string };

export type Outages = {
  /** Of whom nothing may be claimed now: those that wait, and those on trial whose look is under way. */
  readonly waiting: () => Waiting;
  /** How many installations wait or are on trial. */
  readonly count: () => number;
  /** Says that a look begins. @returns null, or until when (ms since epoch) it has to wait instead. */
  readonly begin: (look: Trial) => number | null;
  /** Whether nothing like this look has succeeded for so long that a green check must not stand on. */
  readonly lasts: (look: Trial) => boolean;
  /** It ended well. */
  readonly succeeded: (look: Trial) => void;
  /** It ended otherwise. @param error with what: only a GitHubError says something about GitHub. */
  readonly failed: (look: Trial, error: unknown) => void;
  /**
   * Does a chore for an installation, or for the app itself.
   * @throws GitHubError where those have to wait, and whatever `work` throws.
   */
  readonly attempt: <T>(
    chore: { readonly name: string; readonly installation: number | "app" },
    work: () => Promise<T>,
  ) => Promise<T>;
};

/** `since`: of the first failure of GitHub's; null where it only asked to wait. */
type Trouble = {
  until: number;
  trial: string | null;
  since: number | null;
  readonly failed: Set<string>;
};

const pauseFirstMs = 1_000;
/** Whoever has to wait is looked at a minute after GitHub is back, at the latest. */
const installationPauseMaxMs = 60_000;
/** Shorter: somebody may have made many pull requests that large on purpose, and the others of the repository wait with them. */
const repositoryPauseMaxMs = 15_000;
/** About as long as five looks at one target take that fail one after the other, where GitHub is slow to fail. */
const lastsFromMs = 30_000;
/** How often it is asked whether a look on trial has ended. */
const trialMs = 1_000;
/** What nobody has tried for so long after its pause is forgotten: GitHub may have answered well all that time. */
const keptMs = 30_000;
/** So many are named to the database with every claim. Who is past that is claimed, and given back. */
const waitingMax = 1_000;

/** Doubles with each time before, and is spread over its second half: what failed together is not tried again together. */
export function pauseMs(
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
  before: number,
  random: number,
): number {
  return Math.ceil(Math.min(maxMs, firstMs * 2 ** before) * (1 - random / 2));
}

type Known = {
  readonly now: () => number;
  readonly random: () => number;
  /** By installation, and by scope, which has a blank. */
  readonly troubles: Map<string, Trouble>;
};

/** @param given.now the clock, ms since epoch. @param given.random at least 0, less than 1. */
export function createOutages(given: Pick<Known, "now" | "random">): Outages {
  const { now } = given;
  const troubles: Known["troubles"] = new Map();
  const known = { ...given, troubles };
  const failed = (trial: Trial, error: unknown) => {
    endTrial(known, trial);
    if (error instanceof GitHubError) blame(known, trial, error);
  };
  const succeeded = (trial: Trial) => {
    endTrial(known, trial);
    // While they wait, because another look failed, this one tells nothing new: it began before.
    for (const key of keysOf(trial)) if ((troubles.get(key)?.until ?? 0) <= now()) troubles.delete(key);
  };
  return {
    waiting: () => waitingOf(known),
    count: () => [...troubles.keys()].filter((key) => Number(key) > 0).length,
    begin: (look) => {
      const until = waitUntil(known, look);
      if (until > now()) return until;
      for (const one of troublesOf(known, look)) one.trial = look.target;
      return null;
    },
    lasts: (look) =>
      troublesOf(known, look).some(({ since }) => since !== null && since + lastsFromMs <= now()),
    succeeded,
    failed,
    attempt: async ({ name, installation }, work) => {
      const chore = { installation, target: `${name}:${installation}` };
      const retryAt = waitUntil(known, chore);
      if (retryAt > now()) throw new GitHubError(leftAlone, { retryAt });
      try {
        const result = await work();
        succeeded(chore);
        return result;
      } catch (error) {
        failed(chore, error);
        throw error;
      }
    },
  };
}

const leftAlone = "GitHub does not answer, or asked to wait, and is left alone until then.";

function keysOf({ installation, target }: Trial): readonly [installation: string, scope: string] {
  return [String(installation), scopeOf({ installation, target })];
}

function troublesOf({ troubles }: Known, trial: Trial): Trouble[] {
  return keysOf(trial).flatMap((key) => troubles.get(key) ?? []);
}

function endTrial(known: Known, trial: Trial): void {
  for (const one of troublesOf(known, trial)) if (one.trial === trial.target) one.trial = null;
}

function waitUntil(known: Known, trial: Trial): number {
  const times = troublesOf(known, trial).map((one) =>
    one.trial === null ? one.until : known.now() + trialMs,
  );
  return Math.max(0, ...times);
}

function blame(known: Known, trial: Trial, { unavailable, retryAt }: GitHubError): void {
  const [installation, scope] = keysOf(trial);
  if (unavailable) {
    lengthen(known, { key: scope, culprit: trial.target, maxMs: repositoryPauseMaxMs });
    lengthen(known, { key: installation, culprit: scope, maxMs: installationPauseMaxMs });
  } else if (retryAt !== null) {
    const trouble = troubleOf(known, installation);
    trouble.until = Math.max(trouble.until, retryAt);
  }
}

function lengthen(
  known: Known,
  { key, culprit, maxMs }: { readonly key: string; readonly culprit: string; readonly maxMs: number },
): void {
  const { now, random } = known;
  const trouble = troubleOf(known, key);
  // What fails now was asked before that was known: looks that fail together are one failure.
  if (trouble.until > now()) return;
  trouble.since ??= now();
  trouble.failed.add(culprit);
  trouble.until = now() + pauseMs({ firstMs: pauseFirstMs, maxMs }, trouble.failed.size - 1, random());
}

function troubleOf({ troubles }: Known, key: string): Trouble {
  const trouble = troubles.get(key) ?? { until: 0, trial: null, since: null, failed: new Set() };
  troubles.set(key, trouble);
  return trouble;
}

function waitingOf({ troubles, now }: Known): Waiting {
  const keys: string[] = [];
  for (const [key, { until, trial }] of troubles) {
    if (until > now() || trial !== null) keys.push(key);
    else if (until + keptMs < now()) troubles.delete(key);
  }
  const named = keys.slice(-waitingMax);
  return {
    installations: named.map(Number).filter((key) => key > 0),
    scopes: named.filter((key) => key.includes(" ")),
  };
}
