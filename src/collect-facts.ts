import { asObservation, pushesSinceBase, untoldHeads } from "./gate/branch-pushes.ts";
import type { Facts, Observation } from "./gate/facts.ts";
import { matchesBranch } from "./gate/patterns.ts";
import { defaultPolicy, type Policy } from "./gate/policy.ts";
import { pushesOf } from "./gate/patches.ts";
import { nothingLater } from "./gate/no-pull.ts";
import { pool } from "./gate/pool.ts";
import { isSame } from "./gate/roster.ts";
import { type Config, readable } from "./gate/verdict.ts";
import { wanted, wantsPushers } from "./gate/wanted.ts";
import type { GitHub } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { readOldPaths } from "./github/open-pulls.ts";
import { readActivity } from "./github/read-activity.ts";
import { readNotes } from "./github/read-notes.ts";
import {
  readLanded,
  readPatches,
  readProposal,
  readPushAccess,
  readStackBase,
  readSuggestions,
} from "./github/read-more.ts";
import type { PullRead } from "./github/read-pull.ts";
import { readOldHeads } from "./github/read-old-heads.ts";
import { repoKey } from "./github/targets.ts";
import { bindRoster, configInForce, type InForce } from "./rules/in-force.ts";
import { recallPushes } from "./store/branch-pushes.ts";
import type { Memory } from "./memory.ts";
import { type ProposedChange, proposedChanges } from "./rules/proposed-changes.ts";
import { restore, type RestoreContext, toStore } from "./restore.ts";
import { type ReadContext, readWithSiblings } from "./read-together.ts";
import { findBypass } from "./store/bypasses.ts";
import { landedCache, patchCache } from "./store/configs.ts";
import { clearedBefore } from "./store/landed.ts";
import { type NewObservation, recall } from "./store/observations.ts";
import { recallInherited, recallLanded } from "./store/traces.ts";

/** What collecting needs. */
export type CollectContext = ReadContext & { readonly log: RestoreContext["log"] };

/** What there is to judge at one head SHA: the pull request that was looked at and those that share its head. */
export type Collected = {
  readonly facts: readonly Facts[];
  readonly config: Config;
  readonly versions: InForce["versions"];
  /** What is remembered of each of them alone, in the order of the facts. */
  readonly memories: readonly Memory[];
  /** What was forgotten and our own check runs still remember; it is part of the facts already. */
  readonly restored: readonly NewObservation[];
  /** What the open ones among them make of roster and policy files, each file once. */
  readonly proposed: readonly ProposedChange[];
};

/**
 * Completes what the one query answered: the open pull requests with the same head SHA, roster and policies, what was
 * remembered, and then, because only now it is known whether a verdict depends on it, the rest. For an ordinary pull
 * request there is no rest, and no further request. @throws GitHubError
 */
export async function collectFacts(
  context: CollectContext,
  github: GitHub,
  seen: PullRead,
): Promise<Collected> {
  const { store, configRepo, now } = context;
  const reads = await readWithSiblings(context, github, seen);
  const [first = seen] = reads;
  const given = { store, github, configRepo, now: now() };
  const inForce = await configInForce(given, first.facts.owner, first);
  const recalled = await Promise.all(reads.map(async (pull) => recallFacts(context, github, pull)));
  const known = pool(recalled.map((each) => each.facts));
  const config = await bindRoster(store, inForce.config, known, now());
  const reading = { context, github, inForce: { ...inForce, config } };
  // The pool keeps the order.
  const completed = await Promise.all(
    known.map(async (each, at) => readAll(reading, reads[at] ?? first, each)),
  );
  return {
    facts: completed.map(({ facts }) => facts),
    config,
    versions: inForce.versions,
    memories: recalled.map((each) => each.facts),
    restored: recalled.flatMap((each) => each.restored),
    proposed: eachOnce(completed.flatMap(({ facts, proposed }) => (facts.open ? proposed : []))),
  };
}

/** Pull requests with one head SHA make the same of a file. */
function eachOnce(proposed: readonly ProposedChange[]): ProposedChange[] {
  return [...new Map(proposed.map((each) => [each.change.name, each])).values()];
}

async function recallFacts(
  context: CollectContext,
  github: GitHub,
  pull: PullRead,
): Promise<{ facts: Facts; restored: NewObservation[] }> {
  const { store, now } = context;
  const { facts } = pull;
  const repo = repoKey(facts.owner, facts.repo);
  const known: Facts = { ...facts, ...nothingLater };
  const inherited = await recallInherited(store, repo, known);
  const bypass = facts.merged ? await findBypass(store, { repo, number: facts.number }) : null;
  const onIssue = bypass?.issue ? await recall(store, repo, bypass.issue) : [];
  const own = [...(await recall(store, repo, facts.number)), ...onIssue];
  const pushed = await recallPushes(store, { ...known, observations: own });
  const shas = pushed.flatMap((push) => (push.kind === "push" ? [push.after] : []));
  const landed = await recallLanded(store, repo, facts.base, shas);
  const news = pushed.filter((push) => !isAmong(own, push));
  // What was seen on an earlier pull request, or before there was one, was seen first.
  const recalled = [...inherited, ...landed, ...news, ...own].filter(
    (seen) => seen.kind !== "scanned" || own.includes(seen) || !wasHead(known, own, seen.sha),
  );
  // That heads were searched for other pull requests does not say that this one is remembered.
  const remembered = recalled.filter((seen) => seen.kind !== "scanned" || own.includes(seen));
  const restored = await restore(context, github, pull, remembered);
  const observations = [...recalled, ...restored];
  const cleared = await clearedBefore(store, repo, askedOfLedger(facts, observations));
  return {
    facts: { ...known, observations, cleared },
    restored: toStore(facts, restored, now()),
  };
}

/** Whether its own deliveries or its timeline tell of this head: what it showed stays its own, whatever is cleared with others. */
function wasHead(known: Facts, own: readonly Observation[], sha: string): boolean {
  return pushesOf({ ...known, observations: own }).some(
    ({ before, after }) => sha === before || sha === after,
  );
}

/** Whatever may have been cleared of what a verdict looks at. */
function askedOfLedger(facts: PullRead["facts"], observations: readonly Observation[]) {
  const evidence = observations.flatMap((seen) => (seen.kind === "evidence" ? [seen.evidence] : []));
  const places = evidence.flatMap(({ place }) => (place.kind === "commit" ? [place.sha] : []));
  return {
    shas: [...commitsIn([facts]), ...places],
    numbers: evidence.flatMap(({ seenOn }) => seenOn ?? []),
    // Once it is merged the ledger has its commits, by its own verdict.
    notWith: facts.number,
  };
}

/** Whether `synchronize` told of the push, too. */
function isAmong(observations: readonly Observation[], push: Observation): boolean {
  return observations.some(
    (seen) =>
      seen.kind === "push" &&
      push.kind === "push" &&
      seen.before === push.before &&
      seen.after === push.after &&
      isSame(seen.actor, push.actor),
  );
}

type Reading = { readonly context: CollectContext; readonly github: GitHub; readonly inForce: InForce };

/** What the gate wants, and where deliveries about pushes are missing what GitHub's activity log says of them. @throws GitHubError */
async function readAll(
  reading: Reading,
  pull: PullRead,
  known: Facts,
): Promise<{ facts: Facts; proposed: readonly ProposedChange[] }> {
  const { context, github, inForce } = reading;
  const { headRepo, headRef, headSha, owner, repo } = known;
  const first = await readMore(reading, pull, known);
  if (headRepo === null || !wantsPushers(first.facts, inForce.config)) return first;
  const branch = { repository: headRepo, name: headRef };
  const logged = await readActivity(github, branch, context.now());
  if (logged === null) return first;
  const pushes = pushesSinceBase(known, logged)
    .map(asObservation)
    .filter((push) => !isAmong(known.observations, push));
  const facts = { ...known, observations: [...pushes, ...known.observations] };
  // The log may be behind by seconds, as the delivery was. The branch of one that was merged may be gone, and its log with it.
  if (known.open && repoKey(owner, repo) === headRepo.toLowerCase() && untoldHeads(facts).includes(headSha)) {
    throw new GitHubError(
      `GitHub does not say who pushed ${headSha.slice(0, 7)}: no delivery told, and its activity log does not show it. If it stays so, push to the branch once more.`,
    );
  }
  return pushes.length === 0 ? first : readMore(reading, pull, facts);
}

/** What the gate wants besides, all at once; then what a roster or policy file would become, if one is changed. */
async function readMore(
  reading: Reading,
  pull: PullRead,
  known: Facts,
): Promise<{ facts: Facts; proposed: readonly ProposedChange[] }> {
  const { context, github, inForce } = reading;
  const { roster, policies } = inForce.config;
  const inUse = readable(policies);
  const want = wanted(known, roster.kind === "read" ? roster.value : null, inUse);
  const stacked = pull.onOtherPull && !gatedByName(known, inUse);
  const guards =
    (stacked || known.base === known.defaultBranch) &&
    inForce.guarded.some(({ version }) => version !== null);
  const { store } = context;
  const now = context.now();
  const key = repoKey(known.owner, known.repo);
  // What was merged is compared with its base branch as that was before: afterwards there is no difference any more.
  const baseSha = pull.baseSha ?? known.merge?.onto;
  const oldHeads = want.oldHeads.length === 0 ? [] : await readOldHeads(github, known, want.oldHeads, now);
  const shas = commitsIn([known, ...oldHeads]);
  const [files, stackBase, landed, patches, suggestedBy, pushAccess, notes] = await Promise.all([
    want.oldPaths || guards ? withOldPaths(github, pull, now) : known.files,
    stacked ? readStackBase(github, known, now) : null,
    readLanded(github, known, want.landed, landedCache(store, key, known.base, context.now), now),
    readPatches(github, { ...known, baseSha }, want.patches, patchCache(store, key, context.now), now),
    want.suggestions ? readSuggestions(github, known, now) : [],
    readPushAccess(github, known, want.pushAccess, now),
    want.notes ? readNotes(github, known, shas, now) : known.notes,
  ]);
  const facts = { ...known, oldHeads, files, stackBase, landed, patches, suggestedBy, pushAccess, notes };
  const proposed = await readProposedChanges(reading, facts);
  return { facts: { ...facts, configChanges: proposed.map(({ change }) => change) }, proposed };
}

function commitsIn(heads: readonly { readonly commits: Facts["commits"] }[]): string[] {
  return heads.flatMap(({ commits }) => (commits.kind === "read" ? commits.value.map(({ sha }) => sha) : []));
}

/** Whether a policy names the base branch. If none does, the rules of the stack that it may be part of decide. */
function gatedByName({ base, defaultBranch }: Facts, policies: readonly Policy[]): boolean {
  const inForce = policies.length === 0 ? [defaultPolicy] : policies;
  return inForce.some(({ branches }) =>
    branches.some((pattern) => matchesBranch(pattern, base, defaultBranch)),
  );
}

/** A renamed file counts under both names; GraphQL knows only the new one. */
async function withOldPaths(
  github: GitHub,
  { facts, renamed }: PullRead,
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

/** Only what lands on the default branch comes into force. */
async function readProposedChanges(
  { context, github, inForce }: Reading,
  facts: Facts,
): Promise<readonly ProposedChange[]> {
  if ((facts.stackBase ?? facts.base) !== facts.defaultBranch) return [];
  const { files } = facts;
  const suspects = inForce.guarded.filter(
    ({ path }) =>
      files.kind !== "read" || files.value.some((file) => file.path === path || file.previousPath === path),
  );
  if (suspects.length === 0) return [];
  const head = await readProposal(github, facts, facts.headSha, context.now());
  // Where GitHub does not list every file, one that stands there as on the default branch was not changed.
  const changed = suspects.filter(({ file, version }) => {
    const blob = head[file];
    return files.kind === "read" || blob.kind !== "read" || blob.value.version !== version;
  });
  return proposedChanges(inForce, changed, head);
}
