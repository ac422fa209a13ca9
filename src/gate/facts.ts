/**
 * Facts: everything the gate may know about one pull request at one head SHA.
 *
 * Plain, readonly JSON: facts are stored with the verdict they led to and replay to the same words. Time, accounts
 * and configuration come in as facts, because nothing in this folder may ask for them.
 */

import type { Account, GitIdentity, Read } from "./accounts.ts";
import type { Evidence } from "./evidence.ts";
import type { Roster } from "./roster.ts";

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
      readonly kind: "assigned";
      /** Who is to work on it; null for an account that was deleted. Taking them off is another event. */
      readonly account: Account | null;
      readonly actor: Account | null;
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
 * - `push`: who moved the head branch, and where to; also before the pull request was opened and while it was closed.
 * - `label`: somebody put a label on or took it off.
 * - `evidence`: evidence found by an earlier look, at this pull request or at one it inherits from.
 * - `override`: `/countersign override <reason>`, bound to the head SHA whose check run stood there, not passing, when it was
 *   written; to none where there was no such check run.
 * - `command`: a comment began like a command, and was none that exists.
 * - `answer`: the app has dealt with the commands in these comments at a head SHA; `said`: it answered them.
 * - `opened`: the pull request was opened before our eyes, so that there was no earlier look that could be forgotten.
 * - `accept`: `/countersign accept <full sha>`, on a merged pull request or on the issue about it.
 * - `scanned`: every commit of this head SHA was searched for evidence, and what was found is remembered.
 * - `scanned-later`: the same of an earlier head, when the pull request was merged already. It may have come to the branch after
 *   that, so it says nothing about what was merged.
 */
export type Observation =
  | { readonly kind: "review"; readonly reviewId: string; readonly sha: string; readonly base: string }
  | {
      readonly kind: "push";
      readonly actor: Account;
      /** Null for the push that created the branch. */
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
  | { readonly kind: "evidence"; readonly evidence: Evidence }
  | { readonly kind: "opened" }
  | { readonly kind: "scanned" | "scanned-later"; readonly sha: string }
  | {
      readonly kind: "override";
      /** GitHub's id of the comment. */
      readonly comment: string;
      readonly by: Account;
      readonly reason: string;
      readonly sha: string | null;
      readonly at: string;
    }
  | {
      readonly kind: "accept";
      readonly comment: string;
      readonly by: Account;
      readonly sha: string;
      readonly at: string;
    }
  | { readonly kind: "command"; readonly comment: string; readonly by: Account; readonly at: string }
  | {
      readonly kind: "answer";
      readonly to: Account;
      readonly sha: string;
      readonly comments: readonly string[];
      readonly said: boolean;
    };

/**
 * What a head SHA changes against a base branch: a fingerprint of every {path, mode, blob at the merge base, blob at the
 * head}. Two with the same fingerprint are the same patch. Read only where a verdict depends on it.
 */
export type Patch = { readonly base: string; readonly sha: string; readonly fingerprint: Read<string> };

/**
 * A commit that was the head once and that nobody looked at then: its commits that are not in the base branch; absent where
 * GitHub does not have it any more.
 */
export type OldHead = { readonly sha: string; readonly commits: Read<readonly Commit[]> };

/**
 * A commit that reached a gated branch of the repository and was cleared there, or a pull request all of whose commits were: by
 * the policies with these origins.
 */
export type ClearedBefore = { readonly policies: readonly string[] } & (
  | { readonly kind: "commit"; readonly sha: string }
  | { readonly kind: "pull"; readonly number: number }
);

/** A check run or commit status on the head that has our check's name and is not ours. */
export type SameNamedCheck = {
  readonly kind: "check run" | "commit status";
  /** The app's slug, or who set the status; null when GitHub does not say. */
  readonly by: string | null;
};

/** How a pull request was merged. */
export type Merge = {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: Account | null;
  /** The commit with which the base branch had it; null where GitHub does not show it. */
  readonly commit: Commit | null;
  /** The commit of the base branch that the pull request was compared with last. */
  readonly onto: string;
};

/** Whether an account can push to the repository now. Unlike a review, a comment does not come with it. */
export type PushAccess = { readonly account: Account; readonly canPush: Read<boolean> };

/** A roster or policy file in force that the pull request changes, as it would be afterwards. */
export type ConfigChange = {
  readonly file: "roster" | "policy";
  /** `acme/.github › .github/countersign/roster.yml` */
  readonly name: string;
  readonly proposal:
    | { readonly kind: "roster"; readonly roster: Roster }
    | { readonly kind: "policy" }
    | { readonly kind: "removed" }
    | { readonly kind: "broken"; readonly problems: readonly string[] }
    | { readonly kind: "unreadable"; readonly why: string };
};

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
  readonly merged: boolean;
  /** Null unless it was merged. */
  readonly merge: Merge | null;
  readonly author: Account | null;
  /** Authors of other open pull requests with the same head SHA and base branch: together they are one change. */
  readonly otherAuthors: readonly (Account | null)[];
  readonly assignees: readonly Account[];
  readonly title: string;
  readonly body: string;
  /** Who edited the body last; null when nobody ever did, `by: null` when GitHub does not say who. */
  readonly bodyEdited: { readonly by: Account | null } | null;
  /** The base branch of the stack the pull request is in, whose rules hold for it; null when it is in none. */
  readonly stackBase: string | null;
  readonly commits: Read<readonly Commit[]>;
  readonly files: Read<readonly ChangedFile[]>;
  readonly reviews: Read<readonly Review[]>;
  readonly labels: Read<readonly string[]>;
  readonly timeline: Read<readonly TimelineEvent[]>;
  readonly observations: readonly Observation[];
  /**
   * Commits that evidence is remembered from, no longer in the range, that are in the base branch by now: they landed through
   * another pull request. Read only where nothing else is evidence.
   */
  readonly landed: readonly string[];
  /** What the ledger has as cleared: of commits in the range and those that evidence is remembered from, of pull requests it is inherited from. */
  readonly cleared: readonly ClearedBefore[];
  /** Replaced before anybody looked, as after several force-pushes in a row. Each is read once. */
  readonly oldHeads: readonly OldHead[];
  readonly patches: readonly Patch[];
  /** People who left a suggested change in a review of this pull request; read only where a co-author may be one of them. */
  readonly suggestedBy: readonly Account[];
  /** Of people who overrode at this head, where that may count, and of those off the roster whom nobody has answered yet. */
  readonly pushAccess: readonly PushAccess[];
  /** git-ai's notes on the commits (`refs/notes/ai`), by commit SHA; absent where no policy asks for them. */
  readonly notes: Read<readonly { readonly sha: string; readonly text: string }[]>;
  readonly configChanges: readonly ConfigChange[];
  /** No verdict depends on them: they are named, so that nobody takes them for ours. */
  readonly sameNamed: readonly SameNamedCheck[];
  /** ISO 8601, UTC: when GitHub answered. The only clock the gate has. */
  readonly readAt: string;
};
