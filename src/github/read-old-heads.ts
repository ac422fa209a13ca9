/**
 * Commits that are no longer in the branch of a pull request. GitHub keeps what nothing refers to readable by its SHA.
 */
import { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { Commit, OldHead } from "../gate/facts.ts";
import type { GitHub } from "./client.ts";
import { GitHubError, toGitHubError } from "./errors.ts";
import { commitFields } from "./facts-query.ts";
import { type CommitAnswer, commitSchema } from "./facts-schema.ts";
import { query } from "./query.ts";
import { toCommits } from "./to-facts.ts";

type BranchRef = { readonly owner: string; readonly repo: string; readonly base: string };

/** Two requests each at least: more would not be read within the lease of a look. What is left over is read by the next. */
const oldHeadsMax = 10;

/** As many as a pull request may have. */
export const commitsMax = 2000;

/** A query of GitHub's has to be answered within ten seconds. */
const commitsPerQuery = 50;

/**
 * What each of these SHAs has that the base branch has not, as it is now: one request for the list of each hundred commits, one
 * for each fifty of all of them.
 * @param shas commits that were the head of the pull request once; how that is known is the caller's matter.
 * @returns one for each SHA: absent where GitHub does not have the commit any more; unreadable where it could not answer, past
 *   2,000 commits, and past 10 heads, so that the verdict waits for the looks that read the rest.
 * @throws GitHubError when GitHub asks to come back later.
 */
export async function readOldHeads(
  github: GitHub,
  ref: BranchRef,
  shas: readonly string[],
  now: number,
): Promise<OldHead[]> {
  const wanted = shas.slice(0, oldHeadsMax);
  const heads = await Promise.all(
    wanted.map(async (sha) => ({ sha, commits: await readOldHead(github, ref, sha, now) })),
  );
  const why = `${oldHeadsMax} earlier heads were read first`;
  const left = shas.slice(oldHeadsMax).map((sha) => ({ sha, commits: { kind: "unreadable", why } as const }));
  return [...heads, ...left];
}

async function readOldHead(
  github: GitHub,
  ref: BranchRef,
  sha: string,
  now: number,
): Promise<Read<readonly Commit[]>> {
  try {
    const shas = await listCommits(github, ref, sha);
    if (shas.length > commitsMax)
      return { kind: "unreadable", why: `it has more than ${commitsMax} commits`, pastLimit: true };
    return toCommits(await readCommits(github, ref, shas, now));
  } catch (error) {
    const known = toGitHubError(error, now);
    if (known.retryAt !== null) throw known;
    if (!known.gone) return { kind: "unreadable", why: known.message };
    // GitHub says the same of a base branch that is gone, and of commits that have no ancestor in common with it.
    const [commit] = await askForCommits(github, ref, [sha], now);
    return commit === null ? { kind: "absent" } : { kind: "unreadable", why: known.message, pastLimit: true };
  }
}

/** What `sha` has that `base`, a branch or a SHA, has not: their SHAs; more than 2,000 where there are more. */
export async function listCommits(
  github: GitHub,
  { owner, repo, base }: BranchRef,
  sha: string,
): Promise<string[]> {
  const shas: string[] = [];
  for (let page = 1; ; page++) {
    const basehead = `${base}...${sha}`;
    const asked = { owner, repo, basehead, per_page: 100, page };
    const { data } = await github.rest.repos.compareCommitsWithBasehead(asked);
    shas.push(...data.commits.map((commit) => commit.sha));
    if (data.commits.length === 0 || shas.length >= data.total_commits || shas.length > commitsMax)
      return shas;
  }
}

/** Commits by their SHAs, with one request for each fifty. @throws GitHubError where GitHub does not show one. */
export async function readCommits(
  github: GitHub,
  ref: Pick<BranchRef, "owner" | "repo">,
  shas: readonly string[],
  now: number,
): Promise<CommitAnswer[]> {
  const commits: CommitAnswer[] = [];
  for (let from = 0; from < shas.length; from += commitsPerQuery) {
    const answers = await askForCommits(github, ref, shas.slice(from, from + commitsPerQuery), now);
    for (const commit of answers) {
      if (commit === null) throw new GitHubError("GitHub lists a commit that it does not show");
      commits.push(commit);
    }
  }
  return commits;
}

const commitsSchema = z.object({ repository: z.record(z.string(), commitSchema.nullable()).nullable() });

/** One answer for each SHA: null where GitHub has no such commit. */
async function askForCommits(
  github: GitHub,
  { owner, repo }: Pick<BranchRef, "owner" | "repo">,
  shas: readonly string[],
  now: number,
): Promise<(CommitAnswer | null)[]> {
  const objects = shas.map(
    (sha, index) => `commit${index}: object(oid: ${JSON.stringify(sha)}) { ...commit }`,
  );
  const text = `query OldCommits($owner: String!, $repo: String!) {
  repository(owner: $owner, name: $repo) { ${objects.join(" ")} }
}
fragment commit on Commit {${commitFields}
}`;
  const { data, problems } = await query(github, {
    text,
    variables: { owner, repo },
    schema: commitsSchema,
    now,
  });
  const { repository } = data;
  if (repository === null || problems.length > 0)
    throw new GitHubError(
      `GitHub does not show earlier commits: ${problems[0]?.message ?? "it gave no reason"}`,
    );
  return shas.map((_, index) => repository[`commit${index}`] ?? null);
}

/** Ours is one run a suite, and ours alone is asked for. */
const textsSchema = z.object({
  repository: z
    .record(
      z.string(),
      z
        .object({
          checkSuites: z.object({
            nodes: z.array(
              z.object({
                checkRuns: z.object({ nodes: z.array(z.object({ text: z.string().nullable() })) }).nullable(),
              }),
            ),
          }),
        })
        .nullable(),
    )
    .nullable(),
});

/**
 * What our own check runs on these commits say in their `text`, with one request for each fifty commits. Check runs of other
 * apps are not asked for. Nothing for a commit that has none, or that GitHub does not have any more.
 * @throws GitHubError when GitHub could not answer: what is remembered nowhere else must not be passed over.
 */
export async function readOwnTexts(
  github: GitHub,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  shas: readonly string[],
  { appId, now }: { readonly appId: number; readonly now: number },
): Promise<{ readonly sha: string; readonly text: string }[]> {
  const texts: { sha: string; text: string }[] = [];
  for (let from = 0; from < shas.length; from += commitsPerQuery) {
    const wanted = shas.slice(from, from + commitsPerQuery);
    const objects = wanted.map(
      (sha, index) => `commit${index}: object(oid: ${JSON.stringify(sha)}) { ...checks }`,
    );
    const text = `query OwnTexts($owner: String!, $repo: String!, $appId: Int!) {
  repository(owner: $owner, name: $repo) { ${objects.join(" ")} }
}
fragment checks on Commit { checkSuites(first: 10, filterBy: { appId: $appId }) { nodes {
  checkRuns(first: 10, filterBy: { checkName: "Countersign", checkType: LATEST }) { nodes { text } }
} } }`;
    const asked = { text, variables: { owner, repo, appId }, schema: textsSchema, now };
    const { data, problems } = await query(github, asked);
    const { repository } = data;
    if (repository === null || problems.length > 0)
      throw new GitHubError(
        `GitHub does not show our earlier check runs: ${problems[0]?.message ?? "it gave no reason"}`,
      );
    for (const [index, sha] of wanted.entries()) {
      const suites = repository[`commit${index}`]?.checkSuites.nodes ?? [];
      const runs = suites.flatMap(({ checkRuns }) => checkRuns?.nodes ?? []);
      texts.push(
        ...runs.flatMap((run) => (run.text === null || run.text === "" ? [] : [{ sha, text: run.text }])),
      );
    }
  }
  return texts;
}
