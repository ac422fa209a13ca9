import type { Landing } from "../gate/landing.ts";
import type { GitHub } from "../github/client.ts";
import { priority } from "../github/effects.ts";
import { GitHubError } from "../github/errors.ts";
import { readPullsThatBrought } from "../github/read-branch.ts";
import { pullTarget, repoKey } from "../github/targets.ts";
import { type LookContext, lookInTurn, whatIsUnread } from "../look.ts";
import {
  answerAcceptances,
  type BypassContext,
  closeBypass,
  publishBypasses,
  raiseBypass,
} from "./bypasses.ts";
import { clearSince, recordMerge } from "./ledger.ts";
import { findBypass } from "../store/bypasses.ts";
import { markWaitingDeployments } from "../store/deployments.ts";
import { landedCommits } from "../store/landed.ts";
import { putMarks } from "../store/marks.ts";
import { openPullsFrom } from "../store/pulls.ts";

export type SettleContext = LookContext & BypassContext;

/**
 * What follows from a look at a merged pull request: the ledger learns what came to the branch with it; if that needed a
 * countersignature it lacked, it is a bypass; if somebody has given it since, it is none any more.
 * @param installation whose the repository is. @throws GitHubError, also while GitHub does not tell what the verdict needs.
 */
export async function settleMerge(
  context: SettleContext,
  github: GitHub,
  given: Landing,
  installation: number,
): Promise<void> {
  const { facts, verdict } = given;
  const { owner, repo, base: branch } = facts;
  const unread = verdict.outcome.kind === "undecidable" ? whatIsUnread(facts) : null;
  if (unread !== null) throw new GitHubError(unread);
  const found = await recordMerge(context, github, given);
  if (found === null) return;
  const { recorded, landing } = found;
  if (recorded.isNew) await markWaiting(context, { repo: repoKey(owner, repo), branch, installation });
  await settleOthers(context, github, landing, { shas: recorded.shas, installation });
  await raiseBypass(context, landing, recorded);
  await publishBypasses(context, github, { owner, repo, branch });
  const by = await clearSince(context, landing, recorded);
  if (by.length > 0) await markWaiting(context, { repo: repoKey(owner, repo), branch, installation });
  const bypass = await findBypass(context.store, { repo: repoKey(owner, repo), number: facts.number });
  if (by.length > 0 && bypass?.open === true)
    await closeBypass(context, github, { owner, repo }, { bypass, by });
  const places = bypass === null || bypass.issue === null ? [facts.number] : [facts.number, bypass.issue];
  await answerAcceptances(context, github, landing, places);
}

/** What waits for the ledger: pull requests from this branch to others, and deployments. */
export async function markWaiting(
  { store, now }: Pick<SettleContext, "store" | "now">,
  { repo, branch, installation }: { repo: string; branch: string; installation: number },
): Promise<void> {
  const numbers = await openPullsFrom(store, repo, branch);
  const marks = numbers.map((number) => ({
    target: pullTarget(repo, number),
    installation,
    priority: priority.change,
  }));
  await putMarks(store, marks, now());
  await markWaitingDeployments(store, { repo }, { priority: priority.change, now: now() });
}

/**
 * GitHub calls a pull request merged, too, whose commits came with another one: that one decides about them, so it is looked at
 * first. What is cleared already needs nobody.
 */
async function settleOthers(
  context: SettleContext,
  github: GitHub,
  { facts }: Landing,
  { shas, installation }: { readonly shas: readonly string[]; readonly installation: number },
): Promise<void> {
  const { owner, repo, base: branch, number } = facts;
  const known = await landedCommits(context.store, repoKey(owner, repo), shas);
  const uncleared = shas.filter((sha) => known.get(sha)?.cleared !== true);
  const brought = await readPullsThatBrought(github, { owner, repo, branch }, uncleared, context.now());
  const others = new Set([...brought.values()].flat().filter((other) => other !== number));
  for (const other of others) {
    const pull = { owner, repo, number: other };
    const { landing } = await lookInTurn(context, github, { pull, installation, rewrite: false });
    if (landing !== null) await recordMerge(context, github, landing);
  }
}
