/**
 * Commits that are no longer in the branch of a pull request. GitHub keeps what nothing refers to readable by its SHA.
 */
import { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { Commit, OldHead } from "../gate/facts.ts";
import type { GitHub } from "./client.ts";
import { GitHubError, toGitHubError } from "./errors.ts";
import { commitFields } from "./facts-query.ts";
import { commitSchema } from "./facts-schema.ts";
import { queryCommits } from "./query.ts";
import { toCommits } from "./to-facts.ts";

type BranchRef = { readonly owner: string; readonly repo: string; readonly base: string };

/** Two requests each at least: more would not be read within the lease of a look. What is left over is read by the next. */
const oldHeadsMax = 10;

/** As many as a pull request may have. */
export const commitsMax = 2000;

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
    const { shas, total } = await listCommits(github, ref, sha, commitsMax);
    if (total > commitsMax)
      return { kind: "unreadable", why: `it has more than ${commitsMax} commits`, pastLimit: true };
    return await readCommits(github, ref, shas, now);
  } catch (error) {
    const known = toGitHubError(error, now);
    if (known.retryAt !== null) throw known;
    if (!known.gone) return { kind: "unreadable", why: known.message };
    // GitHub says the same of a base branch that is gone, and of commits that have no ancestor in common with it.
    const [commit] = await queryCommits(github, ref, [sha], { ...oldCommits, now });
    return commit === null ? { kind: "absent" } : { kind: "unreadable", why: known.message, pastLimit: true };
  }
}

/**
 * What `sha` has that `base`, a branch or a SHA, has not, the newest last: one request for each hundred, none after the first where
 * there are more than `max`; then the list is only its beginning.
 * @throws whatever Octokit throws, and GitHubError where GitHub shows fewer than it counts: those must not be taken for all.
 */
export async function listCommits(
  github: GitHub,
  { owner, repo, base }: BranchRef,
  sha: string,
  max: number,
): Promise<{ readonly shas: readonly string[]; readonly total: number }> {
  const shas: string[] = [];
  for (let page = 1; ; page++) {
    const basehead = `${base}...${sha}`;
    const asked = { owner, repo, basehead, per_page: 100, page };
    const { data } = await github.rest.repos.compareCommitsWithBasehead(asked);
    shas.push(...data.commits.map((commit) => commit.sha));
    const total = data.total_commits;
    if (total > max || shas.length >= total) return { shas, total };
    if (data.commits.length === 0)
      throw new GitHubError(`GitHub shows ${shas.length} of ${total} commits of ${basehead}.`);
  }
}

/**
 * Commits by their SHAs, with one request for each fifty; unreadable when one names more authors than GitHub shows.
 * @throws GitHubError where GitHub does not show one.
 */
export async function readCommits(
  github: GitHub,
  ref: Pick<BranchRef, "owner" | "repo">,
  shas: readonly string[],
  now: number,
): Promise<Read<readonly Commit[]>> {
  const answers = await queryCommits(github, ref, shas, { ...oldCommits, now });
  return toCommits(
    answers.map((commit) => {
      if (commit === null) throw new GitHubError("GitHub lists a commit that it does not show");
      return commit;
    }),
  );
}

const commitsSchema = z.object({ repository: z.record(z.string(), commitSchema.nullable()).nullable() });

const oldCommits = {
  name: "OldCommits",
  fields: commitFields,
  schema: commitsSchema,
  what: "earlier commits",
} as const;

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
  ref: { readonly owner: string; readonly repo: string },
  shas: readonly string[],
  { appId, now }: { readonly appId: number; readonly now: number },
): Promise<{ readonly sha: string; readonly text: string }[]> {
  const answers = await queryCommits(github, ref, shas, { ...ownTexts, appId, now });
  return shas.flatMap((sha, at) => {
    const runs = answers[at]?.checkSuites.nodes.flatMap(({ checkRuns }) => checkRuns?.nodes ?? []) ?? [];
    return runs.flatMap(({ text }) => (text === null || text === "" ? [] : [{ sha, text }]));
  });
}

const ownTexts = {
  name: "OwnTexts",
  fields: `checkSuites(first: 10, filterBy: { appId: $appId }) { nodes {
  checkRuns(first: 10, filterBy: { checkName: "Countersign", checkType: LATEST }) { nodes { text } }
} }`,
  schema: textsSchema,
  what: "our earlier check runs",
} as const;
