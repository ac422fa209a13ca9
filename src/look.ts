import { randomUUID } from "node:crypto";
import { type CollectContext, collectFacts, read } from "./collect-facts.ts";
import { configCheck } from "./config-check.ts";
import type { Evidence } from "./gate/evidence.ts";
import type { Facts } from "./gate/facts.ts";
import { signsToRemember } from "./gate/assistance.ts";
import { judge } from "./gate/judge.ts";
import type { Policy } from "./gate/policy.ts";
import { render } from "./gate/render.ts";
import { strictest } from "./gate/strictest.ts";
import type { Config, Verdict } from "./gate/verdict.ts";
import { type GitHub, requestTimeoutMs } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { type HeadRef, publishCheckRun, publishConfigCheckRun } from "./github/publish-check-run.ts";
import type { OwnCheckRun, PullRead, PullRef } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import type { ProposedChange } from "./proposed-changes.ts";
import { leaseHead, releaseHead } from "./store/heads.ts";
import { knownHead } from "./store/pulls.ts";
import { evidenceObservation, rememberObservations } from "./store/observations.ts";
import { recordLook } from "./store/record-look.ts";

/** What every look needs. `worker` names who holds its leases. */
export type LookContext = CollectContext & { readonly worker: string };

export type LookRequest = {
  readonly pull: PullRef;
  readonly installation: number;
  /** Publish even when nothing changed. */
  readonly rewrite: boolean;
};

/** What became of a look. `busy`: another look is at this head SHA; this one is to be repeated after it. */
export type LookResult =
  | { readonly kind: "busy" }
  | { readonly kind: "not-gated"; readonly headSha: string }
  | {
      readonly kind: "published";
      /** What GitHub would not tell, so that the verdict says "could not decide": to be asked again. Null when it told all. */
      readonly unread: string | null;
      readonly headSha: string;
      readonly look: number;
      readonly verdict: Verdict;
      readonly wrote: "created" | "updated" | "unchanged";
    };

/** Who may judge and publish on a head SHA: long enough for a large pull request, short enough when its holder died. */
export const headLeaseMs = 60_000;

/** How often the head may move while a look begins before it gives up and is repeated later. */
const headMovesMax = 3;

/**
 * One look at a pull request: read the facts at one head SHA, recall what was seen earlier, let the gate judge, record the
 * verdict, publish the check run. Looks at one head SHA never interleave: the SHA is leased before anything is read, so
 * what is published is never older than what stands there.
 * @throws GitHubError when GitHub cannot be read or written; nothing is published then that was not read completely.
 */
export async function look(context: LookContext, github: GitHub, request: LookRequest): Promise<LookResult> {
  const { store } = context;
  const { pull } = request;
  // A worker looks several times at once: one that comes back after its lease ran out must not give back another's.
  const holder = `${context.worker} ${randomUUID()}`;
  const repo = repoKey(pull.owner, pull.repo);
  let sha = (await knownHead(store, repo, pull.number)) ?? (await read(context, github, pull)).facts.headSha;
  for (let moves = 0; moves < headMovesMax; moves++) {
    const leased = sha;
    const leasedAt = context.now();
    const lease = await leaseHead(store, {
      repo,
      sha: leased,
      worker: holder,
      now: leasedAt,
      leaseMs: headLeaseMs,
    });
    if (lease === null) return { kind: "busy" };
    try {
      const seen = await read(context, github, pull);
      if (seen.facts.headSha === leased) {
        return await lookAt(context, github, request, {
          seen,
          look: lease.look,
          until: leasedAt + headLeaseMs,
        });
      }
      sha = seen.facts.headSha;
    } finally {
      await releaseHead(store, { repo, sha: leased, worker: holder });
    }
  }
  throw new GitHubError(`The head of ${repo}#${pull.number} kept moving.`);
}

type Looking = { readonly seen: PullRead; readonly look: number; readonly until: number };

async function lookAt(
  context: LookContext,
  github: GitHub,
  request: LookRequest,
  { seen, look, until }: Looking,
): Promise<LookResult> {
  const { owner, repo, headSha } = seen.facts;
  const { facts, config, versions, proposed } = await collectFacts(context, github, seen);
  const verdicts: Verdict[] = [];
  let witness = "";
  for (const each of facts) {
    const evidence = signsToRemember(each, policiesIn(config));
    const verdict = judge(each, config);
    if (verdict === null) {
      await rememberEvidence(context, each, evidence);
      continue;
    }
    const entry = await record(context, request.installation, { facts: each, verdict, evidence, versions });
    witness = `look:${look} audit:${entry.seq}:${entry.hash}`;
    if (each.open) verdicts.push(verdict);
  }
  const verdict = verdicts.length === 0 ? null : strictest(verdicts);
  const about = { owner, repo, headSha, rewrite: request.rewrite, until };
  const { checkRun, configCheckRun } = seen;
  const verdictWritten =
    verdict === null
      ? Promise.resolve(null)
      : publishVerdict(context, github, { ...about, verdict, checkRun, witness });
  const configWritten = facts.some(({ open }) => open)
    ? publishConfigCheck(context, github, { ...about, proposed, checkRun: configCheckRun, look })
    : Promise.resolve();
  // One that fails must not keep the other from being written, and the lease is given back when both have ended.
  await Promise.allSettled([verdictWritten, configWritten]);
  const [wrote] = await Promise.all([verdictWritten, configWritten]);
  if (verdict === null || wrote === null) return { kind: "not-gated", headSha };
  const unread =
    verdict.outcome.kind === "undecidable"
      ? (facts.map(whatIsUnread).find((why) => why !== null) ?? null)
      : null;
  return { kind: "published", headSha, look, verdict, wrote, unread };
}

/** A check run of a head SHA that is leased until `until`. */
type Publishing = HeadRef & {
  readonly checkRun: OwnCheckRun | null;
  readonly rewrite: boolean;
  readonly until: number;
};

/** Publishes a verdict on a head SHA. @throws GitHubError, also when its lease is about to run out. */
export async function publishVerdict(
  context: LookContext,
  github: GitHub,
  about: Publishing & { readonly verdict: Verdict; readonly witness: string },
): Promise<"created" | "updated" | "unchanged"> {
  const { owner, repo, headSha, verdict, checkRun, witness, rewrite } = about;
  assertLeased(context, about);
  const options = { externalId: witness, rewrite, now: context.now() };
  return publishCheckRun(github, { owner, repo, headSha }, render(verdict), checkRun, options);
}

/** Publishes what would become of roster and policy. Nothing where no such file is changed, unless the last look said so of one. */
async function publishConfigCheck(
  context: LookContext,
  github: GitHub,
  about: Publishing & { readonly proposed: readonly ProposedChange[]; readonly look: number },
): Promise<void> {
  const { owner, repo, headSha, proposed, checkRun, look, rewrite } = about;
  if (proposed.length === 0 && checkRun === null) return;
  assertLeased(context, about);
  const options = { externalId: `look:${look}`, rewrite, now: context.now() };
  await publishConfigCheckRun(github, { owner, repo, headSha }, configCheck(proposed), checkRun, options);
}

/** Who comes after us may hold the lease before a hanging request is answered; what we say then could be older than theirs. */
function assertLeased({ now }: LookContext, { headSha, until }: Publishing): void {
  if (now() > until - requestTimeoutMs)
    throw new GitHubError(`The look at ${headSha.slice(0, 7)} took too long to be published.`);
}

/** What may be there when it is asked for again, unlike what is past a limit. */
export function whatIsUnread(facts: Facts): string | null {
  const parts = [facts.commits, facts.files, facts.reviews, facts.labels, facts.timeline, facts.notes];
  return (
    parts.flatMap((part) => (part.kind === "unreadable" && part.pastLimit !== true ? [part.why] : []))[0] ??
    null
  );
}

function policiesIn(config: Config): Policy[] {
  return config.policies.flatMap((policy) => (policy.kind === "read" ? [policy.value] : []));
}

/** A base that is not gated today may be changed to one that is; what was seen until then still counts. */
async function rememberEvidence(
  { store, now }: LookContext,
  { owner, repo, number }: Facts,
  evidence: readonly Evidence[],
): Promise<void> {
  const key = repoKey(owner, repo);
  await rememberObservations(
    store,
    evidence.map((entry) => evidenceObservation(key, number, entry, now())),
  );
}

async function record(
  context: LookContext,
  installation: number,
  looked: {
    facts: Facts;
    verdict: Verdict;
    evidence: readonly Evidence[];
    versions: Readonly<Record<string, string>>;
  },
) {
  const { facts, verdict, evidence, versions: configVersions } = looked;
  const repo = repoKey(facts.owner, facts.repo);
  return recordLook(context.store, {
    repo,
    installation,
    facts,
    verdict,
    evidence,
    configVersions,
    now: context.now(),
  });
}
