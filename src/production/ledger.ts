import { clears, type Landing } from "../gate/landing.ts";
import type { Verdict } from "../gate/verdict.ts";
import type { GitHub } from "../github/client.ts";
import { readMerged } from "../github/read-merged.ts";
import { repoKey } from "../github/targets.ts";
import { appendAudit } from "../store/audit.ts";
import { clearedBefore, landedCommits, recordLanded } from "../store/landed.ts";
import { pushTo } from "../store/observations.ts";
import { type NewLanding, recordLanding } from "../store/record-landing.ts";
import { inTransaction, type Store } from "../store/store.ts";
import { provenLanding } from "./prove-landing.ts";

export type LedgerContext = { readonly store: Store; readonly now: () => number };

/** What the ledger has of a landing now: the commits that came with it, the last one first, and the audit row about them. */
export type Recorded = {
  readonly shas: readonly string[];
  readonly auditSeq: number;
  /** Whether the ledger did not have it before. */
  readonly isNew: boolean;
};

/**
 * Records what came to the base branch with a merged pull request, cleared where its verdict clears it. Commits that GitHub did not
 * make are cleared with it only if they brought what was approved.
 * @returns null where GitHub does not show what it was merged as: then nothing is cleared; else also the landing, as it is where what
 *   was approved is not proven to be what landed. @throws GitHubError
 */
export async function recordMerge(
  context: LedgerContext,
  github: GitHub,
  given: Landing,
): Promise<{ readonly recorded: Recorded; readonly landing: Landing } | null> {
  const { store, now } = context;
  const { facts } = given;
  const repo = repoKey(facts.owner, facts.repo);
  const last = facts.merge?.commit?.sha;
  if (last === undefined) return null;
  const push = await pushTo(store, repo, facts.base, [last]);
  const merged = await readMerged(github, facts, { before: push?.before ?? null, now: now() });
  if (merged === null) return null;
  const { how, made } = merged;
  const landing = await provenLanding(context, github, given, made);
  const shas = merged.shas.toSorted((one, two) => Number(two === last) - Number(one === last));
  const unproven =
    landing.unproven === null || made === null ? null : { ...landing.unproven, shas: made.shas };
  // What was approved is cleared by its verdict, whatever landed beside it.
  const recorded = await record(context, given, { how, shas, unproven });
  return { recorded: { shas, ...recorded }, landing };
}

/** Records what somebody pushed to a gated branch. @param shas the last one first. */
export async function recordPush(
  context: LedgerContext,
  landing: Landing,
  shas: readonly string[],
): Promise<Recorded> {
  return { shas, ...(await record(context, landing, { how: "push", shas, unproven: null })) };
}

/** Records commits that reached another gated branch before: they are cleared here as they are there. */
export async function recordUpdate(
  { store, now }: LedgerContext,
  { repo, branch, shas }: { repo: string; branch: string; shas: readonly string[] },
): Promise<void> {
  const known = await landedCommits(store, repo, shas);
  const cleared = await clearedBefore(store, repo, { shas, numbers: [], notWith: null });
  const policiesOf = new Map(
    cleared.flatMap((one) => (one.kind === "commit" ? [[one.sha, one.policies]] : [])),
  );
  await recordLanded(
    store,
    [...known.values()].map((commit) => ({
      ...commit,
      repo,
      branch,
      how: "update",
      auditSeq: null,
      at: now(),
      policies: policiesOf.get(commit.sha) ?? [],
    })),
  );
}

/**
 * Clears what was not cleared when it landed, if those who could have countersigned it then have done so since.
 * @returns who they are; empty when there is nothing to clear or nobody did.
 */
export async function clearSince(
  { store, now }: LedgerContext,
  landing: Landing,
  { shas }: Pick<Recorded, "shas">,
): Promise<readonly string[]> {
  const { facts, since, policies } = landing;
  if (!clears(since) || since.outcome.kind !== "countersigned") return [];
  const repo = repoKey(facts.owner, facts.repo);
  const known = await landedCommits(store, repo, shas);
  const waiting = [...known.values()].filter(({ cleared }) => !cleared);
  if (waiting.length === 0) return [];
  const by = countersignersOf(since);
  const about = { at: now(), repo, number: facts.merge === null ? null : facts.number, actorId: null };
  await inTransaction(store, async (transaction) => {
    const body = { branch: facts.base, by, commits: waiting.map(({ sha }) => sha) };
    const { seq } = await appendAudit(transaction, {
      ...about,
      kind: "accepted",
      sha: shas[0] ?? null,
      body,
    });
    const rows = waiting.map((commit) => ({ ...commit, repo, cleared: true, by, policies, auditSeq: seq }));
    await recordLanded(transaction, rows);
  });
  return by;
}

type Arrived = Pick<NewLanding, "how" | "shas" | "unproven">;

async function record(
  { store, now }: LedgerContext,
  { facts, verdict, policies }: Landing,
  { how, shas, unproven }: Arrived,
): Promise<Omit<Recorded, "shas">> {
  const { merge, base: branch, headSha: head } = facts;
  const { outcome, mode, evidence } = verdict;
  return recordLanding(store, {
    repo: repoKey(facts.owner, facts.repo),
    branch,
    how,
    shas,
    policies,
    number: merge === null ? null : facts.number,
    cleared: clears(verdict) ? shas.filter((sha) => unproven?.shas.includes(sha) !== true) : [],
    unproven,
    assisted: evidence.length > 0,
    by: countersignersOf(verdict),
    actorId: merge?.by?.id ?? facts.author?.id ?? null,
    body: { head, outcome, mode, evidence },
    at: merge === null ? now() : Date.parse(merge.at),
    now: now(),
  });
}

function countersignersOf({ outcome }: Verdict): string[] {
  if (outcome.kind === "countersigned") return outcome.by.map(({ login }) => login);
  return outcome.kind === "overridden" ? [outcome.by.login] : [];
}
