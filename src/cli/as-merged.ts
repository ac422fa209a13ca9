/** A merged pull request as it stood when it was merged, as far as GitHub still tells. */
import type { Read } from "../gate/accounts.ts";
import type { Review, TimelineEvent } from "../gate/facts.ts";
import type { PullRead } from "../github/read-pull.ts";

type PullFacts = PullRead["facts"];

/**
 * Takes back what came after the merge: reviews, dismissals, labels, assignments, and every other event of the timeline. The commits of
 * a merged pull request are those it was merged with. What GitHub does not keep the history of stays as it is now: the body, who can
 * push, and what the base branch requires.
 * @param at when it was merged, ms since epoch. @param baseSha what the base branch was then; null where nobody knows.
 */
export function asMerged(seen: PullRead, at: number, baseSha: string | null): PullRead {
  const { facts } = seen;
  const { timeline } = facts;
  const events = timeline.kind === "read" ? timeline.value : [];
  const later = events.filter((event) => Date.parse(event.at) > at);
  return {
    ...seen,
    // Others that have its head or base branch now did not then.
    siblings: [],
    onOtherPull: false,
    ...(baseSha !== null && { baseSha }),
    facts: {
      ...facts,
      timeline: mapped(timeline, (list) => list.filter((event) => !later.includes(event))),
      reviews: mapped(facts.reviews, (list) => reviewsBefore(list, later, at)),
      labels: mapped(facts.labels, (list) => labelsBefore(list, later)),
      assignees: assigneesBefore(facts.assignees, later),
      readAt: new Date(at).toISOString(),
    },
  };
}

function mapped<T>(
  read: Read<readonly T[]>,
  change: (list: readonly T[]) => readonly T[],
): Read<readonly T[]> {
  return read.kind === "read" ? { kind: "read", value: change(read.value) } : read;
}

function reviewsBefore(list: readonly Review[], later: readonly TimelineEvent[], at: number): Review[] {
  return list
    .filter(({ submittedAt }) => Date.parse(submittedAt) <= at)
    .map((review) => {
      const dismissal = later.find(
        (event) => event.kind === "review-dismissed" && event.reviewId === review.id,
      );
      return dismissal?.kind === "review-dismissed" ? { ...review, state: dismissal.previousState } : review;
    });
}

/** Backwards through what came after: the first of several changes of one label tells what it was before. */
function labelsBefore(labels: readonly string[], later: readonly TimelineEvent[]): string[] {
  const before = new Set(labels);
  for (const event of later.toReversed()) {
    if (event.kind === "labeled") before.delete(event.label);
    if (event.kind === "unlabeled") before.add(event.label);
  }
  return [...before];
}

function assigneesBefore(assignees: PullFacts["assignees"], later: readonly TimelineEvent[]) {
  const since = later.flatMap((event) =>
    event.kind === "assigned" && event.account ? [event.account.login] : [],
  );
  return assignees.filter(({ login }) => !since.includes(login));
}
