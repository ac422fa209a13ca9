import { enforcedBy, judge } from "../gate/judge.ts";
import type { Landing } from "../gate/landing.ts";
import { withoutPull } from "../gate/no-pull.ts";
import type { GitHub } from "../github/client.ts";
import { GitHubError } from "../github/errors.ts";
import { listArrived, readBranch, readPullsThatBrought } from "../github/read-branch.ts";
import { readHistory } from "../github/read-deployment.ts";
import { type RefOf, repoKey } from "../github/targets.ts";
import { configInForce } from "../rules/in-force.ts";
import { lookInTurn, whatIsUnread } from "../look.ts";
import { type Pushed, pushLanding } from "./push-landing.ts";
import { answerAcceptances, closeBypass, publishBypasses, raiseBypass } from "./bypasses.ts";
import { clearSince, recordPush, recordUpdate } from "./ledger.ts";
import { markWaiting, settleMerge, type SettleContext } from "./settle-merge.ts";
import { openBypasses } from "../store/bypasses.ts";
import { landedCommits, landedWith, ledgerHead, moveLedger, recordLanded } from "../store/landed.ts";
import { pushTo, recall } from "../store/observations.ts";

type BranchRequest = RefOf<"branch"> & { readonly installation: number };

/**
 * One look at a gated branch: every commit that reached it since the last one gets into the ledger. What a merged pull request
 * brought is recorded by a look at that; what reached another gated branch before is cleared here as it is there; the rest was
 * pushed, and is judged by the rules that hold for this branch. Then bypasses of pushes are looked at again. One request where
 * the branch is not gated or nothing is new.
 * @throws GitHubError when GitHub cannot be read or written; what was recorded until then stays, and is not recorded twice.
 */
export async function lookAtBranch(
  context: SettleContext,
  github: GitHub,
  request: BranchRequest,
): Promise<"recorded" | "not-gated"> {
  const { store, configRepo, now } = context;
  const { owner, repo, branch } = request;
  const read = await readBranch(github, request, { configRepo, now: now() });
  const { head } = read;
  if (head === null) return "not-gated";
  const { config } = await configInForce({ store, github, configRepo, now: now() }, owner, read);
  const pushed = { ...request, read, head, config };
  if (!isGated(pushed)) return "not-gated";
  const key = repoKey(owner, repo);
  const from = (await ledgerHead(store, key, branch)) ?? (await beginLedger(context, github, pushed));
  if (from !== head) await recordArrived(context, github, pushed, from);
  await moveLedger(store, { repo: key, branch, head });
  await publishBypasses(context, github, request);
  await settlePushes(context, github, pushed);
  return "recorded";
}

type Looking = BranchRequest & Pushed;

/** Whether a policy names the branch, or our check is required on it. */
function isGated({ read, head, branch, config }: Looking): boolean {
  const none = { kind: "read", value: [] } as const;
  const ground = { headSha: head, base: branch, defaultBranch: read.defaultBranch, author: null, readAt: "" };
  const facts = withoutPull({ ...ground, commits: none, files: none, requiredOnBase: read.required });
  return judge(facts, config) !== null || enforcedBy(facts, config).length > 0;
}

/**
 * The ledger of a branch begins with what was there before the first push that was seen to it, or else with what is there now: that
 * is history, of which nothing is cleared. @returns the commit it begins with.
 */
async function beginLedger(context: SettleContext, github: GitHub, looking: Looking): Promise<string> {
  const { owner, repo, branch, head } = looking;
  const key = repoKey(owner, repo);
  const first = await pushTo(context.store, key, branch, null);
  // Who made the branch brought nothing to it that was not there.
  const start = first === null ? head : (first.before ?? first.after);
  await recordOld(context, github, looking, start);
  await moveLedger(context.store, { repo: key, branch, head: start });
  return start;
}

async function recordOld(
  context: SettleContext,
  github: GitHub,
  { owner, repo, branch }: Looking,
  start: string,
): Promise<void> {
  const key = repoKey(owner, repo);
  // As far back as a deployment may reach: of what is older nobody knows that it was ever on the branch.
  const { shas } = (await readHistory(github, { owner, repo }, start, context.now())) ?? { shas: [] };
  const elsewhere = await landedCommits(context.store, key, shas);
  const old = shas.filter((sha) => !elsewhere.has(sha));
  const brought = await readPullsThatBrought(github, { owner, repo, branch }, old, context.now());
  await recordUpdate(context, { repo: key, branch, shas: [...elsewhere.keys()] });
  // Nobody knows of what was there before that it was cleared.
  const history = { how: "history", cleared: false, assisted: false, by: [], auditSeq: null } as const;
  const unknown = { ...history, repo: key, branch, at: context.now() };
  await recordLanded(
    context.store,
    old.map((sha) => ({ ...unknown, sha, number: brought.get(sha)?.[0] ?? null })),
  );
}

async function recordArrived(
  context: SettleContext,
  github: GitHub,
  looking: Looking,
  from: string,
): Promise<void> {
  const { store, now } = context;
  const { owner, repo, branch, head, installation } = looking;
  const key = repoKey(owner, repo);
  const arrived = await listArrived(github, looking, { from, to: head }, now());
  if (arrived === null) {
    // Rewritten, or more than anybody pushes at once: nobody can tell any more what came how.
    await recordOld(context, github, looking, head);
    return;
  }
  const unknown = async () => {
    const known = await landedCommits(store, key, arrived, branch);
    return arrived.filter((sha) => !known.has(sha));
  };
  const brought = await readPullsThatBrought(github, looking, await unknown(), now());
  for (const number of new Set([...brought.values()].flat())) {
    const pull = { owner, repo, number };
    const { landing } = await lookInTurn(context, github, { pull, installation, rewrite: false });
    if (landing !== null) await settleMerge(context, github, landing, installation);
  }
  const rest = await unknown();
  const elsewhere = await landedCommits(store, key, rest);
  await recordUpdate(context, { repo: key, branch, shas: [...elsewhere.keys()] });
  const direct = rest.filter((sha) => !elsewhere.has(sha));
  if (direct.length > 0) await settlePush(context, github, looking, direct);
  if (rest.length > 0) await markWaiting(context, { repo: key, branch, installation });
}

async function settlePush(
  context: SettleContext,
  github: GitHub,
  looking: Looking,
  shas: readonly string[],
): Promise<void> {
  const landing = await landingOf(context, github, looking, { shas, observations: [] });
  if (landing === null) return;
  const recorded = await recordPush(context, landing, shas.toReversed());
  await raiseBypass(context, landing, recorded);
}

/** @throws GitHubError where GitHub does not tell what the verdict needs. */
async function landingOf(
  context: SettleContext,
  github: GitHub,
  looking: Looking,
  given: Parameters<typeof pushLanding>[3],
): Promise<Landing | null> {
  const landing = await pushLanding(context, github, looking, given);
  const undecidable = landing?.verdict.outcome.kind === "undecidable";
  const unread = landing !== null && undecidable ? whatIsUnread(landing.facts) : null;
  if (unread !== null) throw new GitHubError(unread);
  return landing;
}

/** Whoever could have countersigned what was pushed may say so on the issue about it. */
async function settlePushes(context: SettleContext, github: GitHub, looking: Looking): Promise<void> {
  const { store } = context;
  const { owner, repo, branch } = looking;
  const key = repoKey(owner, repo);
  for (const bypass of await openBypasses(store, key, branch)) {
    if (bypass.number !== null || bypass.issue === null) continue;
    const observations = (await recall(store, key, bypass.issue)).filter(({ kind }) => kind === "accept");
    if (observations.length === 0) continue;
    const all = await landedWith(store, key, bypass.auditSeq);
    const shas = [...all.filter((sha) => sha !== bypass.sha), bypass.sha];
    const landing = await landingOf(context, github, looking, { shas, observations });
    if (landing === null) continue;
    const by = await clearSince(context, landing, { shas: shas.toReversed() });
    await answerAcceptances(context, github, landing, [bypass.issue]);
    if (by.length === 0) continue;
    await markWaiting(context, { repo: key, branch, installation: looking.installation });
    await closeBypass(context, github, { owner, repo }, { bypass, by });
  }
}
