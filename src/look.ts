import { randomUUID } from "node:crypto";
import { answerCommands } from "./answer-commands.ts";
import { type CollectContext, collectFacts, read } from "./collect-facts.ts";
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
import { type HeadRef, publishCheckRun, type Published } from "./github/publish-check-run.ts";
import type { OwnCheckRun, PullRead, PullRef } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import { leaseHead, releaseHead } from "./store/heads.ts";
import { knownHead, noteRead } from "./store/pulls.ts";
import { evidenceObservation, rememberObservations } from "./store/observations.ts";
import { recordLook } from "./store/record-look.ts";
import { rememberShown } from "./store/shown.ts";

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
      /** Why answers to commands could not be written. Nobody repeats them: the check run says the same. */
      readonly unanswered: readonly string[];
      readonly headSha: string;
      readonly look: number;
      readonly verdict: Verdict;
      readonly wrote: Published["wrote"];
    };

/** Who may judge and publish on a head SHA: long enough for a large pull request, short enough when its holder died. */
export const headLeaseMs = 60_000;

/**
 * How far our clock may be behind GitHub's, where only ours tells since when a check run stands: GitHub asks apps to allow
 * for as much.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
const clockDriftMaxMs = 60_000;

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

type Judged = { readonly facts: Facts; readonly verdict: Verdict };
type Looking = { readonly seen: PullRead; readonly look: number; readonly until: number };

async function lookAt(
  context: LookContext,
  github: GitHub,
  request: LookRequest,
  { seen, look, until }: Looking,
): Promise<LookResult> {
  const { owner, repo, headSha } = seen.facts;
  const { facts, config, versions } = await collectFacts(context, github, seen);
  const judged: Judged[] = [];
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
    if (each.open) judged.push({ facts: each, verdict });
  }
  if (judged.length === 0) {
    await noteRead(context.store, hintOf(request, seen));
    return { kind: "not-gated", headSha };
  }
  const verdict = strictest(judged.map((each) => each.verdict));
  const { checkRun } = seen;
  const { rewrite } = request;
  const about = { owner, repo, headSha, verdict, checkRun, witness, rewrite, until };
  const { wrote, at, passing } = await publishVerdict(context, github, about);
  const shown = { sha: headSha, passing, at: at ?? context.now() + clockDriftMaxMs };
  for (const { facts: each } of judged) {
    await rememberShown(context.store, { repo: repoKey(owner, repo), number: each.number, ...shown });
  }
  const unanswered = await answerCommands(context, github, judged, config);
  await noteRead(context.store, hintOf(request, seen));
  const unread =
    verdict.outcome.kind === "undecidable"
      ? (facts.map(whatIsUnread).find((why) => why !== null) ?? null)
      : null;
  return { kind: "published", headSha, look, verdict, wrote, unread, unanswered };
}

/** Written last: until then a sweep would find that this pull request still needs its look. */
function hintOf({ installation }: LookRequest, { facts, updatedAt }: PullRead) {
  const { owner, repo, number, headSha, base, open, merged } = facts;
  return { repo: repoKey(owner, repo), number, installation, headSha, base, open, merged, updatedAt };
}

/**
 * Publishes a verdict on a head SHA that is leased until `until`. @throws GitHubError, also when the lease is about to run out:
 * who comes after us may hold it before a hanging request is answered; what we say then could be older than theirs.
 * @returns also whether it lets pass what is to be merged.
 */
export async function publishVerdict(
  context: LookContext,
  github: GitHub,
  about: HeadRef & {
    readonly verdict: Verdict;
    readonly checkRun: OwnCheckRun | null;
    readonly witness: string;
    readonly rewrite: boolean;
    readonly until: number;
  },
): Promise<Published & { readonly passing: boolean }> {
  const { owner, repo, headSha, verdict, checkRun, witness, rewrite, until } = about;
  if (context.now() > until - requestTimeoutMs)
    throw new GitHubError(`The look at ${headSha.slice(0, 7)} took too long to be published.`);
  const options = { externalId: witness, rewrite, now: context.now() };
  const output = render(verdict);
  const published = await publishCheckRun(github, { owner, repo, headSha }, output, checkRun, options);
  return { ...published, passing: output.conclusion === "success" };
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
