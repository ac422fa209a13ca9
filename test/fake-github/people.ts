/** What people do on a pull request besides pushing: reviews, labels, comments. */
import { HttpError, invalid, notFound } from "./http-error.ts";
import { renderComment, renderIssue, renderPullSimple, renderReview } from "./render-pull.ts";
import { renderLabel } from "./render-rest.ts";
import { tellPull } from "./pulls.ts";
import type { Issue } from "./issue.ts";
import {
  type Account,
  canPush,
  type Comment,
  type Label,
  type Pull,
  type Repository,
  type Review,
  type ReviewState,
  roleOf,
  type World,
} from "./world.ts";

export type ReviewEvent = "APPROVE" | "REQUEST_CHANGES" | "COMMENT";

/** The state a review has once it was submitted with this event. */
const STATE_OF: Readonly<Record<ReviewEvent, ReviewState>> = {
  APPROVE: "APPROVED",
  REQUEST_CHANGES: "CHANGES_REQUESTED",
  COMMENT: "COMMENTED",
};

/**
 * A review by somebody who can read the repository. Without `event` it stays PENDING and nobody hears of it.
 * @throws 422 for the author's own approval or objection, an objection or comment without text, a foreign commit.
 */
export function createReview(
  world: World,
  repository: Repository,
  pull: Pull,
  author: Account,
  input: { event?: ReviewEvent | undefined; body?: string | undefined; commitId?: string | undefined },
): Review {
  const { event, body = "", commitId = pull.head.sha } = input;
  const refused = (why: string) => invalid("Unprocessable Entity", [why]);
  if (author.id === pull.userId && event === "APPROVE") {
    throw refused("Review Can not approve your own pull request");
  }
  if (author.id === pull.userId && event === "REQUEST_CHANGES") {
    throw refused("Review Can not request changes on your own pull request");
  }
  if (event !== undefined && event !== "APPROVE" && body === "") throw refused("Review body can't be blank");
  if (!repository.commits.has(commitId)) throw refused("commit_id is not part of the pull request");
  const now = world.stamp();
  const review: Review = {
    id: world.nextId(),
    userId: author.id,
    state: event === undefined ? "PENDING" : STATE_OF[event],
    body,
    commitId,
    submittedAt: event === undefined ? null : now,
    updatedAt: now,
  };
  pull.reviews.push(review);
  pull.updatedAt = now;
  if (event !== undefined) tellReview(world, repository, pull, review, author, "submitted");
  return review;
}

/** Rewrites an approval or objection to DISMISSED. @throws 403 without write access, 422 for any other state. */
export function dismissReview(
  world: World,
  repository: Repository,
  pull: Pull,
  review: Review,
  dismissal: { readonly actor: Account; readonly message: string },
): void {
  const { actor, message } = dismissal;
  if (!canPush(repository, actor.id)) throw new HttpError(403, "Must have push access to dismiss a review");
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED") {
    throw invalid("Unprocessable Entity", [
      `Can not dismiss a ${review.state.toLowerCase()} pull request review`,
    ]);
  }
  const now = world.stamp();
  pull.timeline.push({
    id: world.nextId(),
    at: now,
    actorId: actor.id,
    kind: "review-dismissed",
    reviewId: review.id,
    previousState: review.state,
    message,
  });
  review.state = "DISMISSED";
  review.updatedAt = now;
  pull.updatedAt = now;
  tellReview(world, repository, pull, review, actor, "dismissed");
}

/** The text of a review changes; its state never does. */
export function editReview(
  world: World,
  repository: Repository,
  pull: Pull,
  review: Review,
  edit: { readonly actor: Account; readonly body: string },
): void {
  const changes = { body: { from: review.body } };
  review.body = edit.body;
  review.updatedAt = world.stamp();
  tellReview(world, repository, pull, review, edit.actor, "edited", { changes });
}

/** Puts labels on; who can push may name new ones. @throws 403 without triage access. */
export function addLabels(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  names: readonly string[],
): void {
  requireTriage(repository, actor);
  for (const name of names) {
    const label = findLabel(repository, name) ?? createLabel(world, repository, actor, name);
    if (pull.labelIds.includes(label.id)) continue;
    pull.labelIds.push(label.id);
    noteLabel(world, repository, pull, actor, label, "labeled");
  }
}

/** Takes a label off. @throws 403 without triage access, 404 when it is not on. */
export function removeLabel(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  name: string,
): void {
  requireTriage(repository, actor);
  const label = findLabel(repository, name);
  if (!label || !pull.labelIds.includes(label.id)) throw new HttpError(404, "Label does not exist");
  pull.labelIds = pull.labelIds.filter((id) => id !== label.id);
  noteLabel(world, repository, pull, actor, label, "unlabeled");
}

/** Renames a label everywhere it is on. @throws 404 when there is none. */
export function renameLabel(
  world: World,
  repository: Repository,
  actor: Account,
  from: string,
  to: string,
): void {
  const label = findLabel(repository, from);
  if (!label) throw notFound();
  label.name = to;
  tellLabel(world, repository, actor, label, "edited", { changes: { name: { from } } });
}

/** Deletes a label and takes it off everything. @throws 404 when there is none. */
export function deleteLabel(world: World, repository: Repository, actor: Account, name: string): void {
  const label = findLabel(repository, name);
  if (!label) throw notFound();
  repository.labels.delete(label.id);
  for (const pull of repository.pulls.values()) pull.labelIds = pull.labelIds.filter((id) => id !== label.id);
  tellLabel(world, repository, actor, label, "deleted");
}

/** A comment on a pull request or issue by a person or, with `appId`, an app. */
export function createComment(
  world: World,
  repository: Repository,
  on: Pull | Issue,
  author: Account,
  content: { readonly body: string; readonly appId: number | null },
): Comment {
  if (content.body === "")
    throw invalid("Validation Failed", [{ resource: "IssueComment", field: "body", code: "missing_field" }]);
  const now = world.stamp();
  const comment: Comment = {
    id: world.nextId(),
    userId: author.id,
    ...content,
    createdAt: now,
    updatedAt: now,
  };
  on.comments.push(comment);
  on.updatedAt = now;
  tellComment(world, repository, on, comment, author, "created");
  return comment;
}

/** Changes the text of a comment. */
export function editComment(
  world: World,
  repository: Repository,
  on: Pull | Issue,
  comment: Comment,
  edit: { readonly actor: Account; readonly body: string },
): void {
  const changes = { body: { from: comment.body } };
  comment.body = edit.body;
  comment.updatedAt = world.stamp();
  tellComment(world, repository, on, comment, edit.actor, "edited", { changes });
}

function requireTriage(repository: Repository, actor: Account): void {
  const role = roleOf(repository, actor.id);
  if (role === null || role === "read") throw new HttpError(403, "Must have admin rights to Repository.");
}

function findLabel(repository: Repository, name: string): Label | undefined {
  return [...repository.labels.values()].find((label) => label.name.toLowerCase() === name.toLowerCase());
}

function createLabel(world: World, repository: Repository, actor: Account, name: string): Label {
  if (!canPush(repository, actor.id)) throw new HttpError(403, "Must have push access to create a label");
  const label = { id: world.nextId(), name, color: "ededed", description: null };
  repository.labels.set(label.id, label);
  tellLabel(world, repository, actor, label, "created");
  return label;
}

function noteLabel(
  world: World,
  repository: Repository,
  pull: Pull,
  actor: Account,
  label: Label,
  kind: "labeled" | "unlabeled",
): void {
  const at = world.stamp();
  const { id, name, color } = label;
  pull.timeline.push({ id: world.nextId(), at, actorId: actor.id, kind, label: { id, name, color } });
  pull.updatedAt = at;
  tellPull(world, repository, pull, actor.id, kind, { label: renderLabel(world, repository, label) });
}

function tellReview(
  world: World,
  repository: Repository,
  pull: Pull,
  review: Review,
  actor: Account,
  action: "submitted" | "edited" | "dismissed",
  extra: Record<string, unknown> = {},
): void {
  const rendered = renderReview(world, repository, pull, review);
  world.happened({
    event: "pull_request_review",
    action,
    accountId: repository.ownerId,
    repository,
    senderId: actor.id,
    onlyAppId: null,
    payload: {
      // REST writes review states in upper case, webhook payloads in lower case.
      review: { ...rendered, state: rendered.state.toLowerCase() },
      pull_request: renderPullSimple(world, repository, pull),
      ...extra,
    },
  });
}

function tellLabel(
  world: World,
  repository: Repository,
  actor: Account,
  label: Label,
  action: "created" | "edited" | "deleted",
  extra: Record<string, unknown> = {},
): void {
  world.happened({
    event: "label",
    action,
    accountId: repository.ownerId,
    repository,
    senderId: actor.id,
    onlyAppId: null,
    payload: { label: renderLabel(world, repository, label), ...extra },
  });
}

function tellComment(
  world: World,
  repository: Repository,
  on: Pull | Issue,
  comment: Comment,
  actor: Account,
  action: "created" | "edited",
  extra: Record<string, unknown> = {},
): void {
  world.happened({
    event: "issue_comment",
    action,
    accountId: repository.ownerId,
    repository,
    senderId: actor.id,
    onlyAppId: null,
    payload: {
      issue: renderIssue(world, repository, on),
      comment: renderComment(world, repository, on, comment),
      ...extra,
    },
  });
}
