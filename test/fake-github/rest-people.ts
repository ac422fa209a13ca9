/** The REST calls about pull requests, reviews, labels, comments and files: made by people, some by apps too. */
import type { Hono } from "hono";
import { z } from "zod";
import { changeAssignees } from "./assignees.ts";
import { commitOf } from "./git.ts";
import { HttpError, invalid, notFound } from "./http-error.ts";
import { addIssueRoutes } from "./issues.ts";
import { type MergeMethod, mergePull, updatePullBranch, writeFile } from "./merge.ts";
import { addLabels, createComment, createReview, dismissReview, removeLabel } from "./people.ts";
import { forkNamed } from "./forks.ts";
import { closePull, createPull, editPull, mayEdit, reopenPull } from "./pulls.ts";
import {
  pullFiles,
  renderComment,
  renderFile,
  renderIssue,
  renderPull,
  renderPullLabels,
  renderPullSimple,
  renderReview,
} from "./render-pull.ts";
import { renderAccount, repositoryUrl } from "./render-rest.ts";
import {
  bodyIn,
  conversationIn,
  numberIn,
  paged,
  pullIn,
  repositoryIn,
  type RestContext,
  type RestEnv,
} from "./rest-context.ts";
import {
  type Account,
  actorOf,
  canPush,
  type Commit,
  findAccount,
  fullName,
  type Pull,
  type Repository,
  roleOf,
  type TreeEntry,
  type World,
} from "./world.ts";

const newPullBody = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().optional(),
});
const pullEditsBody = z.object({
  title: z.string().optional(),
  body: z.string().optional(),
  base: z.string().optional(),
  state: z.enum(["open", "closed"]).optional(),
});
const mergeBody = z.object({
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).optional(),
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
});
const updateBranchBody = z.object({ expected_head_sha: z.string().optional() });
const reviewBody = z.object({
  body: z.string().optional(),
  commit_id: z.string().optional(),
  event: z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]).optional(),
});
const dismissalBody = z.object({ message: z.string().min(1), event: z.literal("DISMISS").optional() });
const labelsBody = z.union([z.array(z.string()), z.object({ labels: z.array(z.string()) })]);
const assigneesBody = z.object({ assignees: z.array(z.string()) });
const commentBody = z.object({ body: z.string() });
const fileBody = z.object({
  message: z.string(),
  content: z.base64(),
  sha: z.string().optional(),
  branch: z.string().optional(),
});

const READ = { name: "pull_requests", level: "read" } as const;
const WRITE = { name: "pull_requests", level: "write" } as const;
/** GitHub lists no more files than this for a pull request. */
const FILES_MAX = 3000;

/** Adds the routes. */
export function addPeopleRoutes(rest: Hono<RestEnv>, world: World): void {
  addPullRoutes(rest, world);
  addLandingRoutes(rest, world);
  addReviewRoutes(rest, world);
  addConversationRoutes(rest, world);
  addIssueRoutes(rest, world);
  addContentsRoutes(rest, world);
  rest.get("/repos/:owner/:repo/collaborators/:username/permission", (context) => {
    const repository = repositoryIn(world, context, { name: "metadata", level: "read" });
    const account = findAccount(world, context.req.param("username"));
    if (!account) throw notFound();
    return context.json(renderPermission(world, repository, account));
  });
}

/** GitHub names the role, and beside it the one of four it comes from: maintain -> write, triage -> read. */
function renderPermission(world: World, repository: Repository, account: Account) {
  const role = roleOf(repository, account.id) ?? "none";
  const legacy = { maintain: "write", triage: "read" } as const;
  const permission = role === "maintain" || role === "triage" ? legacy[role] : role;
  return { permission, role_name: role, user: { ...renderAccount(world, account), role_name: role } };
}

function addPullRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo/pulls", (context) => {
    const repository = repositoryIn(world, context, READ);
    const { state = "open", head, base, direction = "desc" } = context.req.query();
    const all = [...repository.pulls.values()].filter(
      (pull) =>
        (state === "all" || pull.state === state) &&
        (base === undefined || pull.base.ref === base) &&
        (head === undefined || head.slice(head.indexOf(":") + 1) === pull.head.ref),
    );
    // Newest first is what GitHub does when it is not told otherwise.
    const ordered = direction === "asc" ? all : all.toReversed();
    return context.json(
      paged(world, context, ordered).map((pull) => renderPullSimple(world, repository, pull)),
    );
  });
  rest.post("/repos/:owner/:repo/pulls", async (context) => {
    const repository = repositoryIn(world, context, WRITE);
    const author = actorOf(world, context.get("viewer"));
    const { body = null, draft = false, ...input } = await bodyIn(context, newPullBody);
    // Whoever can read may propose what is in a fork.
    if (forkNamed(world, repository, input.head) === undefined) requirePush(context, repository, author.id);
    const pull = createPull(world, repository, author, { ...input, body, draft });
    return context.json(renderPull(world, repository, pull), 201);
  });
  rest.get("/repos/:owner/:repo/pulls/:number", (context) => {
    const { repository, pull } = pullIn(world, context, READ);
    return context.json(renderPull(world, repository, pull));
  });
  rest.patch("/repos/:owner/:repo/pulls/:number", async (context) => {
    const { repository, pull } = pullIn(world, context, WRITE);
    const actor = actorOf(world, context.get("viewer"));
    const { state, ...edits } = await bodyIn(context, pullEditsBody);
    if (context.get("viewer").kind === "user" && !mayEdit(repository, pull, actor)) {
      throw new HttpError(403, "Must have push access to edit a pull request of somebody else");
    }
    editPull(world, repository, pull, actor, edits);
    if (state === "closed") closePull(world, repository, pull, actor);
    if (state === "open") reopenPull(world, repository, pull, actor);
    return context.json(renderPull(world, repository, pull));
  });
  rest.get("/repos/:owner/:repo/pulls/:number/files", (context) => {
    const { repository, pull } = pullIn(world, context, READ);
    const files = paged(world, context, pullFiles(repository, pull).slice(0, FILES_MAX));
    return context.json(files.map((file) => renderFile(world, repository, pull.head.sha, file)));
  });
}

function addLandingRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.put("/repos/:owner/:repo/pulls/:number/merge", async (context) => {
    const { repository, pull } = pullIn(world, context, { name: "contents", level: "write" });
    const body = await bodyIn(context, mergeBody);
    const method: MergeMethod = body.merge_method ?? "merge";
    const { sha, commit_title: title, commit_message: message } = body;
    const actor = actorOf(world, context.get("viewer"));
    const landed = mergePull(world, repository, pull, actor, { method, sha, title, message });
    return context.json({ sha: landed, merged: true, message: "Pull Request successfully merged" });
  });
  rest.put("/repos/:owner/:repo/pulls/:number/update-branch", async (context) => {
    const { repository, pull } = pullIn(world, context, { name: "contents", level: "write" });
    const body = await bodyIn(context, updateBranchBody);
    updatePullBranch(world, repository, pull, actorOf(world, context.get("viewer")), body.expected_head_sha);
    const url = `${repositoryUrl(world, repository)}/pulls/${pull.number}`;
    return context.json({ message: "Updating pull request branch.", url }, 202);
  });
}

function addReviewRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo/pulls/:number/reviews", (context) => {
    const { repository, pull } = pullIn(world, context, READ);
    const viewerId = actorOf(world, context.get("viewer")).id;
    // A pending review is visible only to its author.
    const visible = pull.reviews.filter((review) => review.state !== "PENDING" || review.userId === viewerId);
    return context.json(
      paged(world, context, visible).map((one) => renderReview(world, repository, pull, one)),
    );
  });
  rest.post("/repos/:owner/:repo/pulls/:number/reviews", async (context) => {
    const { repository, pull } = pullIn(world, context, WRITE);
    const { body, event, commit_id: commitId } = await bodyIn(context, reviewBody);
    const author = actorOf(world, context.get("viewer"));
    const review = createReview(world, repository, pull, author, { event, body, commitId });
    return context.json(renderReview(world, repository, pull, review));
  });
  rest.put("/repos/:owner/:repo/pulls/:number/reviews/:id/dismissals", async (context) => {
    const { repository, pull } = pullIn(world, context, WRITE);
    const { message } = await bodyIn(context, dismissalBody);
    const id = numberIn(context, "id");
    const review = pull.reviews.find((one) => one.id === id);
    if (!review) throw notFound();
    dismissReview(world, repository, pull, review, { actor: actorOf(world, context.get("viewer")), message });
    return context.json(renderReview(world, repository, pull, review));
  });
}

function addConversationRoutes(rest: Hono<RestEnv>, world: World): void {
  const labels = (repository: Repository, pull: Pull) => renderPullLabels(world, repository, pull);
  rest.post("/repos/:owner/:repo/issues/:number/labels", async (context) => {
    const { repository, pull } = pullIn(world, context, WRITE);
    const body = await bodyIn(context, labelsBody);
    const actor = actorOf(world, context.get("viewer"));
    addLabels(world, repository, pull, actor, Array.isArray(body) ? body : body.labels);
    return context.json(labels(repository, pull));
  });
  rest.delete("/repos/:owner/:repo/issues/:number/labels/:name", (context) => {
    const { repository, pull } = pullIn(world, context, WRITE);
    removeLabel(world, repository, pull, actorOf(world, context.get("viewer")), context.req.param("name"));
    return context.json(labels(repository, pull));
  });
  for (const method of ["POST", "DELETE"] as const) {
    rest.on(method, "/repos/:owner/:repo/issues/:number/assignees", async (context) => {
      const { repository, pull } = pullIn(world, context, WRITE);
      const { assignees: logins } = await bodyIn(context, assigneesBody);
      const actor = actorOf(world, context.get("viewer"));
      const kind = method === "POST" ? "assigned" : "unassigned";
      changeAssignees(world, repository, pull, { actor, logins, kind });
      return context.json(renderIssue(world, repository, pull), method === "POST" ? 201 : 200);
    });
  }
  rest.get("/repos/:owner/:repo/issues/:number/comments", (context) => {
    const { repository, conversation: on } = conversationIn(world, context, READ);
    const { since } = context.req.query();
    const all = on.comments.filter((comment) => since === undefined || comment.updatedAt >= since);
    return context.json(paged(world, context, all).map((one) => renderComment(world, repository, on, one)));
  });
  rest.put("/repos/:owner/:repo/issues/:number/lock", (context) => {
    const { repository, conversation: on } = conversationIn(world, context, WRITE);
    requirePush(context, repository, actorOf(world, context.get("viewer")).id);
    on.locked = true;
    return context.body(null, 204);
  });
  rest.post("/repos/:owner/:repo/issues/:number/comments", async (context) => {
    const { repository, conversation: on } = conversationIn(world, context, WRITE);
    const { body } = await bodyIn(context, commentBody);
    const viewer = context.get("viewer");
    // Apps are no collaborators, whatever they may write (https://github.com/renovatebot/renovate/issues/6215).
    if (on.locked && !(viewer.kind === "user" && canPush(repository, viewer.account.id))) {
      throw new HttpError(403, "Unable to create comment because issue is locked.");
    }
    const appId = viewer.kind === "user" ? null : viewer.app.id;
    const comment = createComment(world, repository, on, actorOf(world, viewer), { body, appId });
    return context.json(renderComment(world, repository, on, comment), 201);
  });
}

function addContentsRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo/contents/:path{.+}", (context) => {
    const repository = repositoryIn(world, context, { name: "contents", level: "read" });
    const ref = context.req.query("ref") ?? repository.defaultBranch;
    const sha = repository.branches.get(ref) ?? ref;
    if (!repository.commits.has(sha)) throw new HttpError(404, `No commit found for the ref ${ref}`);
    const path = context.req.param("path");
    const entry = commitOf(repository, sha).tree.get(path);
    if (!entry) throw notFound();
    const content = Buffer.from(entry.text).toString("base64");
    return context.json({
      ...renderContent(world, repository, path, entry, ref),
      encoding: "base64",
      content,
    });
  });
  rest.put("/repos/:owner/:repo/contents/:path{.+}", async (context) => {
    const repository = repositoryIn(world, context, { name: "contents", level: "write" });
    const actor = actorOf(world, context.get("viewer"));
    requirePush(context, repository, actor.id);
    const { message, content, sha, branch = repository.defaultBranch } = await bodyIn(context, fileBody);
    const parent = repository.branches.get(branch);
    if (parent === undefined) throw new HttpError(404, `Branch ${branch} not found`);
    const path = context.req.param("path");
    const before = commitOf(repository, parent).tree.get(path);
    if (before && sha === undefined) throw invalid(`Invalid request.\n\n"sha" wasn't supplied.`);
    if (sha !== before?.sha) throw new HttpError(409, `${path} does not match ${sha}`);
    const text = Buffer.from(content, "base64").toString("utf8");
    const commit = writeFile(world, repository, actor, { path, text, message, branch, parent });
    const entry = commit.tree.get(path);
    if (!entry) throw notFound();
    const file = renderContent(world, repository, path, entry, branch);
    return context.json(
      { content: file, commit: renderGitCommit(world, repository, commit) },
      before ? 200 : 201,
    );
  });
}

function renderGitCommit(world: World, repository: Repository, commit: Commit) {
  const url = `${repositoryUrl(world, repository)}/git/commits/`;
  const html = `${world.url}/${fullName(world, repository)}/commit/`;
  return {
    sha: commit.sha,
    url: `${url}${commit.sha}`,
    html_url: `${html}${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.treeSha, url: `${repositoryUrl(world, repository)}/git/trees/${commit.treeSha}` },
    parents: commit.parents.map((sha) => ({ sha, url: `${url}${sha}`, html_url: `${html}${sha}` })),
  };
}

function renderContent(world: World, repository: Repository, path: string, entry: TreeEntry, ref: string) {
  const self = `${repositoryUrl(world, repository)}/contents/${encodeURI(path)}?ref=${ref}`;
  const git = `${repositoryUrl(world, repository)}/git/blobs/${entry.sha}`;
  const html = `${world.url}/${fullName(world, repository)}/blob/${ref}/${encodeURI(path)}`;
  return {
    type: "file",
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    sha: entry.sha,
    size: Buffer.byteLength(entry.text),
    url: self,
    git_url: git,
    html_url: html,
    download_url: html.replace("/blob/", "/raw/"),
    _links: { self, git, html },
  };
}

/** People need write access; what an app may do is a matter of its permissions. */
function requirePush(context: RestContext, repository: Repository, accountId: number): void {
  if (context.get("viewer").kind === "user" && !canPush(repository, accountId)) {
    throw new HttpError(403, "Must have push access to the repository");
  }
}
