import type { Account } from "./accounts.ts";
import type { Commit, Facts } from "./facts.ts";

/** A head SHA against a base branch: what an approval was given on, or what a push replaced. */
export type Revision = { readonly base: string; readonly sha: string };

/** Two revisions that are the same change if their patches are equal: before and after a push or an update merge. */
export type Rewrite = {
  readonly actor: Account | null;
  /** Null where there was nothing before: the push that created the branch. */
  readonly before: string | null;
  readonly after: string;
};

/** The fingerprint of a head that changes nothing. */
export const emptyPatch = "empty";

/**
 * Whether two revisions are proven to be the same patch: both fingerprints were read and are equal. What was not read, or
 * could not be, is no proof, nor is that neither changes anything: both may be in the base branch since a moment ago. https://docs.github.com/en/pull-requests (an approval is of a diff).
 */
export function isSamePatch(facts: Facts, one: Revision, other: Revision): boolean {
  if (one.base === other.base && one.sha === other.sha) return true;
  const [first, second] = [fingerprintOf(facts, one), fingerprintOf(facts, other)];
  return first !== null && first !== emptyPatch && first === second;
}

/** Whether a push or a merge left the change as it was; of a push that created the branch, whether it changed nothing. */
export function keepsPatch(facts: Facts, { before, after }: Rewrite): boolean {
  const { base } = facts;
  if (before === null) return fingerprintOf(facts, { base, sha: after }) === emptyPatch;
  return isSamePatch(facts, { base, sha: before }, { base, sha: after });
}

/**
 * Who moved the head branch from where to where, as deliveries told, or the timeline for force-pushes that no delivery told
 * of. The same push may stand there twice.
 */
export function pushesOf(facts: Facts): Rewrite[] {
  const seen = facts.observations.flatMap((entry) =>
    entry.kind === "push" ? [{ actor: entry.actor, before: entry.before, after: entry.after }] : [],
  );
  const events = facts.timeline.kind === "read" ? facts.timeline.value : [];
  const forced = events.flatMap((event) =>
    event.kind === "force-pushed" && event.before !== null && event.after !== null
      ? [{ actor: event.actor, before: event.before, after: event.after }]
      : [],
  );
  return [...seen, ...forced];
}

/** The merges of the base branch into the head branch among the commits: their second parent comes from outside the range. */
export function updateMergesOf(facts: Facts): { commit: Commit; rewrite: Rewrite }[] {
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  const inRange = new Set(commits.map((commit) => commit.sha));
  return commits.flatMap((commit) => {
    const [first, second, ...more] = commit.parents;
    if (first === undefined || second === undefined || more.length > 0 || inRange.has(second)) return [];
    return [{ commit, rewrite: { actor: commit.author.account, before: first, after: commit.sha } }];
  });
}

/** Commits of the range that are `sha` or its ancestors. */
export function ancestorsInRange(facts: Facts, sha: string): Set<string> {
  const commits = new Map(
    (facts.commits.kind === "read" ? facts.commits.value : []).map((commit) => [commit.sha, commit]),
  );
  const found = new Set<string>();
  const open = [sha];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const commit = commits.get(next);
    if (commit === undefined || found.has(next)) continue;
    found.add(next);
    open.push(...commit.parents);
  }
  return found;
}

/** Why two revisions cannot be compared: the patch of one of them could not be read. Null where both were, or none was. */
export function whyNotCompared(facts: Facts, ...revisions: readonly Revision[]): string | null {
  const unread = facts.patches.find(
    ({ base, sha, fingerprint }) =>
      fingerprint.kind === "unreadable" &&
      revisions.some((revision) => revision.base === base && revision.sha === sha),
  );
  return unread?.fingerprint.kind === "unreadable" ? unread.fingerprint.why : null;
}

/** Every file of a commit: path -> mode and blob. */
export type Tree = ReadonlyMap<string, string>;

/** The files in which what landed is not the approved change of what was there. */
export type Difference = {
  /** At most one side had changed the file, and what landed is not what that made of it. */
  readonly strange: readonly string[];
  /** Both sides had changed the file, or one had moved it: what landed is what git made of the two, or what somebody wrote. */
  readonly mixed: readonly string[];
};

/**
 * Compares what landed with what was approved, file by file, as git merges files.
 * @param trees.before where the approved head left the base branch. @param trees.onto what the base branch was when it landed.
 */
export function differenceOf(trees: {
  readonly before: Tree;
  readonly approved: Tree;
  readonly onto: Tree;
  readonly landed: Tree;
}): Difference {
  const { before, approved, onto, landed } = trees;
  const paths = new Set([before, approved, onto, landed].flatMap((tree) => [...tree.keys()]));
  const both = [...paths].filter((path) => {
    const [was, wanted, there] = [before.get(path), approved.get(path), onto.get(path)];
    return was !== wanted && was !== there && wanted !== there;
  });
  // Git follows a file that one side moved and the other changed: to which of the new ones, only the texts tell.
  const isMoved = both.some((path) => !approved.has(path) || !onto.has(path));
  const strange: string[] = [];
  const mixed = new Set(both);
  for (const path of paths) {
    const [was, wanted, there, is] = [before, approved, onto, landed].map((tree) => tree.get(path));
    if (mixed.has(path) || is === (was === wanted ? there : wanted)) continue;
    if (isMoved && was === undefined && (wanted ?? there) !== undefined) mixed.add(path);
    else strange.push(path);
  }
  return { strange: strange.toSorted(), mixed: [...mixed].toSorted() };
}

function fingerprintOf(facts: Facts, { base, sha }: Revision): string | null {
  const patch = facts.patches.find((entry) => entry.base === base && entry.sha === sha);
  return patch?.fingerprint.kind === "read" ? patch.fingerprint.value : null;
}
