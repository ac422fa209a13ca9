/** Repositories, branches and git objects as GitHub's GraphQL API shows them. */
import { isVisible, notFound, requireRepositoryPermission, type Scope } from "./graphql-access.ts";
import { renderActor } from "./graphql-account.ts";
import { renderCommit } from "./graphql-commit.ts";
import { connection, type Page } from "./graphql-connection.ts";
import { renderPull, stateOf } from "./graphql-pull.ts";
import { blobSha } from "./git.ts";
import { rulesetsFor } from "./required-checks.ts";
import type { Ruleset } from "./rulesets.ts";
import { fullName, nodeId, type Pull, type Repository, type Tree, type TreeEntry } from "./world.ts";

/** GitHub cuts a blob's text here and says `isTruncated`. */
const blobTextBytesMax = 512_000;

type PullFilter = {
  readonly states?: readonly string[] | null;
  readonly headRefName?: string | null;
  readonly baseRefName?: string | null;
  readonly orderBy?: { readonly field: string; readonly direction: "ASC" | "DESC" } | null;
};

/** The repository, or null for one the viewer may not see. */
export function renderRepository(scope: Scope, repository: Repository): Record<string, unknown> | null {
  if (!isVisible(scope, repository)) return null;
  return {
    __typename: "Repository",
    id: nodeId("R", repository.id),
    databaseId: repository.id,
    name: repository.name,
    nameWithOwner: fullName(scope.world, repository),
    isPrivate: repository.private,
    url: `${scope.world.url}/${fullName(scope.world, repository)}`,
    owner: renderActor(scope, repository.ownerId),
    defaultBranchRef: () => renderRef(scope, repository, repository.defaultBranch),
    refs: ({ refPrefix, ...page }: Page & { refPrefix: string }) => {
      const branches = refPrefix === "refs/heads/" ? [...repository.branches.keys()].toSorted() : [];
      return connection("refs", page, branches, (branch) => renderRef(scope, repository, branch));
    },
    ref: ({ qualifiedName }: { qualifiedName: string }) => {
      return renderRef(scope, repository, qualifiedName.replace(/^refs\/heads\//, ""));
    },
    object: (args: { expression?: string | null; oid?: string | null }) => {
      requireRepositoryPermission(scope, repository, "contents");
      return renderObject(scope, repository, args.oid ?? args.expression ?? "");
    },
    mergeQueue: ({ branch }: { branch: string | null }) => {
      requireRepositoryPermission(scope, repository, "merge_queues");
      const queue = repository.queue.filter(({ base }) => base === (branch ?? repository.defaultBranch));
      const entries = (args: Page) =>
        connection("entries", args, [...queue.entries()], ([at, { number }]) => {
          const pull = repository.pulls.get(number);
          return {
            position: at + 1,
            pullRequest: pull === undefined ? null : renderPull(scope, repository, pull),
          };
        });
      return { entries };
    },
    pullRequest: ({ number }: { number: number }) => {
      requireRepositoryPermission(scope, repository, "pull_requests");
      const pull = repository.pulls.get(number);
      if (pull === undefined)
        throw notFound(`Could not resolve to a PullRequest with the number of ${number}.`);
      return renderPull(scope, repository, pull);
    },
    pullRequests: (args: Page & PullFilter) => {
      requireRepositoryPermission(scope, repository, "pull_requests");
      const pulls = filterPulls([...repository.pulls.values()], args);
      return connection("pullRequests", args, pulls, (pull) => renderPull(scope, repository, pull));
    },
  };
}

/** A branch with what protects it; null when there is none. Tags are not modelled. */
export function renderRef(
  scope: Scope,
  repository: Repository,
  branch: string,
): Record<string, unknown> | null {
  const sha = repository.branches.get(branch);
  if (sha === undefined || !isVisible(scope, repository)) return null;
  return {
    __typename: "Ref",
    id: `REF_${repository.id}_${branch}`,
    name: branch,
    prefix: "refs/heads/",
    target: () => {
      requireRepositoryPermission(scope, repository, "contents");
      return renderCommit(scope, repository, sha);
    },
    // GitHub shows no ruleset in these two fields of the older branch protection.
    refUpdateRule: () => {
      const contexts = repository.protections.filter((one) => one.branch === branch);
      if (contexts.length === 0) return null;
      return { pattern: branch, requiredStatusCheckContexts: contexts.map(({ check }) => check.context) };
    },
    branchProtectionRule: () => {
      requireRepositoryPermission(scope, repository, "administration");
      return null;
    },
    associatedPullRequests: (args: Page & PullFilter) => {
      requireRepositoryPermission(scope, repository, "pull_requests");
      const heads = [...repository.pulls.values()].filter(
        ({ head }) => head.repositoryId === repository.id && head.ref === branch,
      );
      const pulls = filterPulls(heads, args);
      return connection("associatedPullRequests", args, pulls, (pull) => renderPull(scope, repository, pull));
    },
    rules: (args: Page) => {
      const rules = rulesetsFor(repository, branch).flatMap((ruleset) =>
        ruleset.rules.map((rule) => ({ ruleset, rule })),
      );
      return connection("rules", args, rules, (one) => renderRule(scope, repository, one));
    },
  };
}

function renderRule(
  scope: Scope,
  repository: Repository,
  { ruleset, rule }: { readonly ruleset: Ruleset; readonly rule: Ruleset["rules"][number] },
): Record<string, unknown> {
  const { id, name, enforcement } = ruleset;
  return {
    id: nodeId("RRR", id),
    type: rule.type.toUpperCase(),
    repositoryRuleset: {
      id: nodeId("RRS", id),
      databaseId: id,
      name,
      enforcement: enforcement.toUpperCase(),
      source: () => renderRepository(scope, repository),
    },
    parameters: renderParameters(rule),
  };
}

function renderParameters(rule: Ruleset["rules"][number]): Record<string, unknown> {
  switch (rule.type) {
    case "required_status_checks": {
      const { parameters } = rule;
      return {
        __typename: "RequiredStatusChecksParameters",
        requiredStatusChecks: parameters.required_status_checks.map(({ context, integration_id }) => ({
          context,
          integrationId: integration_id ?? null,
        })),
        strictRequiredStatusChecksPolicy: parameters.strict_required_status_checks_policy,
        doNotEnforceOnCreate: parameters.do_not_enforce_on_create,
      };
    }
    case "merge_queue":
      return { __typename: "MergeQueueParameters", groupingStrategy: rule.parameters.grouping_strategy };
    case "pull_request":
      return { __typename: "PullRequestParameters" };
  }
}

function filterPulls(pulls: readonly Pull[], filter: PullFilter): Pull[] {
  const shown = pulls.filter((pull) => {
    return (
      (filter.states?.includes(stateOf(pull)) ?? true) &&
      (filter.headRefName == null || filter.headRefName === pull.head.ref) &&
      (filter.baseRefName == null || filter.baseRefName === pull.base.ref)
    );
  });
  const { field = "CREATED_AT", direction = "ASC" } = filter.orderBy ?? {};
  const at = (pull: Pull) => (field === "UPDATED_AT" ? pull.updatedAt : pull.createdAt);
  const sign = direction === "DESC" ? -1 : 1;
  return shown.toSorted((a, b) => sign * (at(a).localeCompare(at(b)) || a.number - b.number));
}

/** What `git rev-parse` would find for `sha`, `branch`, `HEAD`, `refs/notes/ai` and these with `:path` behind them; null for nothing. */
function renderObject(
  scope: Scope,
  repository: Repository,
  expression: string,
): Record<string, unknown> | null {
  const [revision = "", ...rest] = expression.split(":");
  const branch = revision === "HEAD" ? repository.defaultBranch : revision.replace(/^refs\/heads\//, "");
  const sha = repository.branches.get(branch) ?? repository.otherRefs.get(revision) ?? revision;
  const commit = repository.commits.get(sha);
  if (rest.length === 0) return commit ? renderCommit(scope, repository, sha) : blobWithSha(repository, sha);
  if (commit === undefined) return null;
  const path = rest.join(":").replace(/\/$/, "");
  const entry = commit.tree.get(path);
  if (entry !== undefined) return renderBlob(entry);
  return path === "" ? { __typename: "Tree", oid: commit.treeSha } : renderFolder(commit.tree, path);
}

function renderFolder(tree: Tree, path: string): Record<string, unknown> | null {
  const entries = [...tree].filter(([name]) => name.startsWith(`${path}/`));
  if (entries.length === 0) return null;
  // Not git's id of the folder, but as good: the same content has the same one.
  return {
    __typename: "Tree",
    oid: blobSha(entries.map(([name, entry]) => `${entry.mode} ${name} ${entry.sha}`).join("\n")),
  };
}

function blobWithSha(repository: Repository, sha: string): Record<string, unknown> | null {
  for (const commit of repository.commits.values()) {
    for (const entry of commit.tree.values()) if (entry.sha === sha) return renderBlob(entry);
  }
  return null;
}

function renderBlob(entry: TreeEntry): Record<string, unknown> {
  const bytes = Buffer.from(entry.text);
  const isBinary = bytes.includes(0);
  const isTruncated = bytes.length > blobTextBytesMax;
  return {
    __typename: "Blob",
    id: `B_${entry.sha}`,
    oid: entry.sha,
    byteSize: bytes.length,
    isBinary,
    isTruncated,
    text: isBinary ? null : bytes.subarray(0, blobTextBytesMax).toString("utf8"),
  };
}
