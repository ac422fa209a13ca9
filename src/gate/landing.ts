import type { Read } from "./accounts.ts";
import { mayBeAnswered } from "./answers.ts";
import type { Facts, Observation, Review } from "./facts.ts";
import { prose } from "./markdown.ts";
import type { Roster } from "./roster.ts";
import type { Verdict } from "./verdict.ts";

/**
 * How a commit reached a branch: as a commit of a pull request (`merge`, where the merge commit is one of them too), as the one
 * that a pull request was squashed to, as a copy of one (`rebase`), through the merge queue, from another gated branch
 * (`update`), or by a push. `history`: it was there before the ledger began.
 */
export type How = "merge" | "squash" | "rebase" | "queue" | "push" | "update" | "history";

/** A change that reached a gated branch: a merged pull request, or what somebody pushed. */
export type Landing = {
  /** As they were when it landed; of a push, as they were read. */
  readonly facts: Facts;
  /** The verdict on these facts. */
  readonly verdict: Verdict;
  /** The verdict with everything that was said since: reviews of the merged pull request, and acceptances. */
  readonly since: Verdict;
  /** The origins of the policies that gate the branch in enforce mode. */
  readonly policies: readonly string[];
  /** Null where none could be read: then nobody is answered. */
  readonly roster: Roster | null;
};

/** Whether a verdict clears what it is about: it passes, and not only because nothing is enforced. */
export function clears({ mode, outcome }: Verdict): boolean {
  if (mode === "observe") return false;
  return outcome.kind === "countersigned" || outcome.kind === "overridden" || outcome.kind === "not-needed";
}

/**
 * The facts of a merged pull request as they were when it was merged, whenever they are read: what was said and done later is
 * taken away, and a review that was dismissed later is what it was. GitHub's times are whole seconds; what falls into that of
 * the merge counts, because a merge may follow the approval it waited for at once. Facts of any other stay as they are.
 */
export function atMerge(facts: Facts): Facts {
  if (facts.merge === null) return facts;
  const { at } = facts.merge;
  const events = facts.timeline.kind === "read" ? facts.timeline.value : [];
  const dismissedLater = new Map(
    events.flatMap((event) =>
      event.kind === "review-dismissed" && event.at > at
        ? [[event.reviewId, event.previousState] as const]
        : [],
    ),
  );
  const asItWas = (review: Review): Review =>
    review.state === "DISMISSED"
      ? { ...review, state: dismissedLater.get(review.id) ?? review.state }
      : review;
  const labelledLater = (label: string): boolean => {
    const times = events.flatMap((event) =>
      event.kind === "labeled" && event.label === label ? [event.at] : [],
    );
    return times.length > 0 && times.every((time) => time > at);
  };
  return {
    ...facts,
    reviews: mapRead(facts.reviews, (all) => all.filter(({ submittedAt }) => submittedAt <= at).map(asItWas)),
    labels: mapRead(facts.labels, (all) => all.filter((label) => !labelledLater(label))),
    timeline: mapRead(facts.timeline, (all) => all.filter((event) => event.at <= at)),
    observations: facts.observations.filter(
      (seen) => (seen.kind !== "label" && seen.kind !== "override") || seen.at <= at,
    ),
  };
}

/**
 * The facts with every `/countersign accept` of what landed as an approval of it: whose counts, and for what, is decided as it is
 * for a review. One for another commit accepts nothing here.
 */
export function withAcceptances(facts: Facts): Facts {
  const known = shasLanded(facts);
  const accepted = facts.observations.flatMap((seen): Review[] => {
    if (seen.kind !== "accept" || !known.includes(seen.sha)) return [];
    const access = facts.pushAccess.find(({ account }) => account.id === seen.by.id)?.canPush;
    return [
      {
        id: acceptanceId(seen.comment),
        author: seen.by,
        canPush: access?.kind === "read" && access.value,
        state: "APPROVED",
        submittedAt: seen.at,
        commitSha: facts.headSha,
      },
    ];
  });
  return accepted.length === 0
    ? facts
    : { ...facts, reviews: mapRead(facts.reviews, (all) => [...all, ...accepted]) };
}

/** GitHub's ids of reviews are numbers, so none is this. */
function acceptanceId(comment: string): string {
  return `accept-${comment}`;
}

/**
 * What is said to somebody whose `/countersign accept` did not clear what landed, in Markdown; null where it did, which is told
 * otherwise, and for outsiders.
 */
export function whyNotAccepted(
  { by, sha }: Extract<Observation, { kind: "accept" }>,
  { facts, since, roster }: Landing,
): string | null {
  if (roster === null || by.kind !== "User" || !mayBeAnswered(by, facts, roster)) return null;
  if (!shasLanded(facts).includes(sha))
    return "this accepts nothing: the full SHA of a commit that landed belongs behind the command.";
  const refusal = since.refused.find(({ reviewer }) => reviewer === by.login);
  if (refusal !== undefined) return `this acceptance does not count (${prose(refusal.reason)}).`;
  return clears(since) ? null : "this acceptance counts, and is not enough: more people have to countersign.";
}

function shasLanded(facts: Facts): (string | undefined)[] {
  return [facts.headSha, facts.merge?.commit?.sha, ...shasOf(facts)];
}

function shasOf({ commits }: Facts): string[] {
  return commits.kind === "read" ? commits.value.map(({ sha }) => sha) : [];
}

function mapRead<T>(
  read: Read<readonly T[]>,
  change: (all: readonly T[]) => readonly T[],
): Read<readonly T[]> {
  return read.kind === "read" ? { kind: "read", value: change(read.value) } : read;
}
