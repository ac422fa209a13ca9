/** Finds what changed on GitHub without a delivery that told us: lost ones, our own outages, somebody's deleted check runs. */
import type { GitHub } from "../github/client.ts";
import { priority } from "../github/effects.ts";
import { messageOf } from "../github/errors.ts";
import { type ClientFor, type Installation, listInstallations } from "../github/installations.ts";
import { listOpenPulls, listRepositories } from "../github/open-pulls.ts";
import { readMoved } from "../github/read-branch.ts";
import { type FoundPull, searchOpenPulls } from "../github/search-open-pulls.ts";
import { branchTarget, pullTarget, repoKey } from "../github/targets.ts";
import { ledgersOf } from "../store/landed.ts";
import { putMarks } from "../store/marks.ts";
import { pushTo } from "../store/observations.ts";
import { type KnownPull, knownPulls } from "../store/pulls.ts";
import type { Store } from "../store/store.ts";
import type { Outages } from "./outages.ts";
import { affordableLooks } from "./quota.ts";
import type { Log } from "./worker.ts";

export type SweepContext = {
  readonly store: Store;
  readonly appId: number;
  readonly clientFor: ClientFor;
  readonly now: () => number;
  readonly log: Log;
  readonly outages: Outages;
  /** Says that the server stops: what has begun ends soon. */
  readonly signal: AbortSignal;
};

/**
 * Compares the open pull requests of every installation with what the last look at each read, and the gated branches with what
 * the ledger has, and marks those that differ: one request for each hundred. Says how many. @throws GitHubError where the installations cannot be listed; what
 * fails for one of them is logged and does not keep the others waiting.
 */
export async function sweep(context: SweepContext): Promise<{ marked: number; failed: number }> {
  const done = { marked: 0, failed: 0 };
  for (const installation of await listInstallations(context.clientFor, context.now())) {
    if (context.signal.aborted) return done;
    const about = { installation: installation.id, owner: installation.owner };
    const chore = { name: "sweep", installation: installation.id };
    try {
      const marked = await context.outages.attempt(chore, async () =>
        sweepInstallation(context, installation),
      );
      done.marked += marked;
      context.log.info({ ...about, marked }, "Swept");
    } catch (error) {
      done.failed += 1;
      context.log.warn({ ...about, error: messageOf(error) }, "The sweep failed and will be repeated");
    }
  }
  return done;
}

async function sweepInstallation(context: SweepContext, installation: Installation): Promise<number> {
  const { store, appId, now } = context;
  const github = await context.clientFor(installation.id);
  const found = await searchOpenPulls(github, installation, { appId, now: now() });
  const known = new Map((await knownPulls(store, installation.id)).map((pull) => [targetOf(pull), pull]));
  const listed = found.complete ? [] : await listBeyond(context, installation, found.pulls);
  const changed = [...found.pulls, ...listed].filter((pull) => isChanged(pull, known.get(targetOf(pull))));
  const there = new Set([...found.pulls, ...listed].map(targetOf));
  // Closed, merged or moved out of sight, and nobody told us.
  const gone = [...known.values()].filter((pull) => !there.has(targetOf(pull)));
  const affordable = affordableLooks(found.quota);
  const mark = async (targets: readonly string[]) => {
    const marks = targets.map((target) => ({
      target,
      installation: installation.id,
      priority: priority.sweep,
    }));
    await putMarks(store, marks, now());
    return targets.length;
  };
  const marked = await mark([...changed, ...gone].map(targetOf).slice(0, affordable));
  // Where this fails the others are marked already.
  const pushed = await findPushed(context, github, installation);
  return marked + (await mark(pushed.slice(0, affordable - marked)));
}

/** Branches with a ledger that are at a commit which is not its last, and which no delivery told of: that would have marked them. */
async function findPushed(
  { store, now }: SweepContext,
  github: GitHub,
  { owner }: Installation,
): Promise<string[]> {
  const targets: string[] = [];
  for (const { repo, branch, head } of await readMoved(github, await ledgersOf(store, owner), now())) {
    // A branch that is not gated any more keeps the ledger it had; it is not looked at each time.
    if ((await pushTo(store, repo, branch, [head])) === null) targets.push(branchTarget(repo, branch));
  }
  return targets;
}

type Listed = Omit<FoundPull, "updatedAt" | "checked"> & Partial<Pick<FoundPull, "updatedAt" | "checked">>;

/** What a search does not show any more, repository by repository. */
async function listBeyond(
  { clientFor, now }: SweepContext,
  { id }: Installation,
  found: readonly FoundPull[],
): Promise<Listed[]> {
  const github = await clientFor(id);
  const seen = new Set(found.map(targetOf));
  const listed: Listed[] = [];
  for (const fullName of await listRepositories(github, now())) {
    const [owner = "", repo = ""] = fullName.split("/");
    for (const pull of await listOpenPulls(github, owner, repo, now())) {
      const one = { ...pull, repo: fullName };
      if (!seen.has(targetOf(one))) listed.push(one);
    }
  }
  return listed;
}

function isChanged(pull: Listed, known: KnownPull | undefined): boolean {
  if (known === undefined) return true;
  if (pull.headSha !== known.headSha || pull.base !== known.base) return true;
  if (pull.updatedAt !== undefined && pull.updatedAt !== known.updatedAt) return true;
  return pull.checked === false && known.judged;
}

function targetOf({ repo, number }: { readonly repo: string; readonly number: number }): string {
  const [owner = "", name = ""] = repo.split("/");
  return pullTarget(repoKey(owner, name), number);
}
