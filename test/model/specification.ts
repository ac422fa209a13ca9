/**
 * What the check must say, written from the contract alone: what counts as assisted, whose change it is, which approvals count,
 * one SHA with several pull requests, merge groups. It shares no code with src and knows less: people, never bots; trailers, labels
 * and the attestation as evidence; rules on the level of the change and on paths; one policy, the organisation's; what landed
 * is never assisted; no exemptions, stacks, limits or broken files.
 *
 * What the app must know of the past depends on what it could see, so there are two readings of the same rules: the mildest
 * thing that the check may say and the strictest. They differ in what is called `known`, `heard`, `told` or `certain` below, and
 * in one question that the contract leaves open: whether a dismissed objection still asks for an approval when its author spoke again.
 */

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
  /** Logins; null for an e-mail that no account has. */
  readonly people: readonly (string | null)[];
  readonly assisted: boolean;
  /** A merge of the base that GitHub made ("Update branch"): the head before it. */
  readonly updateOf: string | null;
  /** It reached a gated branch, where it asked for nothing. */
  readonly landed: boolean;
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
  /** Evidence on this pull request or inherited by it: seen by a look, and there at any time. */
  readonly known: Set<string>;
  readonly ever: Set<string>;
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

/** Logins, and null for somebody without an account. */
function contributorsOf(
  world: World,
  pull: Pull,
  change: readonly Pull[],
  reading: Reading,
): ReadonlySet<string | null> {
  const samePatch = (before: string | null, after: string) =>
    before !== null && world.patch(pull.base, before).key === world.patch(pull.base, after).key;
  // Who wrote only what landed elsewhere contributed nothing, once the app was told that it did.
  const commits = world
    .range(pull.base, pull.head)
    .filter(({ landed }) => !landed || reading === "strictest");
  const pushes = change.flatMap((each) => pushesKnown(each, reading));
  return new Set([
    ...change.map(({ author }) => author),
    ...commits.filter(({ sha, updateOf }) => !samePatch(updateOf, sha)).flatMap(({ people }) => people),
    ...pushes
      .filter(({ push: { before, after } }) => !samePatch(before, after))
      .map(({ push: { by } }) => by),
  ]);
}

/** The pushes that led to the head: those that the app must have been told of, or all there were. */
export function pushesKnown(pull: Pull, reading: Reading): readonly Push[] {
  const { pushes } = pull;
  if (reading === "strictest") return pushes;
  // They are followed back from the head, as far as there is no gap; what a push replaced is known by that push alone.
  const gap = pushes.findLastIndex(
    ({ push, told }) => !told && (push.heard === null || !isOnTheWay(pull, push)),
  );
  return pushes.filter(({ told }, at) => told || at > gap);
}

/** A push to another branch is on the way if that one had the commits first, as far as the order of the deliveries shows. */
function isOnTheWay({ branch, pushes }: Pull, { branch: to, heard }: BranchPush): boolean {
  if (heard === null) return false;
  return pushes.every(
    ({ push: own }) => to === branch || own.branch !== branch || (own.heard ?? Infinity) > heard,
  );
}

/** Whether a commit that is in the branch, or was when somebody pushed, is assisted, as far as the pushes are known. */
function isAssisted(world: World, pull: Pull, reading: Reading): boolean {
  const heads = pushesKnown(pull, reading).flatMap(({ push: { before, after }, forced }) =>
    forced && before !== null ? [before, after] : [after],
  );
  return [pull.head, ...heads].some((head) => world.range(pull.base, head).some((commit) => commit.assisted));
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
    (reading === "mildest" ? pull.known : pull.ever).size > 0;
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
