/**
 * The state of one fake GitHub: plain, mutable objects and look-ups on them. No HTTP, no rendering, no deliveries here.
 *
 * Where things are: commits and trees in git.ts; pull requests in pulls.ts; reviews, labels and comments in people.ts;
 * check runs in check-runs.ts; required checks and merging in merge.ts. Ids are numbers counted up from one counter,
 * so that they stay below 2^31 and never name two things. Times are ISO 8601 in UTC with whole seconds, as GitHub's.
 */
import type { HookLog } from "./rest-hooks.ts";
import type { KeyObject } from "node:crypto";
import type { Environment, WorkflowRun } from "./deployments.ts";
import type { CommitStatus } from "./commit-status.ts";
import type { Issue } from "./issue.ts";
import type { Annotation } from "./annotations.ts";
import type { BranchProtection, Ruleset } from "./rulesets.ts";

export type Role = "admin" | "maintain" | "write" | "triage" | "read";
export type FileMode = "100644" | "100755" | "120000" | "160000";
export type TreeEntry = { readonly mode: FileMode; readonly sha: string; readonly text: string };
/** Every file of a commit: full path (no leading slash) -> entry. Never changed after it was made. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** What a commit claims about a person. `date` is ISO 8601. */
export type Signature = { readonly name: string; readonly email: string; readonly date: string };

export type Commit = {
  readonly sha: string;
  readonly treeSha: string;
  readonly tree: Tree;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
  /** Made by GitHub itself (web edit, merge button, Update branch): committer web-flow and a valid signature. */
  readonly signedByGitHub: boolean;
};

export type Account = {
  readonly id: number;
  /** A mannequin stands for somebody whose work was imported; nobody can act as one. */
  readonly type: "User" | "Bot" | "Organization" | "Mannequin";
  login: string;
  /** Display name, used as the name on commits this account makes. */
  name: string;
  /** Lower case. A commit with one of these e-mails links to this account. The first one is the noreply form. */
  readonly emails: string[];
  readonly createdAt: string;
};

export type Team = {
  readonly id: number;
  readonly organizationId: number;
  readonly slug: string;
  readonly name: string;
  readonly parentId: number | null;
  readonly memberIds: Set<number>;
};

export type App = {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly ownerId: number;
  /** The `slug[bot]` account that writes in the app's name. */
  readonly botId: number;
  readonly privateKey: string;
  readonly publicKey: KeyObject;
  readonly webhookSecret: string;
  /** For people who sign in with it. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly callbackUrls: string[];
  webhookUrl: string | null;
  readonly permissions: Readonly<Record<string, "read" | "write">>;
  readonly events: readonly string[];
  readonly createdAt: string;
};

export type Installation = {
  readonly id: number;
  readonly appId: number;
  readonly accountId: number;
  selection: "all" | "selected";
  /** Only used when `selection` is "selected". */
  readonly repositoryIds: Set<number>;
  readonly permissions: Readonly<Record<string, "read" | "write">>;
  readonly createdAt: string;
  suspendedAt: string | null;
};

export type Label = { readonly id: number; name: string; color: string; description: string | null };

export type ReviewState = "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";
export type Review = {
  readonly id: number;
  readonly userId: number;
  state: ReviewState;
  body: string;
  /** The head when it was submitted; it stays when the head moves on. */
  commitId: string;
  /** Null while it is PENDING. */
  submittedAt: string | null;
  updatedAt: string;
};

export type Comment = {
  readonly id: number;
  readonly userId: number;
  /** The app that wrote it, null for people. */
  readonly appId: number | null;
  body: string;
  readonly createdAt: string;
  updatedAt: string;
};

/** What GitHub's timeline shows, oldest first. */
export type TimelineEvent = { readonly id: number; readonly at: string; readonly actorId: number } & (
  | {
      readonly kind: "labeled" | "unlabeled";
      readonly label: { readonly id: number; readonly name: string; readonly color: string };
    }
  | { readonly kind: "head-ref-force-pushed"; readonly before: string; readonly after: string }
  | { readonly kind: "base-ref-changed"; readonly from: string; readonly to: string }
  | {
      readonly kind: "review-dismissed";
      readonly reviewId: number;
      readonly previousState: ReviewState;
      readonly message: string;
    }
  | { readonly kind: "assigned" | "unassigned"; readonly assigneeId: number }
  | { readonly kind: "closed" | "reopened" | "merged" | "ready-for-review" }
);

export type Pull = {
  readonly id: number;
  readonly number: number;
  readonly userId: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  locked: boolean;
  draft: boolean;
  /** Ids of labels of the repository, in the order they were put on. */
  labelIds: number[];
  assigneeIds: number[];
  /** `sha` follows the branch while the pull request is open, and catches up when it is reopened. */
  readonly head: { readonly repositoryId: number; readonly ref: string; sha: string };
  /** `sha` is the tip of the base branch when head or base last changed; frozen when the pull request is closed. */
  readonly base: { ref: string; sha: string };
  merged: boolean;
  mergedById: number | null;
  mergeCommitSha: string | null;
  /** The commits that GitHub made of its own when it was rebased onto the base. */
  copies: readonly string[];
  readonly createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  mergedAt: string | null;
  /** Who last edited title or body, and when; null when nobody did. */
  editorId: number | null;
  lastEditedAt: string | null;
  readonly reviews: Review[];
  readonly comments: Comment[];
  /** On lines of the diff, each in a thread of its own; `editorId` is who changed one since. */
  readonly reviewComments: { userId: number; body: string; editorId: number | null }[];
  /** The base branch of the stack it is in; null when it is in none. */
  stackBase: string | null;
  readonly timeline: TimelineEvent[];
};

export type CheckStatus = "queued" | "in_progress" | "completed";
export type CheckConclusion =
  | "success"
  | "failure"
  | "neutral"
  | "cancelled"
  | "skipped"
  | "timed_out"
  | "action_required"
  | "stale";

/** One per app and SHA. Status and conclusion follow its runs (`suiteState` in check-runs.ts). */
export type CheckSuite = {
  readonly id: number;
  readonly appId: number;
  readonly headSha: string;
  readonly headBranch: string | null;
  readonly before: string | null;
  /** Set by a re-request: status queued and no conclusion, until a run is written again. */
  rerequested: boolean;
  readonly createdAt: string;
  updatedAt: string;
};

export type CheckRun = {
  readonly id: number;
  readonly suiteId: number;
  readonly appId: number;
  readonly headSha: string;
  name: string;
  status: CheckStatus;
  conclusion: CheckConclusion | null;
  externalId: string;
  detailsUrl: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
  readonly annotations: Annotation[];
  startedAt: string;
  completedAt: string | null;
};

/** A branch that was moved. */
export type Activity = {
  readonly id: number;
  readonly branch: string;
  /** Null where there was no branch before. */
  readonly before: string | null;
  readonly after: string;
  readonly actorId: number;
  readonly at: string;
  readonly type: "push" | "force_push" | "branch_creation" | "pr_merge" | "merge_queue_merge";
};

export type Repository = {
  readonly id: number;
  ownerId: number;
  name: string;
  private: boolean;
  defaultBranch: string;
  readonly collaborators: Map<number, Role>;
  readonly commits: Map<string, Commit>;
  /** Branch name without refs/heads/ -> head SHA. */
  readonly branches: Map<string, string>;
  /** Full name of any other ref (refs/notes/ai) -> SHA. */
  readonly otherRefs: Map<string, string>;
  readonly labels: Map<number, Label>;
  /** By number. */
  readonly pulls: Map<number, Pull>;
  readonly issues: Map<number, Issue>;
  /** Whether people and apps may open issues. */
  hasIssues: boolean;
  readonly checkSuites: CheckSuite[];
  /** Oldest first. */
  readonly checkRuns: CheckRun[];
  readonly statuses: CommitStatus[];
  readonly rulesets: Ruleset[];
  /** GitHub's activity log, oldest first. */
  readonly activities: Activity[];
  readonly protections: BranchProtection[];
  readonly environments: Environment[];
  /** Oldest first. */
  readonly runs: WorkflowRun[];
  /** Of all its branches, first to land first. */
  readonly queue: (Record<"number" | "actorId", number> &
    Record<"base" | "branch" | "sha" | "onto", string>)[];
  readonly createdAt: string;
  pushedAt: string;
};

/** Who is asking: decided from the Authorization header. */
export type Viewer =
  /** `through`: a user access token of an app, which reaches what the app is installed on, and what is public. */
  | {
      readonly kind: "user";
      readonly account: Account;
      readonly through?: { readonly app: App; readonly reaches: (repository: Repository) => boolean };
    }
  | { readonly kind: "app"; readonly app: App }
  | {
      readonly kind: "installation";
      readonly app: App;
      readonly installation: Installation;
      readonly permissions: Readonly<Record<string, "read" | "write">>;
      /** Null: every repository of the installation. */
      readonly repositoryIds: ReadonlySet<number> | null;
    };

export type Token = { readonly viewer: Viewer; readonly expiresAt: number | null };

/** One thing that happened and may concern apps; webhooks.ts completes it and decides who gets it. */
export type Happening = {
  readonly event: string;
  readonly action: string | null;
  /** The account whose installations hear of it. */
  readonly accountId: number;
  readonly repository: Repository | null;
  readonly senderId: number;
  /** Only this app hears of it (check suites, re-requests, installations). Null: every subscribed one. */
  readonly onlyAppId: number | null;
  /** What is special to the event; repository, organization, installation, sender and action are added. */
  readonly payload: Readonly<Record<string, unknown>>;
};

export type World = {
  /** Where this GitHub answers, e.g. http://127.0.0.1:4000, for the links in what it says. */
  url: string;
  /** Milliseconds: what GitHub's clock shows. */
  readonly now: () => number;
  /** Milliseconds: what it says in its answers. Without a clock of its own it stands still between two events. */
  readonly date: () => number;
  /** The time of an event: like `now`, but by default every event has a second of its own. */
  readonly stamp: () => string;
  readonly nextId: () => number;
  readonly accounts: Map<number, Account>;
  readonly teams: Map<number, Team>;
  readonly apps: Map<number, App>;
  readonly installations: Map<number, Installation>;
  readonly repositories: Map<number, Repository>;
  readonly formerNames: Map<string, number>; // `owner/name`, in lower case, that a repository gave up -> its id
  readonly tokens: Map<string, Token>;
  /** Set by webhooks.ts. */
  happened: (happening: Happening) => void;
  /** An Enterprise Server that shows nothing to strangers; a test sets it. */
  privateMode: boolean;
  /** Of 5,000 an hour; a test sets it. */
  graphqlPointsLeft: number;
  /** Set by webhooks.ts: the log of deliveries, newest first, and sending one of them again. */
  hookLog: HookLog;
};

/** Milliseconds -> "2026-01-31T12:00:00Z", GitHub's form. */
export function isoSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** A stable global node id: `PR_1234`. GraphQL and REST agree on it. */
export function nodeId(prefix: string, id: number): string {
  return `${prefix}_${id}`;
}

/** The account with this id; throws when there is none, because ids only come from this world. */
export function accountById(world: World, id: number): Account {
  const account = world.accounts.get(id);
  if (!account) throw new Error(`The fake GitHub has no account with id ${id}.`);
  return account;
}

/** The account with this login, in any case; undefined when there is none. */
export function findAccount(world: World, login: string): Account | undefined {
  return [...world.accounts.values()].find((account) => account.login.toLowerCase() === login.toLowerCase());
}

/** The account GitHub links a commit e-mail to; undefined when nobody has it. */
export function accountForEmail(world: World, email: string): Account | undefined {
  return [...world.accounts.values()].find((account) => account.emails.includes(email.toLowerCase()));
}

/** The repository with this owner and name, in any case; undefined when there is none. */
export function findRepository(world: World, owner: string, name: string): Repository | undefined {
  return [...world.repositories.values()].find(
    (repository) =>
      repository.name.toLowerCase() === name.toLowerCase() &&
      accountById(world, repository.ownerId).login.toLowerCase() === owner.toLowerCase(),
  );
}

/** `owner/name`. */
export function fullName(world: World, repository: Repository): string {
  return `${accountById(world, repository.ownerId).login}/${repository.name}`;
}

/** The highest role an account has on a repository; null when it cannot even read it. */
export function roleOf(repository: Repository, accountId: number): Role | null {
  if (repository.ownerId === accountId) return "admin";
  return repository.collaborators.get(accountId) ?? (repository.private ? null : "read");
}

/** Whether an account can push: role write or more. */
export function canPush(repository: Repository, accountId: number): boolean {
  const role = roleOf(repository, accountId);
  return role === "admin" || role === "maintain" || role === "write";
}

/** Whether an installation covers a repository. */
export function covers(installation: Installation, repository: Repository): boolean {
  if (installation.accountId !== repository.ownerId) return false;
  return installation.selection === "all" || installation.repositoryIds.has(repository.id);
}

/** Whether the viewer may see the repository; GitHub answers 404, not 403, where it may not. */
export function canSee(viewer: Viewer, repository: Repository): boolean {
  switch (viewer.kind) {
    case "user":
      return (
        roleOf(repository, viewer.account.id) !== null &&
        (!repository.private || (viewer.through?.reaches(repository) ?? true))
      );
    case "installation":
      return (
        (covers(viewer.installation, repository) &&
          (viewer.repositoryIds === null || viewer.repositoryIds.has(repository.id))) ||
        !repository.private
      );
    case "app":
      return false;
  }
}

/** The account that acts: a person, or the app's bot. */
export function actorOf(world: World, viewer: Viewer): Account {
  return viewer.kind === "user" ? viewer.account : accountById(world, viewer.app.botId);
}
