import type { Commit, Facts, Observation } from "../gate/facts.ts";
import { enforcedBy, judge } from "../gate/judge.ts";
import { clears, type Landing, withAcceptances } from "../gate/landing.ts";
import { needsFiles } from "../gate/missing.ts";
import { withoutPull } from "../gate/no-pull.ts";
import { type Config, readable, type Verdict } from "../gate/verdict.ts";
import { acceptersIn } from "../gate/wanted.ts";
import type { GitHub } from "../github/client.ts";
import { type BranchRead, readChangedFiles } from "../github/read-branch.ts";
import { readPushAccess } from "../github/read-more.ts";
import { readNotes } from "../github/read-notes.ts";
import { readCommits } from "../github/read-old-heads.ts";
import { type RefOf, repoKey } from "../github/targets.ts";
import { bindRoster } from "../rules/in-force.ts";
import type { LookContext } from "../look.ts";
import { pushTo } from "../store/observations.ts";
import { storedPull } from "../store/pulls.ts";
import { recallInherited } from "../store/traces.ts";
import { isSameChange } from "./prove-landing.ts";

/** A gated branch, and the rules that hold for it. */
export type Pushed = RefOf<"branch"> & {
  readonly read: BranchRead;
  readonly head: string;
  readonly config: Config;
};

/** Later than any pull request: a push inherits from all of them. */
const newest = Number.MAX_SAFE_INTEGER;

/**
 * What somebody pushed to a gated branch, judged as a change of theirs that nobody reviewed: by what its commits show, and by what
 * was seen on pull requests with a commit of the same tree. Whoever was seen pushing is its author.
 * @param given.shas oldest first. @param given.observations what was said about it since.
 * @returns null where the branch is not gated. @throws GitHubError
 */
export async function pushLanding(
  context: LookContext,
  github: GitHub,
  pushed: Pushed,
  given: { readonly shas: readonly string[]; readonly observations: readonly Observation[] },
): Promise<Landing | null> {
  const { store, now } = context;
  const { owner, repo, branch, read } = pushed;
  const key = repoKey(owner, repo);
  const last = given.shas.at(-1) ?? "";
  const push = await pushTo(store, key, branch, given.shas);
  const bare = withoutPull({
    owner,
    repo,
    url: `${read.url}/commit/${last}`,
    headSha: last,
    base: branch,
    defaultBranch: read.defaultBranch,
    requiredOnBase: read.required,
    author: push?.actor ?? null,
    commits: await readCommits(github, pushed, given.shas, now()),
    files: { kind: "read", value: [] },
    readAt: new Date(now()).toISOString(),
  });
  const inherited = await recallInherited(store, key, { ...bare, number: newest });
  const seen = { ...bare, observations: [...inherited, ...given.observations] };
  const config = await bindRoster(store, pushed.config, [seen], now());
  const facts = await readRest(context, github, seen, config);
  const verdict = judge(facts, config);
  const since = judge(withAcceptances(facts), config);
  if (verdict === null || since === null) return null;
  const approved = clears(verdict) ? null : await approvedBefore(context, github, facts);
  const policies = enforcedBy(facts, config);
  return { facts, verdict: approved ?? verdict, later: facts, since, policies, config, unproven: null };
}

/** What these rules make a verdict depend on besides. */
async function readRest(
  { store, now }: LookContext,
  github: GitHub,
  facts: Facts,
  { policies }: Config,
): Promise<Facts> {
  const inUse = readable(policies);
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  const shas = commits.map(({ sha }) => sha);
  const [files, notes, pushAccess] = await Promise.all([
    inUse.some(needsFiles)
      ? readChangedFiles(
          github,
          facts,
          await bringingSomething({ store, now }, github, facts, commits),
          now(),
        )
      : facts.files,
    inUse.some(({ ai }) => ai.notes) ? readNotes(github, facts, shas, now()) : facts.notes,
    readPushAccess(github, facts, acceptersIn(facts), now()),
  ]);
  return { ...facts, files, notes, pushAccess };
}

type PatchContext = Pick<LookContext, "store" | "now">;

/** Without merges that only bring what their second parent had: those commits are looked at themselves. */
async function bringingSomething(
  context: PatchContext,
  github: GitHub,
  facts: Facts,
  commits: readonly Commit[],
): Promise<Commit[]> {
  const bringing: Commit[] = [];
  for (const commit of commits) {
    const [first, second] = commit.parents;
    const merges = first !== undefined && second !== undefined;
    const same =
      merges &&
      (await isSameChange(context, github, facts, [
        { base: first, sha: commit.sha },
        { base: first, sha: second },
      ]));
    if (!same) bringing.push(commit);
  }
  return bringing;
}

/** The verdict of the pull request that approved exactly this: somebody squashed it by hand. Null where there is none. */
async function approvedBefore(context: PatchContext, github: GitHub, facts: Facts): Promise<Verdict | null> {
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  const [commit, ...more] = commits;
  const [parent] = commit?.parents ?? [];
  if (commit === undefined || parent === undefined || more.length > 0) return null;
  const numbers = facts.observations.flatMap((seen) =>
    seen.kind === "evidence" && seen.evidence.seenOn !== undefined ? [seen.evidence.seenOn] : [],
  );
  for (const number of new Set(numbers)) {
    const pull = await storedPull(context.store, repoKey(facts.owner, facts.repo), number);
    if (pull === null || pull.base !== facts.base || !clears(pull.verdict)) continue;
    const landed = { base: parent, sha: commit.sha };
    const approved = { base: facts.base, sha: pull.headSha };
    if (await isSameChange(context, github, facts, [landed, approved])) return pull.verdict;
  }
  return null;
}
