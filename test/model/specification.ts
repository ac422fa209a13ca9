/**
 * What the check must say, written from the contract alone: what counts as assisted, whose change it is, which approvals count,
 * one SHA with several pull requests, merge groups, what was merged. It shares no code with src and knows less: people, never bots;
 * trailers, labels and the attestation as evidence; rules on the level of the change and on paths; one policy, the organisation's;
 * merge commits by the button, of pull requests that nobody says anything about afterwards; no exemptions, stacks, limits or broken files.
 *
 * What the app must know of the past depends on what it could see, so there are two readings of the same rules: the mildest
 * thing that the check may say and the strictest. They differ in what is called `known`, `heard`, `told` or `certain` below, and
 * in one question that the contract leaves open: whether a dismissed objection still asks for an approval when its author spoke again.
 */

import { clearedBy, isAssisted, isRemembered, pushesSince } from "./evidence.ts";

export type Kind = "objected" | "waiting" | "overridden" | "countersigned" | "not-needed";
export type Conclusion = "action_required" | "failure" | "success" | "neutral";
/** `by`: who objects, overrides or countersigned, sorted; empty for the others. */
export type Expected = {
  readonly kind: Kind;
  readonly conclusion: Conclusion;
  readonly by: readonly string[];
};
export type Reading = "mildest" | "strictest";

export type Commit = {
  readonly sha: string;
  readonly tree: string;
  /** Logins; null for an e-mail that no account has. */
  readonly people: readonly (string | null)[];
  readonly assisted: boolean;
  /** A merge of the base that GitHub made ("Update branch"): the head before it. */
  readonly updateOf: string | null;
  /** Pushed directly to a gated branch, where no rule applied to it. */
  readonly pushed: boolean;
};

/** What a pull request brought to its base branch. */
export type Merged = {
  readonly base: string;
  /** Its commits, and the one that merged it. */
  readonly commits: ReadonlySet<string>;
  /** The trees of its commits. */
  readonly trees: ReadonlySet<string>;
  /** The commit that merged it. */
  readonly as: { readonly sha: string; readonly tree: string };
  /** Everybody who may have shaped it. */
  readonly people: ReadonlySet<string | null>;
  /** Whether it asks for nothing again: what the mildest reading allows, and what is certain. */
  cleared: Readonly<Record<Reading, boolean>>;
};

export type Review = {
  readonly by: string;
  state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED";
  readonly objected: boolean;
  /** Counts up over everything that happens. */
  readonly at: number;
  /** What its author saw. */
  readonly head: string;
  readonly base: string;
  /** Its delivery came in. */
  heard: boolean;
  dismissedBy: string | null;
};

/** A push to a branch, whether or not there was a pull request. */
export type BranchPush = {
  readonly branch: string;
  readonly by: string;
  /** Null for the push that made the branch. */
  readonly before: string | null;
  readonly after: string;
  /** When its `push` delivery came in, counted up over all that did; null before. */
  heard: number | null;
};

/** A push that led to the head of a pull request, also one before it was opened, and to the branch that its branch was made from. */
export type Push = {
  readonly push: BranchPush;
  /** Whether this pull request's `synchronize` or timeline told of it. */
  told: boolean;
  /** Whether its timeline shows what was replaced, too. */
  readonly forced: boolean;
};

/**
 * `shown`: the head it was written on, if a check stood there, and the head of this pull request's newest check; `certain`: the two
 * are one, the check surely stood there before the comment and did not pass, and the head has not moved since. (Whether one holds
 * again when the head comes back to it the contract leaves open.)
 */
export type Override = {
  readonly by: string;
  readonly shown: ReadonlySet<string>;
  certain: boolean;
  heard: boolean;
};

export type Pull = {
  readonly number: number;
  readonly author: string;
  base: string;
  head: string;
  open: boolean;
  readonly branch: string;
  readonly labels: Set<string>;
  attested: boolean;
  /** Evidence on this pull request, SHAs of commits among it: seen by a look, and there at any time. */
  readonly known: Set<string>;
  readonly ever: Set<string>;
  /** The same of the trees of its commits. */
  readonly knownTrees: Set<string>;
  readonly everTrees: Set<string>;
  merged: Merged | null;
  /** In the order in which they happened. */
  readonly pushes: Push[];
  readonly reviews: Review[];
  readonly overrides: Override[];
  /** When its head was last force-pushed or its base changed. */
  movedAt: number;
};

export type Policy = { readonly mode: "enforce" | "observe"; readonly approvals: number };

export type World = {
  /** The roster: login -> level. */
  readonly roster: ReadonlyMap<string, Level>;
  readonly canPush: ReadonlySet<string>;
  readonly policy: Policy;
  readonly gated: ReadonlySet<string>;
  readonly pulls: readonly Pull[];
  /** Open merge groups: head SHA -> the pull requests that would land. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
  /** Commits that are in the head and not in the base branch. */
  readonly range: (base: string, head: string) => readonly Commit[];
  /** Whether a commit is in a base branch. */
  readonly isIn: (base: string, sha: string) => boolean;
  /** The files that would change, as {path, mode, blob at the merge base, blob at head}; the key says it all. */
  readonly patch: (base: string, head: string) => { readonly key: string; readonly paths: readonly string[] };
};

const levels = ["junior", "mid", "senior", "staff", "principal"] as const;
export type Level = (typeof levels)[number];
const rank = (level: Level): number => levels.indexOf(level);

/** The policy of the model: these two rules, and overrides by a senior. */
type Rule = { readonly approvals: number; readonly level: Level };
const overrideLevel: Level = "senior";
const strictestFirst: readonly Kind[] = ["objected", "waiting", "overridden", "countersigned", "not-needed"];

/** What the check must say on each head SHA of a gated open pull request, and on each open merge group. */
export function specification(world: World, reading: Reading): Map<string, Expected> {
  const open = world.pulls.filter((pull) => pull.open && world.gated.has(pull.base));
  const verdicts = new Map(open.map((pull) => [pull, verdictOn(world, pull, reading)]));
  const result = new Map<string, Expected>();
  for (const head of new Set(open.map((pull) => pull.head))) {
    result.set(
      head,
      strictest(open.filter((pull) => pull.head === head).flatMap((pull) => verdicts.get(pull) ?? [])),
    );
  }
  for (const [sha, numbers] of world.groups) {
    result.set(
      sha,
      strictest(
        open.filter((pull) => numbers.includes(pull.number)).flatMap((pull) => verdicts.get(pull) ?? []),
      ),
    );
  }
  return result;
}

/**
 * Whether a merge at this moment clears what it brings. It is judged by the facts of the moment, whenever they are read: the app may be
 * told later of what was said by now.
 */
export function clears(world: World, pull: Pull): Readonly<Record<Reading, boolean>> {
  const isGate = world.gated.has(pull.base) && world.policy.mode === "enforce";
  const passes = (pulls: readonly Pull[], reading: Reading) => {
    const [same = pull] = pulls.filter(({ number }) => number === pull.number);
    const { kind } = verdictOn({ ...world, pulls }, same, reading);
    return isGate && kind !== "objected" && kind !== "waiting";
  };
  const told = world.pulls.map((each) => ({
    ...each,
    reviews: each.reviews.map((review) => ({ ...review, heard: true })),
    overrides: each.overrides.map((override) => ({ ...override, heard: true })),
  }));
  return { mildest: passes(told, "mildest"), strictest: passes(world.pulls, "strictest") };
}

function strictest(verdicts: readonly Expected[]): Expected {
  const [first] = verdicts.toSorted(
    (one, other) => strictestFirst.indexOf(one.kind) - strictestFirst.indexOf(other.kind),
  );
  if (first === undefined) throw new Error("There is nothing to be strict about.");
  return first;
}

function verdictOn(world: World, pull: Pull, reading: Reading): Expected {
  const say = (kind: Kind, people: Iterable<string> = []): Expected => {
    const blocked = kind === "objected" ? "failure" : kind === "waiting" ? "action_required" : "success";
    const conclusion = world.policy.mode === "observe" ? "neutral" : blocked;
    return { kind, conclusion, by: [...new Set(people)].toSorted() };
  };
  // Open pull requests with one head and one base are one change.
  const change = world.pulls.filter(
    (each) => each.open && each.head === pull.head && each.base === pull.base,
  );
  const contributors = contributorsOf(world, pull, change, reading);
  const rules = rulesFor(world, pull, contributors, reading);
  if (rules.length === 0) return say("not-needed");

  const lowest =
    rules.map(({ level }) => level).toSorted((one, other) => rank(one) - rank(other))[0] ?? "senior";
  const mayDecide = (login: string, level: Level) => {
    const theirs = world.roster.get(login);
    return theirs !== undefined && rank(theirs) >= rank(level) && world.canPush.has(login);
  };
  const mayCountersign = (login: string, level: Level) => mayDecide(login, level) && !contributors.has(login);

  const overriders = pull.overrides
    .filter(({ certain, heard }) => heard && (certain || reading === "mildest"))
    .filter(({ by, shown }) => shown.has(pull.head) && mayCountersign(by, overrideLevel))
    .map(({ by }) => by);

  const reviews = change.flatMap((each) => each.reviews.map((review) => ({ pull: each, review })));
  const decisive = reviews.filter(({ review }) => review.state !== "COMMENTED");
  const latest = decisive.filter(
    ({ review }) => !decisive.some(({ review: other }) => other.by === review.by && other.at > review.at),
  );
  const objectors = latest
    .filter(({ review }) => review.state === "CHANGES_REQUESTED" && mayDecide(review.by, lowest))
    .map(({ review }) => review.by);
  const approvals = latest
    .filter(
      ({ pull: on, review }) => review.state === "APPROVED" && isOfWhatWouldLand(world, on, pull, review),
    )
    .map(({ review }) => review);

  const enough = rules.every(
    (rule) => approvals.filter(({ by }) => mayCountersign(by, rule.level)).length >= rule.approvals,
  );
  // An objection that somebody else dismissed asks for an approval after it, by a third person or by who objected.
  const unanswered = (reading === "mildest" ? latest : decisive).some(
    ({ review: { objected, state, by, at, dismissedBy } }) =>
      objected &&
      state === "DISMISSED" &&
      dismissedBy !== by &&
      mayDecide(by, lowest) &&
      !approvals.some(
        (other) => other.at > at && other.by !== dismissedBy && mayCountersign(other.by, lowest),
      ),
  );
  if ((objectors.length > 0 || !enough || unanswered) && overriders.length > 0)
    return say("overridden", overriders);
  if (objectors.length > 0) return say("objected", objectors);
  if (!enough || unanswered) return say("waiting");
  return say(
    "countersigned",
    approvals.filter(({ by }) => rules.some(({ level }) => mayCountersign(by, level))).map(({ by }) => by),
  );
}

/** Logins, and null for somebody without an account. @param change the open pull requests that are one change with this one. */
export function contributorsOf(
  world: World,
  pull: Pull,
  change: readonly Pull[],
  reading: Reading,
): ReadonlySet<string | null> {
  const samePatch = (before: string | null, after: string) =>
    before !== null && world.patch(pull.base, before).key === world.patch(pull.base, after).key;
  // Who wrote or pushed only what was cleared contributed nothing.
  const isCleared = clearedBy(world, reading);
  const commits = world.range(pull.base, pull.head).filter((commit) => !isCleared(commit));
  const pushes = change
    .flatMap((each) => pushesSince(world, each, reading))
    .filter(({ push: { before, after } }) => {
      const there = before === null ? [] : world.range(pull.base, before).map(({ sha }) => sha);
      const brought = world.range(pull.base, after).filter(({ sha }) => !there.includes(sha));
      return brought.length === 0 || !brought.every(isCleared);
    });
  // Whoever shaped what was merged brought it to the branch that this one was made from; when the app knows of that, nobody says.
  const brought = reading === "mildest" ? [] : world.pulls.flatMap(({ merged }) => merged ?? []);
  const within = brought.filter(({ as }) => commits.some(({ sha }) => sha === as.sha));
  return new Set([
    ...within.flatMap((merged) => [...merged.people]),
    ...change.map(({ author }) => author),
    ...commits.filter(({ sha, updateOf }) => !samePatch(updateOf, sha)).flatMap(({ people }) => people),
    ...pushes
      .filter(({ push: { before, after } }) => !samePatch(before, after))
      .map(({ push: { by } }) => by),
  ]);
}

function rulesFor(
  world: World,
  pull: Pull,
  contributors: ReadonlySet<string | null>,
  reading: Reading,
): Rule[] {
  const assisted =
    pull.attested ||
    pull.labels.has("ai-assisted") ||
    isAssisted(world, pull, reading) ||
    isRemembered(world, pull, reading);
  const range = world.range(pull.base, pull.head);
  if (!assisted && range.length > 0 && range.every(clearedBy(world, reading))) return [];
  const ranks = [...contributors].map((login) => rank(world.roster.get(login ?? "") ?? "junior"));
  const { approvals } = world.policy;
  const touchesInfra = world.patch(pull.base, pull.head).paths.some((path) => path.startsWith("infra/"));
  return [
    ...(assisted && Math.min(...ranks) < rank("senior") ? [{ approvals, level: "senior" } as const] : []),
    ...(touchesInfra ? [{ approvals: 1, level: "staff" } as const] : []),
  ];
}

/**
 * Given for this base, on this head or on one with the same patch. One that nobody was told of counts only where nothing moved
 * since. (That an approval never moves to another base is the README's word; the contract alone would let the same patch pass.)
 */
function isOfWhatWouldLand(world: World, on: Pull, pull: Pull, { head, base, at, heard }: Review): boolean {
  if (base !== pull.base || (!heard && on.movedAt > at)) return false;
  return head === pull.head || world.patch(base, head).key === world.patch(base, pull.head).key;
}
