import { setTimeout as wait } from "node:timers/promises";
import { answerCommands } from "./answer-commands.ts";
import { type CollectContext, type Collected, collectFacts } from "./collect-facts.ts";
import { read } from "./read-together.ts";
import { nothingCleared } from "./gate/cleared.ts";
import { contributors } from "./gate/contributors.ts";
import type { Evidence } from "./gate/evidence.ts";
import type { Facts, Observation } from "./gate/facts.ts";
import { signsToRemember } from "./gate/assistance.ts";
import { enforcedBy, judge } from "./gate/judge.ts";
import { atMerge, type Landing, withAcceptances } from "./gate/landing.ts";
import { headsScanned, isNews } from "./gate/old-heads.ts";
import { blocks, strictest } from "./gate/strictest.ts";
import { type Config, readable, type Verdict } from "./gate/verdict.ts";
import { type ExplainPages, pageOf } from "./github/access.ts";
import type { GitHub } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { type Published, witnessOf } from "./github/publish-check-run.ts";
import { nameOf, type PullRead, type PullRef } from "./github/read-pull.ts";
import { repoKey } from "./github/targets.ts";
import { busyDelayMs, type HeadLease, leaseMs, withHead } from "./lease.ts";
import { takeBackLeft } from "./left-heads.ts";
import { type Memory, toText } from "./memory.ts";
import { type Proposal, publishChecks, type PublishedVerdict } from "./publish-checks.ts";
import { rememberBrought } from "./store/branch-pushes.ts";
import { knownHead, noteRead } from "./store/pulls.ts";
import { rememberObservations } from "./store/observations.ts";
import { recordLook, rememberSeen } from "./store/record-look.ts";
import { notYet, rememberShown } from "./store/shown.ts";
import { markHeirs } from "./store/traces.ts";
import { wouldChange } from "./rules/would-change.ts";

/** What every look needs. `worker` names who holds its leases. */
export type LookContext = CollectContext & {
  readonly worker: string;
  readonly pages: ExplainPages | null;
};

type LookRequest = {
  readonly pull: PullRef;
  readonly installation: number;
  /** Publish even when nothing changed. */
  readonly rewrite: boolean;
};

/** What became of a look. `busy`: another look is at this head SHA; this one is to be repeated after it. */
export type LookResult =
  | { readonly kind: "busy" }
  | { readonly kind: "not-gated"; readonly headSha: string; readonly landing: Landing | null }
  | {
      readonly kind: "published";
      /** What GitHub would not tell, so that the verdict says "could not decide", or take back: to be asked again. Null when it did all. */
      readonly unread: string | null;
      /** Why answers to commands could not be written. Nobody repeats them: the check run says the same. */
      readonly unanswered: readonly string[];
      readonly headSha: string;
      /** The pull requests that were judged, each by itself, in the repository looked at. */
      readonly judged: readonly number[];
      readonly base: string;
      /** What it was looked at for, if it was merged into a gated branch. */
      readonly landing: Landing | null;
      readonly look: number;
      readonly verdict: Verdict;
      readonly wrote: Published["wrote"];
      /** How long each part took, ms. */
      readonly phases: Readonly<Record<"read" | "collect" | "record" | "publish", number>>;
    };

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
  const repo = repoKey(pull.owner, pull.repo);
  let sha = (await knownHead(store, repo, pull.number)) ?? (await read(context, github, pull)).facts.headSha;
  for (let moves = 0; moves < headMovesMax; moves++) {
    const leased = sha;
    const looked = await withHead(context, { repo, sha }, async (lease) => {
      const began = context.now();
      const seen = await read(context, github, pull);
      if (seen.facts.headSha === leased) return lookAt(context, github, request, { seen, lease, began });
      return { kind: "moved", to: seen.facts.headSha } as const;
    });
    if (looked === null) return { kind: "busy" };
    if (looked.kind !== "moved") return looked;
    sha = looked.to;
  }
  throw new GitHubError(`The head of ${repo}#${pull.number} kept moving.`);
}

/**
 * The same for whoever needs it to go on and holds no head: while another look is at the head SHA it waits for its turn. If it was
 * begun anew instead, two that need each other could put each other off for ever.
 * @throws GitHubError also when its turn does not come for as long as a dead worker holds a head.
 */
export async function lookInTurn(
  context: LookContext,
  github: GitHub,
  request: LookRequest,
): Promise<Exclude<LookResult, { readonly kind: "busy" }>> {
  for (let waits = 0; waits * busyDelayMs <= leaseMs; waits++) {
    const looked = await look(context, github, request);
    if (looked.kind !== "busy") return looked;
    await wait(busyDelayMs);
  }
  throw new GitHubError(`Other looks at the head of ${nameOf(request.pull)} did not end.`);
}

type Judged = { readonly facts: Facts; readonly verdict: Verdict };
type Looking = { readonly seen: PullRead; readonly lease: HeadLease; readonly began: number };

async function lookAt(
  context: LookContext,
  github: GitHub,
  request: LookRequest,
  { seen, lease, began }: Looking,
): Promise<LookResult> {
  const { owner, repo, headSha } = seen.facts;
  const readAt = context.now();
  const later = await collectFacts(context, github, seen);
  // What was said after a merge changes nothing about it.
  const collected = { ...later, facts: later.facts.map(atMerge) };
  const { facts, config, memories, restored } = collected;
  const collectedAt = context.now();
  await rememberObservations(context.store, restored);
  const { judged, recorded, found, witness } = await judgeAll(context, request, collected, lease);
  const recordedAt = context.now();
  const verdict = judged.length === 0 ? null : strictest(judged.map((each) => each.verdict));
  const shown = judged.map((each) => each.facts);
  // Before GitHub is asked: it may take what lets pass, and we never hear that it did.
  if (verdict !== null && !blocks(verdict)) await remember(context, shown, { verdict, at: notYet });
  const published = await publishChecks(
    github,
    { owner, repo, headSha, lease, rewrite: request.rewrite, now: context.now() },
    {
      verdict,
      page: verdict === null ? null : pageOf(context.pages, seen, verdict.number),
      text: toText([...memories, ...found]),
      witness,
      checkRun: seen.checkRun,
      proposed: facts.some(({ open }) => open) ? await proposalOf(context, request, collected) : null,
      configCheckRun: seen.configCheckRun,
    },
  );
  const left = published === null ? null : await rememberShownBy(context, github, shown, published);
  const unanswered = published === null ? [] : await answerCommands(context, github, judged, config);
  await noteRead(context.store, { ...hintOf(request, seen), judged: recorded.includes(seen.facts.number) });
  const landing = landingOf(seen, later, collected);
  if (published === null) return { kind: "not-gated", headSha, landing };
  const undecidable = published.verdict.outcome.kind === "undecidable";
  const missing = undecidable ? facts.map(whatIsUnread).find((why) => why !== null) : null;
  const phases = {
    read: readAt - began,
    collect: collectedAt - readAt,
    record: recordedAt - collectedAt,
    publish: context.now() - recordedAt,
  };
  return {
    kind: "published",
    headSha,
    judged: recorded,
    base: seen.facts.base,
    landing,
    look: lease.look,
    verdict: published.verdict,
    wrote: published.wrote,
    unread: missing ?? left,
    unanswered,
    phases,
  };
}

async function proposalOf(
  { store, configRepo, now }: LookContext,
  { pull, installation }: LookRequest,
  { config, proposed }: Collected,
): Promise<Proposal> {
  const given = { pull, installation, configRepo, config, now: now() };
  return { changes: proposed, effects: await wouldChange(store, given, proposed) };
}

/** Null for a pull request that was not merged, or into a branch that is not gated. */
function landingOf({ facts: { number } }: PullRead, since: Collected, then: Collected): Landing | null {
  const [facts] = then.facts.filter((each) => each.number === number && each.merge !== null);
  const [later] = since.facts.filter((each) => each.number === number);
  if (facts === undefined || later === undefined) return null;
  const verdict = judge(facts, since.config);
  const said = judge(withAcceptances(later), since.config);
  if (verdict === null || said === null) return null;
  const { config } = since;
  const policies = enforcedBy(facts, config);
  return { facts, verdict, later, since: said, policies, config, unproven: null };
}

/** Judges every pull request that shares the head SHA, and records what was seen and decided. */
async function judgeAll(
  context: LookContext,
  { installation }: LookRequest,
  { facts, config, versions }: Collected,
  { look }: HeadLease,
): Promise<{ judged: Judged[]; recorded: number[]; found: Memory[]; witness: string }> {
  const { store, now } = context;
  const found: Memory[] = [];
  const judged: Judged[] = [];
  const recorded: number[] = [];
  let witness = "";
  for (const each of facts) {
    const evidence = signsToRemember(each, readable(config.policies));
    const verdict = judge(each, config);
    found.push({ number: each.number, observations: evidence.map(asObservation) });
    const seen = { repo: repoKey(each.owner, each.repo), facts: each, evidence, now: now() };
    if (verdict === null) await rememberSeen(store, seen);
    else {
      const entry = await recordLook(store, { ...seen, installation, verdict, configVersions: versions });
      witness = witnessOf(look, entry);
      recorded.push(each.number);
      if (each.open) judged.push({ facts: each, verdict });
    }
    await rememberMerged(context, each, config);
    // What contains the merge may have been looked at before this, too.
    if (each.merge !== null || isNews(each, evidence, config))
      await markHeirs(store, { ...each, installation }, now());
    // Only now: a commit that counts as scanned is not read again.
    await rememberScanned(context, each, config);
  }
  return { judged, recorded, found, witness };
}

type Heads = readonly Pick<Facts, "owner" | "repo" | "number" | "headSha">[];

/**
 * From now on an override can mean this check run; and where it does not let pass, no head that was left does any more.
 * @returns why one still may; null where none does.
 */
export async function rememberShownBy(
  context: LookContext,
  github: GitHub,
  pulls: Heads,
  { verdict, at }: PublishedVerdict,
): Promise<string | null> {
  await remember(context, pulls, { verdict, at: at ?? context.now() + clockDriftMaxMs });
  if (!blocks(verdict)) return null;
  const left: (string | null)[] = [];
  for (const pull of pulls) left.push(await takeBackLeft(context, github, pull));
  return left.find((why) => why !== null) ?? null;
}

async function remember(
  { store }: LookContext,
  pulls: Heads,
  { verdict, at }: { readonly verdict: Verdict; readonly at: number },
): Promise<void> {
  const passing = verdict.mode === "observe" ? "observed" : !blocks(verdict);
  for (const { owner, repo, number, headSha: sha } of pulls)
    await rememberShown(store, { repo: repoKey(owner, repo), number, sha, passing, at });
}

/** Written last: until then a sweep would find that this pull request still needs its look. */
function hintOf({ installation }: LookRequest, { facts, updatedAt, openedAt }: PullRead) {
  const { owner, repo, number, headSha, base, open, merged } = facts;
  const read = { number, headSha, base, open, merged, updatedAt, openedAt };
  return { repo: repoKey(owner, repo), installation, ...read };
}

/** What may be there when it is asked for again, unlike what is past a limit. */
export function whatIsUnread(facts: Facts): string | null {
  const { commits, files, reviews, labels, timeline, notes, oldHeads } = facts;
  const parts = [commits, files, reviews, labels, timeline, notes, ...oldHeads.map((head) => head.commits)];
  return (
    parts.flatMap((part) => (part.kind === "unreadable" && part.pastLimit !== true ? [part.why] : []))[0] ??
    null
  );
}

/** Whoever shaped what was merged brought it to its base branch, which may be the head of another pull request. */
async function rememberMerged({ store, now }: LookContext, facts: Facts, { roster }: Config): Promise<void> {
  const { merge, owner, repo, base: branch } = facts;
  if (merge?.commit == null) return;
  const people = contributors(facts, roster.kind === "read" ? roster.value : emptyRoster, nothingCleared);
  const actors = [merge.by, ...people.map(({ account }) => account)].filter((actor) => actor !== null);
  const push = { repo: repoKey(owner, repo), branch, before: merge.onto, after: merge.commit.sha };
  await rememberBrought(
    store,
    actors.map((actor) => ({ ...push, actor, forced: false })),
    now(),
  );
}

const emptyRoster = { origin: "", levels: [], unlisted: "", people: [], teams: [] };

function asObservation(evidence: Evidence): Observation {
  return { kind: "evidence", evidence };
}

async function rememberScanned({ store, now }: LookContext, facts: Facts, config: Config): Promise<void> {
  const about = { repo: repoKey(facts.owner, facts.repo), number: facts.number, at: now() };
  const scanned = headsScanned(facts, config);
  await rememberObservations(
    store,
    scanned.map((observation) => ({ ...about, key: observation.sha, observation })),
  );
}
