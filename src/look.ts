import { type CollectContext, collectFacts, read } from "./collect-facts.ts";
import type { Evidence } from "./gate/evidence.ts";
import type { Facts } from "./gate/facts.ts";
import { signsToRemember } from "./gate/assistance.ts";
import { judge } from "./gate/judge.ts";
import type { Policy } from "./gate/policy.ts";
import { render } from "./gate/render.ts";
import { strictest } from "./gate/strictest.ts";
import type { Config, Verdict } from "./gate/verdict.ts";
import type { GitHub } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { type HeadRef, publishCheckRun } from "./github/publish-check-run.ts";
import type { OwnCheckRun, PullRead, PullRef } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import { type HeadLease, withHead } from "./lease.ts";
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
  const repo = repoKey(pull.owner, pull.repo);
  let sha = (await knownHead(store, repo, pull.number)) ?? (await read(context, github, pull)).facts.headSha;
  for (let moves = 0; moves < headMovesMax; moves++) {
    const leased = sha;
    const looked = await withHead(context, { repo, sha }, async (lease) => {
      const seen = await read(context, github, pull);
      if (seen.facts.headSha === leased) return lookAt(context, github, request, { seen, lease });
      return { kind: "moved", to: seen.facts.headSha } as const;
    });
    if (looked === null) return { kind: "busy" };
    if (looked.kind !== "moved") return looked;
    sha = looked.to;
  }
  throw new GitHubError(`The head of ${repo}#${pull.number} kept moving.`);
}

type Looking = { readonly seen: PullRead; readonly lease: HeadLease };

async function lookAt(
  context: LookContext,
  github: GitHub,
  request: LookRequest,
  { seen, lease }: Looking,
): Promise<LookResult> {
  const { owner, repo, headSha } = seen.facts;
  const { facts, config, versions } = await collectFacts(context, github, seen);
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
    witness = `look:${lease.look} audit:${entry.seq}:${entry.hash}`;
    if (each.open) verdicts.push(verdict);
  }
  if (verdicts.length === 0) return { kind: "not-gated", headSha };
  const verdict = strictest(verdicts);
  const { checkRun } = seen;
  const { rewrite } = request;
  const about = { owner, repo, headSha, verdict, checkRun, witness, rewrite, lease };
  const wrote = await publishVerdict(context, github, about);
  const unread =
    verdict.outcome.kind === "undecidable"
      ? (facts.map(whatIsUnread).find((why) => why !== null) ?? null)
      : null;
  return { kind: "published", headSha, look: lease.look, verdict, wrote, unread };
}

/**
 * Publishes a verdict on a head SHA that is leased. @throws GitHubError, also when another look has begun: what we say could be
 * older than what it says. The lease is renewed first, so that none begins before a hanging request is given up.
 */
export async function publishVerdict(
  context: LookContext,
  github: GitHub,
  about: HeadRef & {
    readonly verdict: Verdict;
    readonly checkRun: OwnCheckRun | null;
    readonly witness: string;
    readonly rewrite: boolean;
    readonly lease: HeadLease;
  },
): Promise<"created" | "updated" | "unchanged"> {
  const { owner, repo, headSha, verdict, checkRun, witness, rewrite, lease } = about;
  await lease.renew();
  const options = { externalId: witness, rewrite, now: context.now() };
  return publishCheckRun(github, { owner, repo, headSha }, render(verdict), checkRun, options);
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
