import type { Read } from "../gate/accounts.ts";
import type { ChangedFile, Commit, Facts, Merge, Review, TimelineEvent } from "../gate/facts.ts";
import type { nothingLater } from "../gate/no-pull.ts";
import { accountOfActor, identityOf } from "./accounts.ts";
import type { Connection } from "./facts-query.ts";
import type { CommitAnswer, PullAnswer } from "./facts-schema.ts";

/** Facts as GitHub tells them with the one query. */
export type PullFacts = Omit<Facts, keyof typeof nothingLater>;

type NodeOf<Name extends Connection> = NonNullable<PullAnswer[Name]>["nodes"][number];
export type Items = { [Name in Connection]: Read<NodeOf<Name>[]> };

/** Parts of the answer that GitHub would not give, by name, with its reason. */
export type Unread = Map<string, string>;

/** The name of our check run, in rulesets and on commits. */
export const checkName = "Countersign";

/** Whether people would take a check run or commit status of this name for ours. */
export function isOurName(name: string): boolean {
  return name.toLowerCase() === checkName.toLowerCase();
}

/** The name of the one about changed roster and policy files. It is to be required nowhere: most commits have none. */
export const configCheckName = "Countersign config";

const coAuthorsMax = 50;

/** Turns GitHub's answer into facts: its words in, ours out, nothing decided. */
export function toPullFacts(given: {
  ref: { owner: string; repo: string };
  pull: PullAnswer;
  items: Items;
  unread: Unread;
  now: number;
  defaultBranch: string;
  sameNamed: Facts["sameNamed"];
}): PullFacts {
  const { ref, pull, items, unread, now, defaultBranch, sameNamed } = given;
  return {
    owner: ref.owner,
    repo: ref.repo,
    number: pull.number,
    url: pull.url,
    headSha: pull.headRefOid,
    headRef: pull.headRefName,
    headRepo: pull.headRepository?.nameWithOwner ?? null,
    base: pull.baseRefName,
    defaultBranch,
    requiredOnBase: requiredOnBase(pull, unread),
    open: pull.state === "OPEN",
    merged: pull.state === "MERGED",
    merge: mergeOf(pull),
    author: accountOfActor(pull.author),
    assignees: pull.assignees.nodes
      .map((user) => accountOfActor({ __typename: "User", ...user }))
      .filter((account) => account !== null),
    title: pull.title,
    body: pull.body,
    bodyEdited: pull.lastEditedAt === null ? null : { by: accountOfActor(pull.editor) },
    commits: commitsOf(items.commits),
    files: mapRead(items.files, toFile),
    reviews: mapRead(items.reviews, toReview),
    labels: mapRead(items.labels, (label) => label.name),
    timeline: mapRead(items.timeline, toTimelineEvent),
    sameNamed,
    readAt: new Date(now).toISOString(),
  };
}

function mergeOf({ mergedAt, mergedBy, mergeCommit, baseRefOid: onto }: PullAnswer): Merge | null {
  if (mergedAt === null) return null;
  const read = toCommits(mergeCommit === null ? [] : [mergeCommit]);
  const [commit = null] = read.kind === "read" ? read.value : [];
  return { at: mergedAt, by: accountOfActor(mergedBy), commit, onto };
}

function mapRead<From, To>(read: Read<readonly From[]>, convert: (item: From) => To): Read<readonly To[]> {
  return read.kind === "read" ? { kind: "read", value: read.value.map(convert) } : read;
}

function requiredOnBase({ baseRef }: PullAnswer, unread: Unread): Read<boolean> {
  const why = unread.get("baseRef");
  return why === undefined ? requiresCheck(baseRef) : { kind: "unreadable", why };
}

type Protection = Pick<NonNullable<PullAnswer["baseRef"]>, "refUpdateRule" | "rules">;

/**
 * Whether our check is required on a branch: by rulesets (`rules`), or by classic branch protection (`refUpdateRule`, the part of
 * it that others than admins may see). Null is a branch that is gone.
 */
export function requiresCheck(baseRef: Protection | null): Read<boolean> {
  if (baseRef === null) return { kind: "read", value: false };
  const contexts = [
    ...(baseRef.refUpdateRule?.requiredStatusCheckContexts ?? []),
    ...(baseRef.rules?.nodes.flatMap(
      (rule) => rule.parameters?.requiredStatusChecks?.map((check) => check.context) ?? [],
    ) ?? []),
  ];
  if (contexts.includes(checkName)) return { kind: "read", value: true };
  if (baseRef.rules !== null && baseRef.rules.totalCount > baseRef.rules.nodes.length) {
    return {
      kind: "unreadable",
      why: `the base branch has ${baseRef.rules.totalCount} rules, more than can be read`,
      pastLimit: true,
    };
  }
  return { kind: "read", value: false };
}

function commitsOf(read: Items["commits"]): Read<readonly Commit[]> {
  return read.kind === "read" ? toCommits(read.value.map(({ commit }) => commit)) : read;
}

/** Commits as the facts query asks for them; unreadable when GitHub does not show all authors of one. */
export function toCommits(commits: readonly CommitAnswer[]): Read<readonly Commit[]> {
  const crowded = commits.find(({ authors }) => authors.totalCount > coAuthorsMax);
  if (crowded !== undefined) {
    return {
      kind: "unreadable",
      why: `commit ${crowded.oid.slice(0, 7)} names more than ${coAuthorsMax} authors`,
      pastLimit: true,
    };
  }
  return { kind: "read", value: commits.map(toCommit) };
}

function toCommit(commit: CommitAnswer): Commit {
  const nobody = { name: "", email: "", account: null };
  return {
    sha: commit.oid,
    message: commit.message,
    tree: commit.tree.oid,
    parents: commit.parents.nodes.map((parent) => parent.oid),
    author: commit.author === null ? nobody : identityOf(commit.author),
    // GitHub lists the git author first, then the Co-authored-by trailers.
    coAuthors: commit.authors.nodes.slice(1).map(identityOf),
    committer: commit.committer === null ? nobody : identityOf(commit.committer),
    signedByGitHub:
      commit.signature !== null && commit.signature.isValid && commit.signature.wasSignedByGitHub,
  };
}

function toFile({ path, additions, deletions }: NodeOf<"files">): ChangedFile {
  return { path, previousPath: null, additions, deletions };
}

function toReview(review: NodeOf<"reviews">): Review {
  return {
    id: review.fullDatabaseId,
    author: accountOfActor(review.author),
    canPush: review.authorCanPushToRepository,
    state: review.state,
    submittedAt: review.submittedAt ?? "",
    commitSha: review.commit?.oid ?? null,
  };
}

function toTimelineEvent(item: NodeOf<"timeline">): TimelineEvent {
  const about = { actor: accountOfActor(item.actor), at: item.createdAt };
  switch (item.__typename) {
    case "LabeledEvent":
      return { kind: "labeled", label: item.label.name, ...about };
    case "UnlabeledEvent":
      return { kind: "unlabeled", label: item.label.name, ...about };
    case "HeadRefForcePushedEvent":
      return {
        kind: "force-pushed",
        before: item.beforeCommit?.oid ?? null,
        after: item.afterCommit?.oid ?? null,
        ...about,
      };
    case "AutomaticBaseChangeSucceededEvent":
      return { kind: "base-changed", from: item.oldBase, to: item.newBase, ...about };
    case "BaseRefChangedEvent":
      return { kind: "base-changed", from: item.previousRefName, to: item.currentRefName, ...about };
    case "AssignedEvent":
      return { kind: "assigned", account: accountOfActor(item.assignee), ...about };
    case "ReviewDismissedEvent":
      return {
        kind: "review-dismissed",
        reviewId: item.review?.fullDatabaseId ?? null,
        previousState: item.previousReviewState,
        ...about,
      };
  }
}
