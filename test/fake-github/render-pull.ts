/** Pull requests and what is on them as GitHub's REST API shows them. */
import { commitsBetween, diffFromMergeBase, type FileChange, mergeCommits } from "./git.ts";
import { renderAccount, renderApp, renderLabel, renderRepository, repositoryUrl } from "./render-rest.ts";
import { missingChecks } from "./required-checks.ts";
import type { Issue } from "./issue.ts";
import {
  type Account,
  accountById,
  type Comment,
  type Commit,
  fullName,
  nodeId,
  type Pull,
  type Repository,
  type Review,
  type World,
} from "./world.ts";

/** The repository the head branch is in. */
export function headRepository(world: World, pull: Pull): Repository {
  const repository = world.repositories.get(pull.head.repositoryId);
  if (!repository) throw new Error(`Pull request ${pull.number} has no head repository.`);
  return repository;
}

/** The commit the pull request is compared with: the base branch's tip while it is open, the last one known after. */
export function baseTip(repository: Repository, pull: Pull): string {
  return pull.state === "open" ? (repository.branches.get(pull.base.ref) ?? pull.base.sha) : pull.base.sha;
}

/** Its commits: reachable from head and not from base, parents first. */
export function pullCommits(repository: Repository, pull: Pull): Commit[] {
  return commitsBetween(repository, baseTip(repository, pull), pull.head.sha);
}

/** Its changed files: the diff from the merge base to head. */
export function pullFiles(repository: Repository, pull: Pull): FileChange[] {
  return diffFromMergeBase(repository, baseTip(repository, pull), pull.head.sha);
}

/** OWNER, COLLABORATOR or NONE; membership is concealed here, as it is for an app by default. */
export function authorAssociation(
  repository: Repository,
  accountId: number,
): "OWNER" | "COLLABORATOR" | "NONE" {
  if (repository.ownerId === accountId) return "OWNER";
  return repository.collaborators.has(accountId) ? "COLLABORATOR" : "NONE";
}

/** The page of a pull request. */
export function pullHtmlUrl(world: World, repository: Repository, pull: Pull): string {
  return `${world.url}/${fullName(world, repository)}/pull/${pull.number}`;
}

/** The form in lists and reviews' payloads. */
export function renderPullSimple(world: World, repository: Repository, pull: Pull) {
  const html = pullHtmlUrl(world, repository, pull);
  return {
    id: pull.id,
    node_id: nodeId("PR", pull.id),
    ...pullLinks(world, repository, pull),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    number: pull.number,
    state: pull.state,
    locked: pull.locked,
    active_lock_reason: null,
    title: pull.title,
    user: renderAccount(world, accountById(world, pull.userId)),
    body: pull.body,
    labels: renderPullLabels(world, repository, pull),
    milestone: null,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitSha,
    assignee: assignees(world, pull)[0] ?? null,
    assignees: assignees(world, pull),
    requested_reviewers: [],
    requested_teams: [],
    head: renderEnd(world, headRepository(world, pull), pull.head),
    base: renderEnd(world, repository, pull.base),
    author_association: authorAssociation(repository, pull.userId),
    auto_merge: null,
    draft: pull.draft,
  };
}

/** The full form, with everything that is counted. */
export function renderPull(world: World, repository: Repository, pull: Pull) {
  const files = pullFiles(repository, pull);
  const mergeable =
    pull.state === "open"
      ? mergeCommits(repository, baseTip(repository, pull), pull.head.sha) !== null
      : null;
  return {
    ...renderPullSimple(world, repository, pull),
    merged: pull.merged,
    mergeable,
    mergeable_state: mergeableState(repository, pull, mergeable),
    rebaseable: null,
    merged_by: pull.mergedById === null ? null : renderAccount(world, accountById(world, pull.mergedById)),
    comments: pull.comments.length,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: pullCommits(repository, pull).length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: files.length,
    ...(pull.stackBase === null ? {} : { stack: renderStack(repository, pull.stackBase) }),
  };
}

function renderStack(repository: Repository, ref: string) {
  return { base: { ref, sha: repository.branches.get(ref) ?? "" } };
}

function mergeableState(repository: Repository, pull: Pull, mergeable: boolean | null): string {
  if (mergeable === null) return "unknown";
  if (!mergeable) return "dirty";
  if (pull.draft) return "draft";
  return missingChecks(repository, pull.base.ref, pull.head.sha).length > 0 ? "blocked" : "clean";
}

/** The short form on check runs and suites. */
export function renderPullMinimal(world: World, repository: Repository, pull: Pull) {
  const short = (one: Repository) => ({ id: one.id, url: repositoryUrl(world, one), name: one.name });
  return {
    id: pull.id,
    number: pull.number,
    url: `${repositoryUrl(world, repository)}/pulls/${pull.number}`,
    head: { ref: pull.head.ref, sha: pull.head.sha, repo: short(headRepository(world, pull)) },
    base: { ref: pull.base.ref, sha: pull.base.sha, repo: short(repository) },
  };
}

/** A pull request in the form of an issue, which it also is, or an issue that is none. */
export function renderIssue(world: World, repository: Repository, issue: Pull | Issue) {
  const url = `${repositoryUrl(world, repository)}/issues/${issue.number}`;
  const app = "head" in issue || issue.appId === null ? undefined : world.apps.get(issue.appId);
  return {
    id: issue.id,
    node_id: nodeId("head" in issue ? "PR" : "I", issue.id),
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: conversationUrl(world, repository, issue),
    number: issue.number,
    title: issue.title,
    user: renderAccount(world, accountById(world, issue.userId)),
    state: issue.state,
    locked: issue.locked,
    active_lock_reason: null,
    milestone: null,
    comments: issue.comments.length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    author_association: authorAssociation(repository, issue.userId),
    body: issue.body,
    reactions: noReactions(url),
    performed_via_github_app: app ? renderApp(world, app) : null,
    ...("head" in issue
      ? issuePart(world, repository, issue)
      : { labels: [], assignee: null, assignees: [], state_reason: issue.stateReason }),
  };
}

function issuePart(world: World, repository: Repository, pull: Pull) {
  const html = pullHtmlUrl(world, repository, pull);
  return {
    labels: renderPullLabels(world, repository, pull),
    assignee: assignees(world, pull)[0] ?? null,
    assignees: assignees(world, pull),
    draft: pull.draft,
    pull_request: {
      url: `${repositoryUrl(world, repository)}/pulls/${pull.number}`,
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      merged_at: pull.mergedAt,
    },
  };
}

function conversationUrl(world: World, repository: Repository, on: Pull | Issue): string {
  if ("head" in on) return pullHtmlUrl(world, repository, on);
  return `${world.url}/${fullName(world, repository)}/issues/${on.number}`;
}

/** A comment on a pull request or issue as REST answers it. */
export function renderComment(world: World, repository: Repository, on: Pull | Issue, comment: Comment) {
  const url = `${repositoryUrl(world, repository)}/issues/comments/${comment.id}`;
  const app = comment.appId === null ? undefined : world.apps.get(comment.appId);
  return {
    id: comment.id,
    node_id: nodeId("IC", comment.id),
    url,
    html_url: `${conversationUrl(world, repository, on)}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(world, repository)}/issues/${on.number}`,
    user: renderAccount(world, accountById(world, comment.userId)),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: authorAssociation(repository, comment.userId),
    body: comment.body,
    performed_via_github_app: app ? renderApp(world, app) : null,
    reactions: noReactions(url),
  };
}

/** A review. REST writes the state in upper case, webhook payloads in lower case. */
export function renderReview(world: World, repository: Repository, pull: Pull, review: Review) {
  const url = `${repositoryUrl(world, repository)}/pulls/${pull.number}`;
  const html = `${pullHtmlUrl(world, repository, pull)}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: nodeId("PRR", review.id),
    user: renderAccount(world, accountById(world, review.userId)),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    author_association: authorAssociation(repository, review.userId),
    _links: { html: { href: html }, pull_request: { href: url } },
    ...(review.submittedAt === null ? {} : { submitted_at: review.submittedAt }),
    updated_at: review.updatedAt,
    commit_id: review.commitId,
  };
}

/** One entry of a pull request's files. */
export function renderFile(world: World, repository: Repository, sha: string, file: FileChange) {
  const html = `${world.url}/${fullName(world, repository)}`;
  return {
    sha: file.after?.sha ?? file.before?.sha ?? null,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${sha}/${encodeURI(file.path)}`,
    raw_url: `${html}/raw/${sha}/${encodeURI(file.path)}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${encodeURI(file.path)}?ref=${sha}`,
    ...(file.previousPath === null ? {} : { previous_filename: file.previousPath }),
  };
}

/** The labels of a pull request in their present spelling; a deleted label is gone from it. */
export function renderPullLabels(world: World, repository: Repository, pull: Pull) {
  return pull.labelIds.flatMap((id) => {
    const label = repository.labels.get(id);
    return label ? [renderLabel(world, repository, label)] : [];
  });
}

function pullLinks(world: World, repository: Repository, pull: Pull) {
  const url = `${repositoryUrl(world, repository)}/pulls/${pull.number}`;
  const issue = `${repositoryUrl(world, repository)}/issues/${pull.number}`;
  const statuses = `${repositoryUrl(world, repository)}/statuses/${pull.head.sha}`;
  const reviewComment = `${repositoryUrl(world, repository)}/pulls/comments{/number}`;
  const link = (href: string) => ({ href });
  return {
    url,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: reviewComment,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    _links: {
      self: link(url),
      html: link(pullHtmlUrl(world, repository, pull)),
      issue: link(issue),
      comments: link(`${issue}/comments`),
      review_comments: link(`${url}/comments`),
      review_comment: link(reviewComment),
      commits: link(`${url}/commits`),
      statuses: link(statuses),
    },
  };
}

function renderEnd(
  world: World,
  repository: Repository,
  end: { readonly ref: string; readonly sha: string },
) {
  const owner: Account = accountById(world, repository.ownerId);
  return {
    label: `${owner.login}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user: renderAccount(world, owner),
    repo: renderRepository(world, repository),
  };
}

function assignees(world: World, pull: Pull) {
  return pull.assigneeIds.map((id) => renderAccount(world, accountById(world, id)));
}

function noReactions(url: string) {
  const none = { "+1": 0, "-1": 0, laugh: 0, hooray: 0, confused: 0, heart: 0, rocket: 0, eyes: 0 };
  return { url: `${url}/reactions`, total_count: 0, ...none };
}
