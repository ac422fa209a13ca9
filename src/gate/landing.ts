import type { Read } from "./accounts.ts";
import { mayBeAnswered } from "./answers.ts";
import type { Commit, Facts, Merge, Observation, Review, TimelineEvent } from "./facts.ts";
import { judge } from "./judge.ts";
import { code, plain, prose } from "./markdown.ts";
import type { Difference } from "./patches.ts";
import { isSame } from "./roster.ts";
import type { Config, Verdict } from "./verdict.ts";

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
  /** The same facts with everything that was said since: reviews of the merged pull request, and acceptances. */
  readonly later: Facts;
  /** The verdict on those. */
  readonly since: Verdict;
  /** The origins of the policies that gate the branch in enforce mode. */
  readonly policies: readonly string[];
  readonly config: Config;
  /** Null where what landed is what the verdict is about. */
  readonly unproven: Unproven | null;
};

/** What landed with a pull request, where it is not proven to be what was approved. */
export type Unproven = {
  /** The last of the commits. */
  readonly sha: string;
  /** Why, in plain text that begins with a small letter and may name files. */
  readonly why: string;
};

/** Whether a verdict clears what it is about: it passes, and not only because nothing is enforced. */
export function clears({ mode, outcome }: Verdict): boolean {
  if (mode === "observe") return false;
  return outcome.kind === "countersigned" || outcome.kind === "overridden" || outcome.kind === "not-needed";
}

/** What GitHub shows the history of. */
type Told = Pick<Facts, "merge" | "reviews" | "labels" | "timeline" | "assignees">;

/**
 * The facts of a merged pull request as they were when it was merged, whenever they are read: what was said and done later is
 * taken away, and a review that was dismissed later is what it was. GitHub's times are whole seconds; what falls into that of
 * the merge counts, because a merge may follow the approval it waited for at once. Facts of any other stay as they are, and so does
 * what GitHub keeps no history of: the body, who can push, and what the base branch requires.
 */
export function asMerged<Some extends Told>(facts: Some): Some {
  if (facts.merge === null) return facts;
  const { at } = facts.merge;
  const events = facts.timeline.kind === "read" ? facts.timeline.value : [];
  const later = events.filter((event) => event.at > at);
  const assigned = later.flatMap((event) => (event.kind === "assigned" ? (event.account ?? []) : []));
  return {
    ...facts,
    reviews: mapRead(facts.reviews, (all) => reviewsBefore(all, later, at)),
    labels: mapRead(facts.labels, (all) => labelsBefore(all, later)),
    timeline: mapRead(facts.timeline, (all) => all.filter((event) => event.at <= at)),
    assignees: facts.assignees.filter((person) => !assigned.some((other) => isSame(person, other))),
  };
}

/** The same, without overrides and labels that were seen later. */
export function atMerge(facts: Facts): Facts {
  if (facts.merge === null) return facts;
  const { at } = facts.merge;
  const observations = facts.observations.filter(
    (seen) => (seen.kind !== "label" && seen.kind !== "override") || seen.at <= at,
  );
  return { ...asMerged(facts), observations };
}

function reviewsBefore(reviews: readonly Review[], later: readonly TimelineEvent[], at: string): Review[] {
  return reviews
    .filter(({ submittedAt }) => submittedAt <= at)
    .map((review) => {
      const dismissal = later.find(
        (event) => event.kind === "review-dismissed" && event.reviewId === review.id,
      );
      return review.state === "DISMISSED" && dismissal?.kind === "review-dismissed"
        ? { ...review, state: dismissal.previousState }
        : review;
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
  { facts, since, config: { roster }, unproven }: Landing,
): string | null {
  if (roster.kind !== "read" || by.kind !== "User" || !mayBeAnswered(by, facts, roster.value)) return null;
  if (unproven !== null && sha !== unproven.sha)
    return `this accepts nothing, because ${prose(unproven.why)}. Look at ${code(unproven.sha)}, and accept that.`;
  if (!shasLanded(facts).includes(sha))
    return "this accepts nothing: the full SHA of a commit that landed belongs behind the command.";
  const refusal = since.refused.find(({ reviewer }) => reviewer === by.login);
  if (refusal !== undefined) return `this acceptance does not count (${prose(refusal.reason)}).`;
  return clears(since) ? null : "this acceptance counts, and is not enough: more people have to countersign.";
}

/** What is known of a commit that landed with a pull request and is not proven to be what was approved. */
export type Found = {
  readonly commit: Commit;
  readonly merge: Merge;
  /** Whether the commit merges the head, which everybody can make. */
  readonly isMerge: boolean;
  readonly difference: Read<Difference>;
  /** What it changes. */
  readonly files: Facts["files"];
};

/**
 * What it means that a pull request may not have landed as it was approved: nobody reviewed what landed, so it is judged as one more
 * head that was pushed past the approval. Where somebody certainly wrote what nobody approved, the verdict is that, and its author and
 * who merged it are contributors. Where GitHub alone can have made it, and the two cannot be compared, the verdict stays; it takes
 * somebody all the same to clear it.
 */
export function unproven(landing: Landing, found: Found): Landing {
  const { isMerge, difference, commit } = found;
  const isWritten = isMerge || (difference.kind === "read" && difference.value.strange.length > 0);
  const landed = (facts: Facts) => asLanded(isWritten ? withWriters(facts, found) : facts, found);
  const [facts, later] = [landed(landing.facts), landed(landing.later)];
  const [verdict, since] = [judge(facts, landing.config), judge(withAcceptances(later), landing.config)];
  // Nobody had to approve it, whatever it is.
  if (verdict === null || since === null || verdict.outcome.kind === "not-needed") return landing;
  const why = whyUnproven(found, landing.facts.base);
  const judged = isWritten ? verdict : landing.verdict;
  return { ...landing, facts, later, verdict: judged, since, unproven: { sha: commit.sha, why } };
}

/** The commit that landed as the head: no approval or override was given on it, and no acceptance of another counts. */
function asLanded(facts: Facts, { commit: { sha }, files }: Found): Facts {
  const known = new Map(
    [facts.files, files].flatMap((read) =>
      read.kind === "read" ? read.value.map((file) => [file.path, file] as const) : [],
    ),
  );
  const unread = [facts.files, files].find(({ kind }) => kind !== "read");
  return {
    ...facts,
    headSha: sha,
    files: unread ?? { kind: "read", value: [...known.values()] },
    observations: facts.observations.filter((seen) => seen.kind !== "accept" || seen.sha === sha),
  };
}

function withWriters(facts: Facts, { commit, merge: { by, at } }: Found): Facts {
  const push = { kind: "push", before: facts.headSha, after: commit.sha, at } as const;
  return {
    ...facts,
    commits: mapRead(facts.commits, (all) => [...all, commit]),
    observations: by === null ? facts.observations : [...facts.observations, { ...push, actor: by }],
  };
}

function whyUnproven({ difference, isMerge }: Found, base: string): string {
  if (difference.kind !== "read") {
    const why = difference.kind === "absent" ? "GitHub does not show what it was made on" : difference.why;
    return `what landed cannot be compared with what was approved: ${why}`;
  }
  const { strange, mixed } = difference.value;
  if (strange.length > 0) return `what landed in ${some(strange)} is not what was approved`;
  return isMerge
    ? `the merge is not signed as one of GitHub's own, and ${base} had changed ${some(mixed)}, too`
    : `${base} had changed ${some(mixed)}, too, so what landed there is another text than was approved`;
}

/** Paths that are named; a commit shows the others. */
const pathsMax = 2;

function some(paths: readonly string[]): string {
  const more = paths.length > pathsMax ? ` and ${paths.length - pathsMax} more` : "";
  return `${paths
    .slice(0, pathsMax)
    .map((path) => plain(path, 80))
    .join(", ")}${more}`;
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
