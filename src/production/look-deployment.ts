import {
  decideDeployment,
  type DeploymentDecision,
  type DeploymentFacts,
  type DeploymentRange,
  type RangeCommit,
} from "../gate/deployment.ts";
import { highestLevelNamed } from "../gate/guard.ts";
import { peopleAtOrAbove } from "../gate/roster.ts";
import { type Config, readable, type Verdict } from "../gate/verdict.ts";
import type { GitHub } from "../github/client.ts";
import { publishDeployment, type DeploymentRef } from "../github/publish-deployment.ts";
import {
  type Commits,
  rangeMax,
  readCommitsSince,
  readHistory,
  readMergeCommit,
  readRun,
  type Run,
} from "../github/read-deployment.ts";
import { deployTarget, repoKey } from "../github/targets.ts";
import { type HeadLease, withHead } from "../lease.ts";
import type { LookContext } from "../look.ts";
import { rulesOf } from "../rules/rejudge.ts";
import {
  approvedBefore,
  type Deployment,
  deploymentOf,
  type DeploymentRecord,
  recordDeployment,
  settleDeployment,
} from "../store/deployments.ts";
import { type Landed, landedCommits } from "../store/landed.ts";
import { storedPull } from "../store/pulls.ts";

/** What became of a look at a deployment. */
export type DeploymentLook =
  | { readonly kind: "busy" }
  | {
      readonly kind: "deployment";
      readonly outcome: "approved" | "observed" | "rejected" | "waiting" | "gone";
      /** Whether GitHub was told something; it is not where nothing is new. */
      readonly wrote: boolean;
      /** When to look again, ms since epoch, though nothing is heard; null: not before something is. */
      readonly again: number | null;
    };

/**
 * One look at a deployment that waits for this gate: what it would bring is looked up in the ledger, and GitHub is told, with the
 * reason, once that is something new. Two looks at one deployment never interleave, and what is decided is written down before
 * GitHub is told, so that nothing is approved twice and no approval is forgotten.
 * @returns null when nobody asked for it, or it was answered.
 * @throws GitHubError when GitHub cannot be read or written; the deployment waits then.
 */
export async function lookAtDeployment(
  context: LookContext,
  github: GitHub,
  ref: DeploymentRef,
): Promise<DeploymentLook | null> {
  const repo = repoKey(ref.owner, ref.repo);
  const target = deployTarget(repo, ref.run, ref.environment);
  const looked = await withHead(context, { repo, sha: target }, async (lease) => {
    const deployment = await deploymentOf(context.store, target);
    if (deployment === null || deployment.settled) return { result: null };
    return { result: await lookAt(context, github, { ref, deployment, lease }) };
  });
  return looked === null ? { kind: "busy" } : looked.result;
}

/** GitHub tells of a deployment a moment before it shows it, or takes an answer. */
const showsWithinMs = 60_000;
/** How soon what was only a moment too early is looked at again. */
const soonMs = 15_000;

/** Of GitHub's 10 reports one is kept for the end, and one for a report that was taken though its answer was lost. */
const reportsMax = 8;

type Looking = {
  readonly ref: DeploymentRef;
  readonly deployment: Deployment;
  readonly lease: HeadLease;
};

async function lookAt(context: LookContext, github: GitHub, looking: Looking): Promise<DeploymentLook> {
  const { store, now } = context;
  const { ref, deployment } = looking;
  const run = await readRun(github, ref, now());
  if (run?.pending !== true) return noLongerPending(context, looking, run);
  const sha = deployment.sha ?? run.headSha;
  const facts = await collect(context, github, looking, { run, sha });
  const decision = decideDeployment(facts);
  const because = { range: inShort(facts.range), approvedLast: facts.approvedLast };
  const record = { deployment, sha, attempt: run.attempt, because };
  if (decision.kind === "waiting") return report(context, github, looking, { decision, record });
  const { kind: state, comment } = decision;
  if (deployment.state !== state)
    await recordDeployment(store, { ...record, state, said: comment, now: now() });
  await looking.lease.renew();
  const answer = { state: state === "rejected" ? state : "approved", comment } as const;
  await publishDeployment(github, ref, answer, now());
  await settleDeployment(store, { deployment: { ...deployment, state }, sha, now: now() });
  return { kind: "deployment", outcome: state, wrote: true, again: null };
}

/** Says why it waits, where that is something new. */
async function report(
  { store, now }: LookContext,
  github: GitHub,
  { ref, deployment, lease }: Looking,
  {
    decision: { comment, soon },
    record,
  }: {
    readonly decision: Extract<DeploymentDecision, { kind: "waiting" }>;
    readonly record: Pick<DeploymentRecord, "deployment" | "sha" | "attempt" | "because">;
  },
): Promise<DeploymentLook> {
  const again = soon ? now() + soonMs : null;
  const waiting = { kind: "deployment", outcome: "waiting", again } as const;
  if (comment === null || comment === deployment.said || deployment.reports >= reportsMax)
    return { ...waiting, wrote: false };
  await lease.renew();
  await publishDeployment(github, ref, { state: null, comment }, now());
  await recordDeployment(store, { ...record, state: "waiting", said: comment, now: now() });
  return { ...waiting, wrote: true };
}

/** The run does not wait for this environment: not yet, not any more, or it vanished. */
async function noLongerPending(
  { store, now }: LookContext,
  { deployment }: Looking,
  run: Run | null,
): Promise<DeploymentLook> {
  const sha = deployment.sha ?? run?.headSha ?? "";
  if (deployment.state !== "waiting") {
    // It was decided, and whether GitHub took that was all that was open.
    await settleDeployment(store, { deployment, sha, now: now() });
    return { kind: "deployment", outcome: deployment.state, wrote: false, again: null };
  }
  if (now() - deployment.askedAt < showsWithinMs)
    return { kind: "deployment", outcome: "waiting", wrote: false, again: now() + soonMs };
  const because = { run: run === null ? "vanished" : "waits for this environment no longer" };
  const attempt = run?.attempt ?? deployment.attempt;
  await recordDeployment(store, { deployment, sha, attempt, state: "gone", said: null, because, now: now() });
  return { kind: "deployment", outcome: "gone", wrote: false, again: null };
}

type Collected = DeploymentFacts & { readonly approvedLast: string | null };

async function collect(
  context: LookContext,
  github: GitHub,
  { ref, deployment }: Looking,
  { run, sha }: { readonly run: Run; readonly sha: string },
): Promise<Collected> {
  const { store, configRepo, now } = context;
  const repo = repoKey(ref.owner, ref.repo);
  const { config } = await rulesOf({ store, configRepo, now: now() }, github, ref);
  const { environment } = deployment;
  const { same, last } = await approvedBefore(store, { repo, environment, sha });
  const range = same
    ? ({ kind: "approved-before" } as const)
    : await readRange(context, github, { ...ref, sha, last });
  const landed = (await landedCommits(store, repo, [sha])).get(sha);
  return {
    environment,
    sha,
    runOf: run.of,
    repository: repo,
    policies: config.policies,
    range,
    partOf: same || landed === undefined ? null : await partOf(context, github, ref, landed),
    able: await whoIsAble(context, repo, config, range),
    waitedMs: now() - deployment.askedAt,
    approvedLast: last,
  };
}

async function readRange(
  { store, now }: LookContext,
  github: GitHub,
  { owner, repo, sha, last }: DeploymentRef & { readonly sha: string; readonly last: string | null },
): Promise<DeploymentRange> {
  const lookUp = async (shas: readonly string[]): Promise<RangeCommit[]> => {
    const landed = await landedCommits(store, repoKey(owner, repo), shas);
    return shas.map((one) => ({ sha: one, landed: landed.get(one) ?? null }));
  };
  const since =
    last === null ? null : await readCommitsSince(github, { owner, repo }, { base: last, head: sha }, now());
  if (last !== null && since !== null) {
    if (!since.complete) return { kind: "too-long", base: last, commits: since.total, max: rangeMax };
    // An older commit than the one approved last brings nothing, but it must have been a state of a gated branch, too.
    return { kind: "since", base: last, commits: await lookUp(including(sha, since)) };
  }
  const history = await readHistory(github, { owner, repo }, sha, now());
  if (history === null) return { kind: "unknown-sha" };
  const { complete } = history;
  return { kind: "whole", base: last, commits: await lookUp(including(sha, history)), complete };
}

function including(sha: string, { shas }: Commits): readonly string[] {
  return shas.includes(sha) ? shas : [...shas, sha];
}

/**
 * The pull request that the commit is only a part of: its senior approved the whole, and nobody what it was in between. Null where
 * the pull request landed as this commit, and for what came through none.
 */
async function partOf(
  { now }: LookContext,
  github: GitHub,
  ref: DeploymentRef,
  { sha, number }: Landed,
): Promise<number | null> {
  if (number === null) return null;
  return (await readMergeCommit(github, ref, number, now())) === sha ? null : number;
}

/** Pull requests of which it is looked up who can countersign; a comment has room for fewer. */
const pullsMax = 20;

async function whoIsAble(
  { store, now }: LookContext,
  repo: string,
  { roster, policies }: Config,
  range: DeploymentRange,
): Promise<DeploymentFacts["able"]> {
  const commits = range.kind === "since" || range.kind === "whole" ? range.commits : [];
  const uncleared = commits.flatMap(({ landed }) => (landed?.cleared === false ? (landed.number ?? []) : []));
  const byPull = new Map<number, readonly string[]>();
  for (const number of [...new Set(uncleared)].slice(0, pullsMax)) {
    const stored = await storedPull(store, repo, number);
    const candidates = stored === null ? [] : candidatesIn(stored.verdict);
    if (candidates.length > 0) byPull.set(number, candidates);
  }
  if (roster.kind !== "read") return { byPull, others: [] };
  const day = new Date(now()).toISOString().slice(0, 10);
  const others = peopleAtOrAbove(roster.value, highestLevelNamed(readable(policies), roster.value), day);
  return { byPull, others: others.map(({ login }) => login) };
}

function candidatesIn({ rules }: Verdict): string[] {
  return [...new Set(rules.flatMap(({ missing, candidates }) => (missing > 0 ? candidates : [])))];
}

/** For the audit log: enough to see what a decision rests on. */
function inShort(range: DeploymentRange): unknown {
  if (range.kind !== "since" && range.kind !== "whole") return range;
  const open = range.commits.filter(({ landed }) => landed?.cleared !== true).map(({ sha }) => sha);
  return { ...range, commits: range.commits.length, notCleared: open.slice(0, pullsMax), of: open.length };
}
