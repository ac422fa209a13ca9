/** Pull requests as GitHub's GraphQL API shows them. */
import type { Scope } from "./graphql-access.ts";
import { renderActor } from "./graphql-account.ts";
import { renderCommit } from "./graphql-commit.ts";
import { connection, type Page } from "./graphql-connection.ts";
import { renderRef, renderRepository } from "./graphql-repository.ts";
import type { FileChange } from "./git.ts";
import { headRepository, pullCommits, pullFiles, pullHtmlUrl } from "./render-pull.ts";
import { canPush, nodeId, type Pull, type Repository, type Review, type TimelineEvent } from "./world.ts";

/** GitHub lists no more changed files than this. https://docs.github.com/rest/pulls/pulls#list-pull-requests-files */
const filesMax = 3000;

/** The events that are modelled: ours -> GraphQL's `itemTypes` and type. */
const TIMELINE_TYPES = {
  labeled: { item: "LABELED_EVENT", type: "LabeledEvent" },
  unlabeled: { item: "UNLABELED_EVENT", type: "UnlabeledEvent" },
  assigned: { item: "ASSIGNED_EVENT", type: "AssignedEvent" },
  unassigned: { item: "UNASSIGNED_EVENT", type: "UnassignedEvent" },
  "head-ref-force-pushed": { item: "HEAD_REF_FORCE_PUSHED_EVENT", type: "HeadRefForcePushedEvent" },
  "base-ref-changed": { item: "BASE_REF_CHANGED_EVENT", type: "BaseRefChangedEvent" },
  "review-dismissed": { item: "REVIEW_DISMISSED_EVENT", type: "ReviewDismissedEvent" },
  closed: { item: "CLOSED_EVENT", type: "ClosedEvent" },
  reopened: { item: "REOPENED_EVENT", type: "ReopenedEvent" },
  merged: { item: "MERGED_EVENT", type: "MergedEvent" },
  "ready-for-review": { item: "READY_FOR_REVIEW_EVENT", type: "ReadyForReviewEvent" },
} as const;

const CHANGE_TYPES = {
  added: "ADDED",
  removed: "DELETED",
  modified: "MODIFIED",
  renamed: "RENAMED",
} as const;

/** OPEN, CLOSED or MERGED: GraphQL's state has three values where REST has two. */
export function stateOf(pull: Pull): "OPEN" | "CLOSED" | "MERGED" {
  if (pull.merged) return "MERGED";
  return pull.state === "open" ? "OPEN" : "CLOSED";
}

/** Everything about one pull request; lists are rendered when they are asked for. */
export function renderPull(scope: Scope, repository: Repository, pull: Pull): Record<string, unknown> {
  const source = headRepository(scope.world, pull);
  return {
    __typename: "PullRequest",
    id: nodeId("PR", pull.id),
    databaseId: pull.id,
    fullDatabaseId: String(pull.id),
    number: pull.number,
    url: pullHtmlUrl(scope.world, repository, pull),
    state: stateOf(pull),
    title: pull.title,
    body: pull.body ?? "",
    isDraft: pull.draft,
    isCrossRepository: source.id !== repository.id,
    createdAt: pull.createdAt,
    updatedAt: pull.updatedAt,
    closedAt: pull.closedAt,
    merged: pull.merged,
    mergedAt: pull.mergedAt,
    mergedBy: renderActor(scope, pull.mergedById),
    author: renderActor(scope, pull.userId),
    editor: renderActor(scope, pull.editorId),
    lastEditedAt: pull.lastEditedAt,
    ...pullEnds(scope, repository, source, pull),
    ...pullChanges(scope, repository, pull),
    ...pullPeople(scope, repository, pull),
  };
}

function pullEnds(
  scope: Scope,
  repository: Repository,
  source: Repository,
  pull: Pull,
): Record<string, unknown> {
  return {
    headRefName: pull.head.ref,
    headRefOid: pull.head.sha,
    headRef: () => renderRef(scope, source, pull.head.ref),
    headRepository: () => renderRepository(scope, source),
    baseRefName: pull.base.ref,
    baseRefOid: pull.base.sha,
    baseRef: () => renderRef(scope, repository, pull.base.ref),
    baseRepository: () => renderRepository(scope, repository),
    repository: () => renderRepository(scope, repository),
    mergeCommit: () =>
      pull.mergeCommitSha === null ? null : renderCommit(scope, repository, pull.mergeCommitSha),
  };
}

function pullChanges(scope: Scope, repository: Repository, pull: Pull): Record<string, unknown> {
  const lines = (count: (file: FileChange) => number) => {
    return pullFiles(repository, pull).reduce((sum, file) => sum + count(file), 0);
  };
  return {
    additions: () => lines((file) => file.additions),
    deletions: () => lines((file) => file.deletions),
    changedFiles: () => pullFiles(repository, pull).length,
    files: (args: Page) => {
      const files = pullFiles(repository, pull).slice(0, filesMax);
      return connection("files", args, files, ({ path, additions, deletions, status }) => ({
        path,
        additions,
        deletions,
        changeType: CHANGE_TYPES[status],
      }));
    },
    commits: (args: Page) => {
      return connection("commits", args, pullCommits(repository, pull), ({ sha }) => ({
        id: `PURC_${pull.id}_${sha}`,
        commit: renderCommit(scope, repository, sha),
        url: `${pullHtmlUrl(scope.world, repository, pull)}/commits/${sha}`,
      }));
    },
  };
}

function pullPeople(scope: Scope, repository: Repository, pull: Pull): Record<string, unknown> {
  return {
    assignees: (args: Page) =>
      connection("assignees", args, pull.assigneeIds, (id) => renderActor(scope, id)),
    labels: (args: Page) => {
      const labels = pull.labelIds.flatMap((id) => repository.labels.get(id) ?? []);
      return connection("labels", args, labels, (label) => ({ ...label, id: nodeId("LA", label.id) }));
    },
    // A review that is still being written is nobody's business but its author's.
    reviews: (args: Page & { states?: readonly string[] | null; author?: string | null }) => {
      const reviews = pull.reviews.filter((review) => {
        const own = scope.viewer.kind === "user" && scope.viewer.account.id === review.userId;
        return (review.state !== "PENDING" || own) && (args.states?.includes(review.state) ?? true);
      });
      return connection("reviews", args, reviews, (review) => renderReview(scope, repository, pull, review));
    },
    reviewThreads: (args: Page) =>
      connection("reviewThreads", args, pull.reviewComments, (comment) => ({
        comments: (page: Page) =>
          connection("comments", page, [comment], ({ body, userId, editorId }) => ({
            body,
            author: renderActor(scope, userId),
            editor: renderActor(scope, editorId),
          })),
      })),
    timelineItems: (args: Page & { itemTypes?: readonly string[] | null }) =>
      timelineItems(scope, repository, pull, args),
  };
}

function renderReview(
  scope: Scope,
  repository: Repository,
  pull: Pull,
  review: Review,
): Record<string, unknown> {
  const edited =
    review.state !== "DISMISSED" && review.updatedAt !== (review.submittedAt ?? review.updatedAt);
  return {
    id: nodeId("PRR", review.id),
    databaseId: review.id,
    fullDatabaseId: String(review.id),
    author: renderActor(scope, review.userId),
    authorCanPushToRepository: canPush(repository, review.userId),
    body: review.body,
    state: review.state,
    submittedAt: review.submittedAt,
    // An edit is the only thing but a dismissal that changes a review after it was submitted.
    lastEditedAt: edited ? review.updatedAt : null,
    url: `${pullHtmlUrl(scope.world, repository, pull)}#pullrequestreview-${review.id}`,
    commit: () => renderCommit(scope, repository, review.commitId),
  };
}

function timelineItems(
  scope: Scope,
  repository: Repository,
  pull: Pull,
  args: Page & { itemTypes?: readonly string[] | null },
): Record<string, unknown> {
  const events = pull.timeline.filter(
    (event) => args.itemTypes?.includes(TIMELINE_TYPES[event.kind].item) ?? true,
  );
  const shown = connection("timelineItems", args, events, (event) =>
    renderEvent(scope, repository, pull, event),
  );
  // As on GitHub: filteredCount knows of `itemTypes`, totalCount does not.
  return { ...shown, filteredCount: events.length, totalCount: pull.timeline.length };
}

function renderEvent(
  scope: Scope,
  repository: Repository,
  pull: Pull,
  event: TimelineEvent,
): Record<string, unknown> {
  return {
    __typename: TIMELINE_TYPES[event.kind].type,
    id: nodeId("EV", event.id),
    createdAt: event.at,
    actor: renderActor(scope, event.actorId),
    ...eventDetails(scope, repository, pull, event),
  };
}

function eventDetails(
  scope: Scope,
  repository: Repository,
  pull: Pull,
  event: TimelineEvent,
): Record<string, unknown> {
  switch (event.kind) {
    case "labeled":
    case "unlabeled":
      return { label: { ...event.label, id: nodeId("LA", event.label.id) } };
    case "assigned":
    case "unassigned":
      return { assignee: renderActor(scope, event.assigneeId) };
    case "head-ref-force-pushed":
      return {
        beforeCommit: renderCommit(scope, repository, event.before),
        afterCommit: renderCommit(scope, repository, event.after),
      };
    case "base-ref-changed":
      return { previousRefName: event.from, currentRefName: event.to };
    case "review-dismissed": {
      const review = pull.reviews.find((one) => one.id === event.reviewId);
      return {
        previousReviewState: event.previousState,
        dismissalMessage: event.message,
        review: review === undefined ? null : renderReview(scope, repository, pull, review),
      };
    }
    case "closed":
    case "reopened":
    case "merged":
    case "ready-for-review":
      return {};
  }
}
