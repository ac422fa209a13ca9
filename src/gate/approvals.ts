import { partsBy } from "./contributors.ts";
import type { Account } from "./accounts.ts";
import type { Facts, Review, ReviewState, TimelineEvent } from "./facts.ts";
import { filesPastLimit } from "./missing.ts";
import { isSamePatch, type Revision, whyNotCompared } from "./patches.ts";
import { isSame, rank, type Roster, type Standing, standing } from "./roster.ts";
import type { Contributor, Person, RefusedReview } from "./verdict.ts";

/** An approval that counts, for every rule its author's level reaches. `person.by` says why when it was given on another commit. */
export type Approval = { readonly person: Person; readonly account: Account; readonly submittedAt: string };

/** A request for changes by somebody on the roster who can push; `dismissedBy` when it was dismissed by somebody else. */
export type Objection = {
  readonly person: Person;
  readonly account: Account;
  readonly submittedAt: string;
  readonly dismissedBy: { readonly actor: Account | null } | null;
};

export type Reviews = {
  readonly approvals: readonly Approval[];
  readonly objections: readonly Objection[];
  readonly refused: readonly RefusedReview[];
};

/**
 * Sorts the reviews of a pull request into approvals that count, objections, and reviews that do not count, each with its
 * reason (design: "Which approvals count"). Each person has one say: their latest decisive review.
 */
export function weighReviews(facts: Facts, people: readonly Contributor[], roster: Roster): Reviews {
  const approvals: Approval[] = [];
  const objections: Objection[] = [];
  const refused: RefusedReview[] = ofDeletedAccounts(facts);
  for (const { account, review } of latestDecisive(facts)) {
    const refuse = (state: string, reason: string) =>
      refused.push({ reviewer: account.login, state, reason });
    const said = standing(roster, account);
    const noSay = whyNoSay(review, account, said);
    const person = { login: account.login, level: said.kind === "listed" ? said.level : "" };
    const about = { person, account, submittedAt: review.submittedAt };
    if (review.state === "DISMISSED") {
      const { was, actor } = dismissalOf(facts, review);
      refuse(was === null ? "review" : stateWords[was], `was dismissed${actor ? ` by ${actor.login}` : ""}`);
      // Where nobody can tell whether the dismissed review was an objection, it is taken for one.
      const objected = was === null || was === "CHANGES_REQUESTED";
      const withdrawn = actor !== null && isSame(actor, account);
      if (objected && !withdrawn && noSay === null) objections.push({ ...about, dismissedBy: { actor } });
    } else if (review.state === "CHANGES_REQUESTED") {
      if (noSay === null) objections.push({ ...about, dismissedBy: null });
      else refuse(stateWords.CHANGES_REQUESTED, noSay);
    } else if (review.state === "COMMENTED") {
      const asked = noSay === null && partsBy(account, people, roster).length === 0;
      if (asked) refuse("comment", "only comments; to countersign, submit a review that approves");
    } else {
      const reason = noSay ?? whyContributor(account, people, roster);
      const binding = bindingOf(facts, review);
      if (reason !== null) refuse(stateWords.APPROVED, reason);
      else if (binding.kind === "moved") refuse(stateWords.APPROVED, binding.why);
      else
        approvals.push(
          binding.kind === "same-patch" ? { ...about, person: { ...person, by: binding.by } } : about,
        );
    }
  }
  return { approvals, objections, refused };
}

/** How a review of each state is called on the check run. */
const stateWords: Readonly<Record<ReviewState, string>> = {
  APPROVED: "approval",
  CHANGES_REQUESTED: "request for changes",
  COMMENTED: "comment",
  DISMISSED: "review",
  PENDING: "review",
};

/** The approvals whose author is at `level` or above. */
export function atLevel(approvals: readonly Approval[], level: string, roster: Roster): readonly Approval[] {
  return approvals.filter((approval) => rank(roster, approval.person.level) >= rank(roster, level));
}

/**
 * Per person the last of APPROVED, CHANGES_REQUESTED and DISMISSED, or a comment of who did nothing else. A comment decides
 * nothing, and a dismissal does not bring an older approval back. The id breaks a tie of two reviews in one second: GitHub
 * numbers them in order.
 */
function latestDecisive(facts: Facts): { account: Account; review: Review }[] {
  const latest: { account: Account; review: Review }[] = [];
  for (const review of reviewsOf(facts).toSorted(inOrder)) {
    if (review.state === "PENDING" || review.author === null) continue;
    const account = review.author;
    const known = latest.findIndex((entry) => isSame(entry.account, account));
    if (known === -1) latest.push({ account, review });
    else if (review.state !== "COMMENTED") latest[known] = { account, review };
  }
  return latest;
}

function ofDeletedAccounts(facts: Facts): RefusedReview[] {
  return reviewsOf(facts)
    .filter(({ author, state }) => author === null && (state === "APPROVED" || state === "CHANGES_REQUESTED"))
    .map(({ state }) => ({
      reviewer: "a deleted account",
      state: stateWords[state],
      reason: "is by nobody on the roster any more",
    }));
}

function reviewsOf(facts: Facts): readonly Review[] {
  return facts.reviews.kind === "read" ? facts.reviews.value : [];
}

function inOrder(one: Review, other: Review): number {
  const byTime = one.submittedAt.localeCompare(other.submittedAt);
  if (byTime !== 0) return byTime;
  return one.id.length - other.id.length || one.id.localeCompare(other.id);
}

/** Why nothing this account reviews counts, neither approval nor objection; null when it does. */
function whyNoSay(review: Review, account: Account, said: Standing): string | null {
  if (account.kind !== "User") return "is not a person: bots and apps have no say";
  if (said.kind === "not-listed") return said.why;
  return review.canPush ? null : "cannot push to the repository";
}

function whyContributor(account: Account, people: readonly Contributor[], roster: Roster): string | null {
  const parts = partsBy(account, people, roster);
  if (parts.length === 0) return null;
  const more = parts.length > 3 ? ` and ${parts.length - 3} more` : "";
  return `is a contributor to this change (${parts.slice(0, 3).join(", ")}${more})`;
}

/**
 * The revisions whose patches decide whether approvals still stand: what each approval was given on, and the head. Empty when
 * none was given on anything but the head.
 */
export function revisionsToCompare(facts: Facts): Revision[] {
  if (filesPastLimit(facts)) return [];
  const given = latestDecisive(facts).flatMap(({ review }) => {
    const seen = review.state === "APPROVED" ? seenBy(facts, review) : null;
    if (seen?.kind !== "revision" || seen.revision.base !== facts.base) return [];
    return isHead(facts, seen.revision) ? [] : [seen.revision];
  });
  return given.length === 0 ? [] : [...given, headOf(facts)];
}

type Binding =
  | { readonly kind: "head" }
  | { readonly kind: "same-patch"; readonly by: string }
  | { readonly kind: "moved"; readonly why: string };

/**
 * An approval stands for the head SHA and base branch it was given on, and for the same patch against that base. For another
 * base it is refused: what its author saw was a diff against a branch that may have been moved since, so nobody can tell now.
 */
function bindingOf(facts: Facts, review: Review): Binding {
  const seen = seenBy(facts, review);
  if (seen.kind === "unknown") return { kind: "moved", why: seen.why };
  const { base, sha } = seen.revision;
  if (isHead(facts, seen.revision)) return { kind: "head" };
  const short = sha.slice(0, 7);
  if (base !== facts.base) {
    return { kind: "moved", why: `approved this change for ${base}, it now goes to ${facts.base}` };
  }
  const moved = `approved ${short}, the head is now ${facts.headSha.slice(0, 7)}`;
  // Past the limit of files nobody can tell what a patch is: the approval binds to the exact SHA.
  if (filesPastLimit(facts))
    return {
      kind: "moved",
      why: `${moved}; with this many files an approval holds for its own commit alone`,
    };
  if (isSamePatch(facts, seen.revision, headOf(facts)))
    return { kind: "same-patch", by: `same patch as ${short}` };
  const unread = whyNotCompared(facts, seen.revision, headOf(facts));
  return {
    kind: "moved",
    why: unread === null ? moved : `${moved}, and the two could not be compared: ${unread}`,
  };
}

function headOf({ base, headSha }: Facts): Revision {
  return { base, sha: headSha };
}

function isHead(facts: Facts, { base, sha }: Revision): boolean {
  return base === facts.base && sha === facts.headSha;
}

/**
 * What the author of a review saw: the head SHA and base branch it was submitted on. GitHub moves a review's commit after
 * some rebases, so the `submitted` delivery is believed first, and what GitHub shows now only where the timeline proves that
 * nothing moved since.
 */
function seenBy(
  facts: Facts,
  review: Review,
): { kind: "revision"; revision: Revision } | { kind: "unknown"; why: string } {
  const again = "it has to be given again";
  const seen = facts.observations.find((entry) => entry.kind === "review" && entry.reviewId === review.id);
  if (seen?.kind === "review") return { kind: "revision", revision: { base: seen.base, sha: seen.sha } };
  if (review.commitSha === null)
    return { kind: "unknown", why: `was given on a commit that is gone; ${again}` };
  if (facts.timeline.kind !== "read") {
    return {
      kind: "unknown",
      why: `cannot be tied to a commit, because the timeline could not be read; ${again}`,
    };
  }
  const moved = facts.timeline.value.find((event) => movesReviews(event) && event.at >= review.submittedAt);
  if (moved === undefined) return { kind: "revision", revision: { base: facts.base, sha: review.commitSha } };
  const what =
    moved.kind === "base-changed" ? "the base branch was changed" : "the head branch was force-pushed";
  return { kind: "unknown", why: `was given before ${what}, on a commit nobody recorded; ${again}` };
}

function movesReviews(event: TimelineEvent): boolean {
  return event.kind === "force-pushed" || event.kind === "base-changed";
}

/** What a dismissed review had said and who dismissed it; null where the timeline does not tell. */
function dismissalOf(facts: Facts, review: Review): { was: ReviewState | null; actor: Account | null } {
  const events = facts.timeline.kind === "read" ? facts.timeline.value : [];
  const event = events.findLast((entry) => entry.kind === "review-dismissed" && entry.reviewId === review.id);
  if (event?.kind !== "review-dismissed") return { was: null, actor: null };
  return { was: event.previousState, actor: event.actor };
}
