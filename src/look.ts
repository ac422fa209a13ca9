import { randomUUID } from "node:crypto";
import type { Evidence } from "./gate/evidence.ts";
import type { Facts } from "./gate/facts.ts";
import { judge } from "./gate/judge.ts";
import { pool } from "./gate/pool.ts";
import { render } from "./gate/render.ts";
import { strictest } from "./gate/strictest.ts";
import type { Verdict } from "./gate/verdict.ts";
import { type GitHub, requestTimeoutMs } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { readOldPaths } from "./github/open-pulls.ts";
import { publishCheckRun } from "./github/publish-check-run.ts";
import { type PullRead, type PullRef, readPull } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import { bindRoster, configInForce } from "./in-force.ts";
import { leaseHead, releaseHead } from "./store/heads.ts";
import { recall } from "./store/observations.ts";
import { knownHead, openPullsWithHead } from "./store/pulls.ts";
import { recordLook } from "./store/record-look.ts";
import type { Store } from "./store/store.ts";

/** What every look needs. `now` is the server's clock, ms since epoch. */
export type LookContext = {
  readonly store: Store;
  readonly appId: number;
  readonly configRepo: string;
  readonly worker: string;
  readonly now: () => number;
};

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
const headLeaseMs = 60_000;

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
  const { store, now } = context;
  const { owner, repo, headSha } = seen.facts;
  const reads = [seen, ...(await readSiblings(context, github, seen))];
  const inForce = await configInForce(
    { store, github, configRepo: context.configRepo, now: now() },
    owner,
    seen,
  );
  const facts = pool(await Promise.all(reads.map(async (pull) => recallFacts(store, github, pull, now()))));
  const config = await bindRoster(store, inForce.config, facts, now());
  const verdicts: Verdict[] = [];
  let witness = "";
  for (const each of facts) {
    const verdict = judge(each, config);
    if (verdict === null) continue;
    const entry = await record(context, request.installation, each, verdict, inForce.versions);
    witness = `look:${look} audit:${entry.seq}:${entry.hash}`;
    if (each.open) verdicts.push(verdict);
  }
  if (verdicts.length === 0) return { kind: "not-gated", headSha };
  const verdict = strictest(verdicts);
  // Who comes after us may hold the lease before a hanging request is answered; what we say then could be older than theirs.
  if (now() > until - requestTimeoutMs)
    throw new GitHubError(`The look at ${headSha.slice(0, 7)} took too long to be published.`);
  const options = { externalId: witness, rewrite: request.rewrite, now: now() };
  const wrote = await publishCheckRun(
    github,
    { owner, repo, headSha },
    render(verdict),
    seen.checkRun,
    options,
  );
  const unread =
    verdict.outcome.kind === "undecidable"
      ? (facts.map(whatIsUnread).find((why) => why !== null) ?? null)
      : null;
  return { kind: "published", headSha, look, verdict, wrote, unread };
}

function whatIsUnread(facts: Facts): string | null {
  const parts = [facts.commits, facts.files, facts.reviews, facts.labels];
  return parts.flatMap((part) => (part.kind === "unreadable" ? [part.why] : []))[0] ?? null;
}

async function read(context: LookContext, github: GitHub, pull: PullRef): Promise<PullRead> {
  const { configRepo, appId, now } = context;
  return readPull(github, pull, { configRepo, appId, now: now() });
}

/**
 * Other open pull requests with this head SHA: those GitHub names, and those deliveries told us of, because GitHub names
 * only the merged one as soon as the commit is on the default branch.
 */
async function readSiblings(context: LookContext, github: GitHub, seen: PullRead): Promise<PullRead[]> {
  const { owner, repo, number, headSha } = seen.facts;
  const known = await openPullsWithHead(context.store, repoKey(owner, repo), headSha);
  const numbers = [...new Set([...seen.siblings, ...known])].filter((other) => other !== number);
  const reads = await Promise.all(
    numbers.map(async (other) => readIfThere(context, github, { owner, repo, number: other })),
  );
  return reads.flatMap((other) =>
    other !== null && other.facts.open && other.facts.headSha === headSha ? [other] : [],
  );
}

/** Null for a pull request that GitHub does not know any more: nobody can merge it, and this look is not about it. */
async function readIfThere(context: LookContext, github: GitHub, pull: PullRef): Promise<PullRead | null> {
  try {
    return await read(context, github, pull);
  } catch (error) {
    if (error instanceof GitHubError && error.gone) return null;
    throw error;
  }
}

async function recallFacts(store: Store, github: GitHub, pull: PullRead, now: number): Promise<Facts> {
  const { renamed, ...facts } = pull.facts;
  const observations = await recall(store, repoKey(facts.owner, facts.repo), facts.number);
  return { ...facts, files: await withOldPaths(github, facts, renamed, now), observations, ...notYet };
}

const notYet = {
  otherAuthors: [],
  stackBase: null,
  patches: [],
  suggestedBy: [],
  notes: { kind: "absent" },
  configChanges: [],
} as const;

/** A renamed file counts under both names; GraphQL knows only the new one. */
async function withOldPaths(
  github: GitHub,
  facts: Omit<PullRead["facts"], "renamed">,
  renamed: readonly string[],
  now: number,
): Promise<Facts["files"]> {
  if (facts.files.kind !== "read" || renamed.length === 0) return facts.files;
  const oldPaths = await readOldPaths(github, facts, now);
  const lost = renamed.find((path) => !oldPaths.has(path));
  if (lost !== undefined)
    return { kind: "unreadable", why: `GitHub does not say where ${lost} was renamed from` };
  const value = facts.files.value.map((file) => ({ ...file, previousPath: oldPaths.get(file.path) ?? null }));
  return { kind: "read", value };
}

async function record(
  context: LookContext,
  installation: number,
  facts: Facts,
  verdict: Verdict,
  configVersions: Readonly<Record<string, string>>,
) {
  const evidence: readonly Evidence[] = verdict.evidence.filter(
    (entry) => !entry.remembered && entry.kind !== "undeclared",
  );
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
