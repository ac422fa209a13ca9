/** The REST calls about repositories themselves, git objects: trees, and what lies between two commits. */
import type { Hono } from "hono";
import { blobSha, commitOf, commitsBetween, diffFromMergeBase, mergeBase, reachable } from "./git.ts";
import { HttpError, notFound } from "./http-error.ts";
import { renderFile } from "./render-pull.ts";
import { renderAccount, renderRepository, repositoryUrl } from "./render-rest.ts";
import { afterCursor, paged, repositoryIn, type RestEnv } from "./rest-context.ts";
import {
  accountById,
  accountForEmail,
  type Activity,
  type Commit,
  fullName,
  nodeId,
  type Repository,
  type Tree,
  type World,
} from "./world.ts";

const READ = { name: "contents", level: "read" } as const;
/** GitHub cuts a longer list: https://docs.github.com/rest/git/trees */
const TREE_ENTRIES_MAX = 100_000;
const COMPARED_FILES_MAX = 300;

/** Adds the routes. */
export function addGitRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo", (context) => {
    const repository = repositoryIn(world, context, { name: "metadata", level: "read" });
    return context.json({
      ...renderRepository(world, repository),
      network_count: 0,
      subscribers_count: 0,
    });
  });
  rest.get("/repos/:owner/:repo/git/trees/:sha", (context) => {
    const repository = repositoryIn(world, context, READ);
    const found = treeOf(repository, context.req.param("sha"));
    const all = renderTree(found.tree);
    const tree = context.req.query("recursive") ? all : all.filter(({ path }) => !path.includes("/"));
    const url = `${repositoryUrl(world, repository)}/git/trees/${found.sha}`;
    const truncated = tree.length > TREE_ENTRIES_MAX;
    return context.json({ sha: found.sha, url, tree: tree.slice(0, TREE_ENTRIES_MAX), truncated });
  });
  rest.get("/repos/:owner/:repo/activity", (context) => {
    const repository = repositoryIn(world, context, READ);
    const ref = context.req.query("ref")?.replace(/^refs\/heads\//u, "");
    const newestFirst = repository.activities.filter(({ branch }) => branch === (ref ?? branch)).toReversed();
    return context.json(
      afterCursor(world, context, newestFirst).map((one) => renderActivity(world, repository, one)),
    );
  });
  rest.get("/repos/:owner/:repo/commits", (context) => {
    const repository = repositoryIn(world, context, READ);
    const revision = context.req.query("sha") ?? repository.defaultBranch;
    const history = [...reachable(repository, resolve(repository, revision))];
    const commits = paged(world, context, history).map((sha) => commitOf(repository, sha));
    return context.json(commits.map((commit) => renderCommit(world, repository, commit)));
  });
  rest.get("/repos/:owner/:repo/compare/:basehead", (context) => {
    const repository = repositoryIn(world, context, READ);
    const [base = "", head = ""] = context.req.param("basehead").split("...");
    const [from, to] = [resolve(repository, base), resolve(repository, head)];
    const common = mergeBase(repository, from, to);
    if (common === null) throw new HttpError(404, `No common ancestor between ${base} and ${head}.`);
    const commits = commitsBetween(repository, from, to);
    const behind = commitsBetween(repository, to, from).length;
    const url = `${repositoryUrl(world, repository)}/compare/${base}...${head}`;
    const html = `${world.url}/${fullName(world, repository)}/compare/${base}...${head}`;
    const files = diffFromMergeBase(repository, from, to).slice(0, COMPARED_FILES_MAX);
    return context.json({
      url,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: renderCommit(world, repository, commitOf(repository, from)),
      merge_base_commit: renderCommit(world, repository, commitOf(repository, common)),
      status: statusOf(commits.length, behind),
      ahead_by: commits.length,
      behind_by: behind,
      total_commits: commits.length,
      commits: paged(world, context, commits).map((commit) => renderCommit(world, repository, commit)),
      files: files.map((file) => renderFile(world, repository, to, file)),
    });
  });
}

/** A tree, or that of a commit. @throws 404 for any other SHA. */
function treeOf(repository: Repository, sha: string): { sha: string; tree: Tree } {
  const commit =
    repository.commits.get(sha) ?? [...repository.commits.values()].find(({ treeSha }) => treeSha === sha);
  if (!commit) throw notFound();
  return { sha: commit.treeSha, tree: commit.tree };
}

/** Folders before what is in them, as GitHub lists them. */
function renderTree(tree: Tree) {
  const folders = new Set([...tree.keys()].flatMap(foldersOf));
  const entries = [
    // Not git's id of the folder, but as good: the same content has the same one.
    ...[...folders].map((path) => ({ path, mode: "040000", type: "tree", sha: folderSha(tree, path) })),
    ...[...tree].map(([path, { mode, sha }]) => ({
      path,
      mode,
      type: mode === "160000" ? "commit" : "blob",
      sha,
    })),
  ];
  return entries.toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function folderSha(tree: Tree, folder: string): string {
  const inside = [...tree].filter(([path]) => path.startsWith(`${folder}/`));
  return blobSha(inside.map(([path, entry]) => `${entry.mode} ${path} ${entry.sha}`).join("\n"));
}

function resolve(repository: Repository, revision: string): string {
  const sha = repository.branches.get(revision) ?? revision;
  if (!repository.commits.has(sha)) throw notFound();
  return sha;
}

function renderActivity(world: World, repository: Repository, activity: Activity) {
  const { id, branch, before, after, actorId, at, type } = activity;
  return {
    id,
    node_id: nodeId("PSH", repository.id * 1e6 + id),
    before: before ?? "0".repeat(40),
    after,
    ref: `refs/heads/${branch}`,
    timestamp: at,
    activity_type: type,
    actor: renderAccount(world, accountById(world, actorId)),
  };
}

function statusOf(ahead: number, behind: number): "diverged" | "ahead" | "behind" | "identical" {
  if (ahead > 0) return behind > 0 ? "diverged" : "ahead";
  return behind > 0 ? "behind" : "identical";
}

/** A commit as REST shows it. */
export function renderCommit(world: World, repository: Repository, commit: Commit) {
  const url = `${repositoryUrl(world, repository)}/commits/${commit.sha}`;
  const html = `${world.url}/${fullName(world, repository)}/commit/`;
  const accountOf = (email: string) => {
    const account = accountForEmail(world, email);
    return account === undefined ? null : renderAccount(world, account);
  };
  return {
    url,
    sha: commit.sha,
    node_id: nodeId("C", repository.id),
    html_url: `${html}${commit.sha}`,
    comments_url: `${url}/comments`,
    commit: {
      url: url.replace("/commits/", "/git/commits/"),
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: {
        sha: commit.treeSha,
        url: `${repositoryUrl(world, repository)}/git/trees/${commit.treeSha}`,
      },
      comment_count: 0,
    },
    author: accountOf(commit.author.email),
    committer: accountOf(commit.committer.email),
    parents: commit.parents.map((sha) => ({
      sha,
      url: url.replace(commit.sha, sha),
      html_url: `${html}${sha}`,
    })),
  };
}
