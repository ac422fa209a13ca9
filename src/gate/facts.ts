/**
 * Facts: everything the gate may know about one pull request at one head SHA.
 *
 * Plain, readonly JSON: facts are stored with the verdict they led to and replay to the same words. Time, accounts
 * and configuration come in as facts, because nothing in this folder may ask for them.
 */

import type { Evidence } from "./evidence.ts";

/** Something that was read, was not there, or could not be read. Absent is not unreadable: only the former is an answer. */
export type Read<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * A GitHub account. `id` is GitHub's numeric user id, null only where GitHub withholds it; `login` is spelled as GitHub
 * spells it, and a bot's always ends in `[bot]` (GraphQL leaves the suffix out, REST has it; the reader adds it).
 */
export type Account = {
  readonly login: string;
  readonly id: number | null;
  readonly kind: "User" | "Bot" | "Mannequin" | "Organization";
};

/** The name and e-mail a commit claims, and the account GitHub finds for that e-mail, if any. A claim anybody can forge. */
export type GitIdentity = { readonly name: string; readonly email: string; readonly account: Account | null };

export type Commit = {
  readonly sha: string;
  /** The full message, never cut: a trailer at the end of a long message still counts. */
  readonly message: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitIdentity;
  /** From `Co-authored-by` trailers, as GitHub resolved them. */
  readonly coAuthors: readonly GitIdentity[];
  readonly committer: GitIdentity;
  readonly signedByGitHub: boolean;
};

export type ChangedFile = {
  readonly path: string;
  /** The old path of a rename or copy; null where there is none. */
  readonly previousPath: string | null;
  readonly additions: number;
  readonly deletions: number;
};

export type ReviewState = "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";

export type Review = {
  /** GitHub's numeric review id as text: it may exceed 2^53. */
  readonly id: string;
  readonly author: Account | null;
  /** Whether the author can push to the repository now. */
  readonly canPush: boolean;
  readonly state: ReviewState;
  /** ISO 8601, UTC. */
  readonly submittedAt: string;
  /** The commit GitHub shows the review on; GitHub moves it after some rebases, and drops it with the commit. */
  readonly commitSha: string | null;
};

export type TimelineEvent =
  | {
      readonly kind: "labeled" | "unlabeled";
      readonly label: string;
      readonly actor: Account | null;
      readonly at: string;
    }
  | {
      readonly kind: "force-pushed";
      readonly actor: Account | null;
      readonly before: string | null;
      readonly after: string | null;
      readonly at: string;
    }
  | {
      readonly kind: "base-changed";
      readonly actor: Account | null;
      readonly from: string;
      readonly to: string;
      readonly at: string;
    }
  | {
      readonly kind: "review-dismissed";
      readonly actor: Account | null;
      readonly reviewId: string | null;
      readonly previousState: ReviewState;
      readonly at: string;
    };

/**
 * Something seen in passing that GitHub will not show again, recalled from the store.
 * - `review`: the head SHA and base branch a review was submitted on, as its `submitted` delivery said.
 * - `push`: who moved the head branch, and where to.
 * - `label`: somebody put a label on or took it off.
 * - `evidence`: evidence found by an earlier look.
 */
export type Observation =
  | { readonly kind: "review"; readonly reviewId: string; readonly sha: string; readonly base: string }
  | {
      readonly kind: "push";
      readonly actor: Account;
      readonly before: string | null;
      readonly after: string;
      readonly at: string;
    }
  | {
      readonly kind: "label";
      readonly action: "labeled" | "unlabeled";
      readonly label: string;
      readonly actor: Account | null;
      readonly at: string;
    }
  | { readonly kind: "evidence"; readonly evidence: Evidence };

export type Facts = {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  readonly url: string;
  readonly headSha: string;
  readonly headRef: string;
  /** `owner/name` of the repository the head branch is in; null when that was deleted. */
  readonly headRepo: string | null;
  /** The base branch's name, without `refs/heads/`. */
  readonly base: string;
  readonly defaultBranch: string;
  /** Whether a ruleset or branch protection requires the check `Countersign` on the base branch. */
  readonly requiredOnBase: Read<boolean>;
  readonly open: boolean;
  readonly author: Account | null;
  /** Authors of other open pull requests with the same head SHA and base branch: together they are one change. */
  readonly otherAuthors: readonly (Account | null)[];
  readonly assignees: readonly Account[];
  readonly title: string;
  readonly body: string;
  readonly commits: Read<readonly Commit[]>;
  readonly files: Read<readonly ChangedFile[]>;
  readonly reviews: Read<readonly Review[]>;
  readonly labels: Read<readonly string[]>;
  readonly timeline: Read<readonly TimelineEvent[]>;
  readonly observations: readonly Observation[];
  /** ISO 8601, UTC: when GitHub answered. The only clock the gate has. */
  readonly readAt: string;
};
