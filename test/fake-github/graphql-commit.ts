/** Commits and their checks as GitHub's GraphQL API shows them. */
import { suiteState } from "./check-runs.ts";
import { requireRepositoryPermission, type Scope } from "./graphql-access.ts";
import { renderActor, renderGitActor } from "./graphql-account.ts";
import { connection, type Page } from "./graphql-connection.ts";
import { renderPull } from "./graphql-pull.ts";
import { reachable } from "./git.ts";
import { pullCommits } from "./render-pull.ts";
import { latestPerApp } from "./required-checks.ts";
import { statusesOn } from "./statuses.ts";
import {
  type CheckRun,
  type CheckSuite,
  type Commit,
  nodeId,
  type Pull,
  type Repository,
  type Tree,
} from "./world.ts";

type SuiteFilter = { appId?: number | null; checkName?: string | null };
type RunFilter = SuiteFilter & { checkType?: "ALL" | "LATEST" | null };

/** The commit with this SHA; null when the repository has none. */
export function renderCommit(
  scope: Scope,
  repository: Repository,
  sha: string,
): Record<string, unknown> | null {
  const commit = repository.commits.get(sha);
  if (commit === undefined) return null;
  return {
    __typename: "Commit",
    id: `C_${repository.id}_${sha}`,
    oid: sha,
    message: commit.message,
    messageHeadline: commit.message.split("\n")[0],
    committedDate: commit.committer.date,
    authoredDate: commit.author.date,
    tree: { __typename: "Tree", oid: commit.treeSha },
    author: renderGitActor(scope, commit.author),
    committer: renderGitActor(scope, commit.committer),
    signature: renderSignature(commit),
    authors: (args: Page) =>
      connection("authors", args, authorsOf(commit), (one) => renderGitActor(scope, one)),
    parents: (args: Page) => {
      return connection("parents", args, commit.parents, (parent) => renderCommit(scope, repository, parent));
    },
    history: (args: Page & { path?: string | null }) => {
      const shas = history(repository, sha, args.path ?? null);
      return connection("history", args, shas, (one) => renderCommit(scope, repository, one));
    },
    associatedPullRequests: (args: Page) => {
      requireRepositoryPermission(scope, repository, "pull_requests");
      const pulls = pullsWith(repository, sha);
      return connection("associatedPullRequests", args, pulls, (pull) => renderPull(scope, repository, pull));
    },
    status: () => {
      requireRepositoryPermission(scope, repository, "statuses");
      const contexts = statusesOn(repository, sha);
      if (contexts.length === 0) return null;
      return {
        id: `ST_${repository.id}_${sha}`,
        contexts: contexts.map(({ context, state, creatorId }) => ({
          context,
          state: state.toUpperCase(),
          creator: renderActor(scope, creatorId),
        })),
      };
    },
    checkSuites: (args: Page & { filterBy?: SuiteFilter | null }) => {
      requireRepositoryPermission(scope, repository, "checks");
      const suites = suitesOf(repository, sha, args.filterBy ?? {});
      return connection("checkSuites", args, suites, (suite) => renderSuite(scope, repository, suite));
    },
  };
}

/** The git author first, then everybody a `Co-authored-by` line names, each e-mail once. */
function authorsOf(commit: Commit): { name: string; email: string }[] {
  const named = commit.message.matchAll(/^co-authored-by:[ \t]*(.*?)[ \t]*<([^<>\s]+)>[ \t]*$/gim);
  const coAuthors = [...named].map(([, name = "", email = ""]) => ({ name, email }));
  const everybody = [commit.author, ...coAuthors];
  const emails = everybody.map((one) => one.email.toLowerCase());
  return everybody.filter((one, index) => emails.indexOf(one.email.toLowerCase()) === index);
}

function renderSignature(commit: Commit): Record<string, unknown> | null {
  if (!commit.signedByGitHub) return null;
  return {
    __typename: "GpgSignature",
    isValid: true,
    state: "VALID",
    wasSignedByGitHub: true,
    email: commit.committer.email,
  };
}

/** SHAs reachable from a commit, newest first; with a path only those where it differs from every parent's. */
function history(repository: Repository, sha: string, path: string | null): string[] {
  const commits = [...reachable(repository, sha)].flatMap((one) => repository.commits.get(one) ?? []);
  const shown = commits.filter((commit) => {
    if (path === null) return true;
    const now = contentAt(commit.tree, path);
    const before = commit.parents.map((parent) => contentAt(repository.commits.get(parent)?.tree, path));
    return before.length === 0 ? now !== "" : before.every((was) => was !== now);
  });
  return shown
    .toSorted((a, b) => Date.parse(b.committer.date) - Date.parse(a.committer.date))
    .map((one) => one.sha);
}

/** What tells two states of a file or folder apart; empty when it is not there. */
function contentAt(tree: Tree | undefined, path: string): string {
  const entries = [...(tree ?? [])].filter(([name]) => name === path || name.startsWith(`${path}/`));
  return entries
    .map(([name, entry]) => `${name} ${entry.mode} ${entry.sha}`)
    .toSorted()
    .join("\n");
}

/**
 * The merged pull request that brought the commit, and the open ones with it unless it is on the default branch.
 * Source: the description of `Commit.associatedPullRequests` in GitHub's public schema.
 */
function pullsWith(repository: Repository, sha: string): Pull[] {
  const tip = repository.branches.get(repository.defaultBranch);
  const landed = tip !== undefined && reachable(repository, tip).has(sha);
  return [...repository.pulls.values()].filter((pull) => {
    if (!pull.merged && (landed || pull.state === "closed")) return false;
    return (
      pull.mergeCommitSha === sha ||
      pull.copies.includes(sha) ||
      pullCommits(repository, pull).some((commit) => commit.sha === sha)
    );
  });
}

function suitesOf(repository: Repository, sha: string, filter: SuiteFilter): CheckSuite[] {
  const { appId, checkName } = filter;
  const holds = ({ id }: CheckSuite) =>
    repository.checkRuns.some((run) => run.suiteId === id && run.name === checkName);
  // In this order: with thousands of pull requests most suites are at other heads.
  return repository.checkSuites.filter(
    (suite) =>
      suite.headSha === sha &&
      (appId == null || suite.appId === appId) &&
      (checkName == null || holds(suite)),
  );
}

function renderSuite(scope: Scope, repository: Repository, suite: CheckSuite): Record<string, unknown> {
  const runs = repository.checkRuns.filter((run) => run.suiteId === suite.id);
  const app = scope.world.apps.get(suite.appId);
  const state = suiteState(repository, suite);
  return {
    id: nodeId("CS", suite.id),
    databaseId: suite.id,
    status: state.status.toUpperCase(),
    conclusion: state.conclusion === null ? null : state.conclusion.toUpperCase(),
    app: app && { id: nodeId("A", app.id), databaseId: app.id, name: app.name, slug: app.slug },
    checkRuns: (args: Page & { filterBy?: RunFilter | null }) => {
      return connection("checkRuns", args, filterRuns(runs, args.filterBy ?? {}), renderRun);
    },
  };
}

/** GitHub shows only the newest run of a name unless all are asked for. */
function filterRuns(runs: readonly CheckRun[], filter: RunFilter): CheckRun[] {
  const shown = filter.checkType === "ALL" ? runs : latestPerApp(runs);
  return shown.filter((run) => {
    return (
      (filter.checkName == null || run.name === filter.checkName) &&
      (filter.appId == null || run.appId === filter.appId)
    );
  });
}

function renderRun(run: CheckRun): Record<string, unknown> {
  return {
    id: nodeId("CR", run.id),
    databaseId: run.id,
    name: run.name,
    status: run.status.toUpperCase(),
    conclusion: run.conclusion === null ? null : run.conclusion.toUpperCase(),
    title: run.output.title,
    summary: run.output.summary,
    text: run.output.text,
    externalId: run.externalId,
    detailsUrl: run.detailsUrl,
    startedAt: run.startedAt,
    completedAt: run.completedAt,
  };
}
