/** What is read of a deployment that waits: its workflow run, and the commits that it would bring. */
import type { GitHub } from "./client.ts";
import { asking, ifThere, statusOf, toGitHubError } from "./errors.ts";
import type { DeploymentRef } from "./publish-deployment.ts";
import { listCommits } from "./read-old-heads.ts";
import type { RepositoryRef } from "./targets.ts";

/** A workflow run as far as it matters here. */
export type Run = {
  readonly headSha: string;
  /** `owner/name` of the repository whose workflow it is; null: it was deleted. */
  readonly of: string | null;
  readonly attempt: number;
  /** Whether it still waits for this environment: for us, or for whoever else guards it. */
  readonly pending: boolean;
};

/**
 * Commits looked up for one deployment, and taken into a ledger as history: ten requests. Whoever deploys more at once deploys in steps.
 */
export const rangeMax = 1_000;
const perPage = 100;

/**
 * A workflow run and whether it waits for an environment: two requests.
 * @returns null when the run is gone. @throws GitHubError
 */
export async function readRun(github: GitHub, ref: DeploymentRef, now: number): Promise<Run | null> {
  const { owner, repo, run, environment } = ref;
  const about = { owner, repo, run_id: run };
  const { actions } = github.rest;
  const answers = await ifThere(now, async () =>
    Promise.all([actions.getWorkflowRun(about), actions.getPendingDeploymentsForRun(about)]),
  );
  if (answers === null) return null;
  const [{ data }, { data: pending }] = answers;
  // Octokit's types do not say that the repository may be gone.
  const head: { readonly full_name: string } | null = data.head_repository;
  return {
    headSha: data.head_sha,
    of: head?.full_name ?? null,
    attempt: data.run_attempt ?? 1,
    pending: pending.some(({ environment: { name } }) => name?.toLowerCase() === environment.toLowerCase()),
  };
}

/** SHAs, the newest last; `complete` is false where there are more than `rangeMax`. */
export type Commits = {
  readonly shas: readonly string[];
  readonly total: number;
  readonly complete: boolean;
};

/**
 * The commits that `head` has and `base` has not: one request for each hundred, none after the first where they are too many.
 * @returns null when GitHub does not know one of the two, or they have nothing in common. @throws GitHubError
 */
export async function readCommitsSince(
  github: GitHub,
  ref: RepositoryRef,
  { base, head }: { readonly base: string; readonly head: string },
  now: number,
): Promise<Commits | null> {
  const listed = await ifThere(now, async () => listCommits(github, { ...ref, base }, head, rangeMax));
  return listed && { ...listed, complete: listed.total <= rangeMax };
}

/**
 * The newest commits of a history: one request for each hundred.
 * @returns null when GitHub does not know the commit in this repository. @throws GitHubError
 */
export async function readHistory(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  head: string,
  now: number,
): Promise<Commits | null> {
  const shas: string[] = [];
  for (let page = 1; shas.length <= rangeMax; page += 1) {
    try {
      const { data } = await github.rest.repos.listCommits({
        owner,
        repo,
        sha: head,
        per_page: perPage,
        page,
      });
      shas.push(...data.map(({ sha }) => sha));
      const isWhole = data.length < perPage && shas.length <= rangeMax;
      if (isWhole) return { shas: shas.toReversed(), total: shas.length, complete: true };
    } catch (error) {
      const failed = toGitHubError(error, now);
      // 422 for what is no commit's name, 409 for an empty repository.
      if ([404, 409, 422].includes(statusOf(failed) ?? 0)) return null;
      throw failed;
    }
  }
  return { shas: shas.slice(0, rangeMax).toReversed(), total: shas.length, complete: false };
}

/** The commit that a pull request landed as; null where it was not merged, or is not there. @throws GitHubError */
export async function readMergeCommit(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  number: number,
  now: number,
): Promise<string | null> {
  const pull = await ifThere(now, async () => github.rest.pulls.get({ owner, repo, pull_number: number }));
  return pull?.data.merged === true ? pull.data.merge_commit_sha : null;
}

/** A deployment that waits, as GitHub lists it. */
type PendingDeployment = {
  readonly run: number;
  readonly attempt: number;
  readonly sha: string;
  readonly environment: string;
};

/**
 * The deployments of a repository that wait for something: one request, and one for each run that waits.
 * @throws GitHubError
 */
export async function listPendingDeployments(
  github: GitHub,
  ref: RepositoryRef,
  now: number,
): Promise<PendingDeployment[]> {
  return asking(now, async () => {
    // More than a hundred runs at once wait for nothing but a person who is on holiday; older ones are shown when these have ended.
    const { data } = await github.rest.actions.listWorkflowRunsForRepo({
      ...ref,
      status: "waiting",
      per_page: 100,
    });
    const found: PendingDeployment[] = [];
    for (const { id: run, head_sha: sha, run_attempt: attempt = 1 } of data.workflow_runs) {
      const { data: pending } = await github.rest.actions.getPendingDeploymentsForRun({
        ...ref,
        run_id: run,
      });
      for (const { environment } of pending) {
        if (environment.name !== undefined) found.push({ run, attempt, sha, environment: environment.name });
      }
    }
    return found;
  });
}
