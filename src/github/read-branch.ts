import { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { ChangedFile, Commit } from "../gate/facts.ts";
import type { GitHub } from "./client.ts";
import { type ConfigFiles, configFilesOf, organisationFilesOf } from "./config-files.ts";
import { asking, ifThere } from "./errors.ts";
import { configFiles, protection } from "./facts-query.ts";
import { branchSchema } from "./facts-schema.ts";
import { query, queryCommits, unanswered } from "./query.ts";
import { commitsMax, listCommits } from "./read-old-heads.ts";
import { requiresCheck } from "./to-facts.ts";
import type { RepositoryRef } from "./targets.ts";

/** A branch as it is now, with what decides whether it is gated. */
export type BranchRead = {
  /** Null where there is no such branch any more. */
  readonly head: string | null;
  /** The repository's address on GitHub. */
  readonly url: string;
  readonly defaultBranch: string;
  readonly required: Read<boolean>;
  readonly organisation: Read<ConfigFiles>;
  readonly repository: ConfigFiles;
};

const branchQuery = `
query Branch($owner: String!, $repo: String!, $configRepo: String!, $name: String!) {
  repository(owner: $owner, name: $repo, followRenames: false) {
    ${configFiles} url
    ref(qualifiedName: $name) { target { oid } ${protection} }
  }
  config: repository(owner: $owner, name: $configRepo, followRenames: false) { ${configFiles} }
}
fragment blob on Blob { oid byteSize isTruncated text }`;

/**
 * Reads a branch with roster and policy files, in one request.
 * @throws GitHubError; `gone` when the repository cannot be seen any more.
 */
export async function readBranch(
  github: GitHub,
  { owner, repo, branch }: RepositoryRef & { readonly branch: string },
  { configRepo, now }: { readonly configRepo: string; readonly now: number },
): Promise<BranchRead> {
  const variables = { owner, repo, configRepo, name: `refs/heads/${branch}` };
  const asked = { text: branchQuery, variables, schema: branchSchema, now };
  const { data, problems } = await query(github, asked);
  const { repository, config } = data;
  const others = problems.filter(({ path = [] }) => path[0] !== "config");
  if (repository === null || others.length > 0)
    throw unanswered({ owner, repo }, others, `${branch} of ${owner}/${repo}`);
  const why = problems.find(({ type, path = [] }) => type !== "NOT_FOUND" || path.length > 1)?.message;
  return {
    head: repository.ref?.target?.oid ?? null,
    url: repository.url,
    defaultBranch: repository.defaultBranchRef?.name ?? "",
    required: requiresCheck(repository.ref),
    organisation: organisationFilesOf(config, why),
    repository: configFilesOf(repository),
  };
}

/** Branches in one query: each is a lookup of GitHub's, a hundred are a point of the hour's. */
const headsPerQuery = 100;

const headsSchema = z.record(
  z.string(),
  z.object({ ref: z.object({ target: z.object({ oid: z.string() }).nullable() }).nullable() }).nullable(),
);

/** A branch of `repo` (`owner/name`), and the commit it is at. */
type BranchAt = { readonly repo: string; readonly branch: string; readonly head: string };

/**
 * Those of the branches that are at another commit by now, with that one: of whatever repositories, one request for each hundred.
 * Not those that are gone or that GitHub does not show. @throws GitHubError
 */
export async function readMoved(
  github: GitHub,
  known: readonly BranchAt[],
  now: number,
): Promise<BranchAt[]> {
  const moved: BranchAt[] = [];
  for (let from = 0; from < known.length; from += headsPerQuery) {
    const wanted = known.slice(from, from + headsPerQuery);
    const asked = wanted.map(({ repo, branch }, at) => {
      const parts = [...repo.split("/"), `refs/heads/${branch}`];
      const [owner, name, ref] = parts.map((part) => JSON.stringify(part));
      return `branch${at}: repository(owner: ${owner}, name: ${name}, followRenames: false) { ref(qualifiedName: ${ref}) { target { oid } } }`;
    });
    const text = `query BranchHeads {\n${asked.join("\n")}\n}`;
    const { data } = await query(github, { text, variables: {}, schema: headsSchema, now });
    for (const [at, one] of wanted.entries()) {
      const head = data[`branch${at}`]?.ref?.target?.oid ?? one.head;
      if (head !== one.head) moved.push({ ...one, head });
    }
  }
  return moved;
}

/**
 * The commits that a branch has at `to` and had not at `from`, oldest first; null where GitHub cannot tell: one of the two is
 * gone, they have nothing in common, or there are more than 2,000. One request for each hundred. @throws GitHubError
 */
export async function listArrived(
  github: GitHub,
  ref: RepositoryRef,
  { from, to }: { readonly from: string; readonly to: string },
  now: number,
): Promise<readonly string[] | null> {
  const listed = await ifThere(now, async () => listCommits(github, { ...ref, base: from }, to, commitsMax));
  return listed === null || listed.total > commitsMax ? null : listed.shas;
}

const pullsSchema = z.object({
  repository: z.record(
    z.string(),
    z
      .object({
        associatedPullRequests: z.object({
          nodes: z.array(z.object({ number: z.number(), state: z.string(), baseRefName: z.string() })),
        }),
      })
      .nullable(),
  ),
});

/**
 * The pull requests merged into a branch that GitHub says brought each of these commits: of those that none did, nothing. One
 * request for each fifty commits. @throws GitHubError
 */
export async function readPullsThatBrought(
  github: GitHub,
  ref: RepositoryRef & { readonly branch: string },
  shas: readonly string[],
  now: number,
): Promise<Map<string, number[]>> {
  const asked = {
    name: "PullsThatBrought",
    fields: "associatedPullRequests(first: 10) { nodes { number state baseRefName } }",
    schema: pullsSchema,
    what: "which pull requests brought a commit",
    now,
  };
  const answers = await queryCommits(github, ref, shas, asked);
  const found = new Map<string, number[]>();
  for (const [at, sha] of shas.entries()) {
    const pulls = answers[at]?.associatedPullRequests.nodes ?? [];
    const merged = pulls.filter(({ state, baseRefName }) => state === "MERGED" && baseRefName === ref.branch);
    const numbers = merged.map(({ number }) => number);
    if (numbers.length > 0) found.set(sha, numbers);
  }
  return found;
}

/** GitHub lists no more changed files of a comparison. https://docs.github.com/en/rest/commits/commits#compare-two-commits */
const comparedFilesMax = 300;
/** One request each: more commits of one push would not be read within the lease of a look. */
const comparedMax = 50;

/**
 * The files that these commits change, each against its first parent, with one request for each commit. Past 50 commits or 300
 * files of one it is past the limit: every path and size counts as matched then. @throws GitHubError
 */
export async function readChangedFiles(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  commits: readonly Pick<Commit, "sha" | "parents">[],
  now: number,
): Promise<Read<readonly ChangedFile[]>> {
  const tooMany = { kind: "unreadable", why: "past the limit of what is compared", pastLimit: true } as const;
  if (commits.length > comparedMax) return tooMany;
  const files: ChangedFile[] = [];
  for (const { sha, parents } of commits) {
    const [parent] = parents;
    if (parent === undefined) return tooMany;
    const asked = { owner, repo, basehead: `${parent}...${sha}`, per_page: 1 };
    const { data } = await asking(now, async () => github.rest.repos.compareCommitsWithBasehead(asked));
    const changed = data.files ?? [];
    if (changed.length >= comparedFilesMax) return tooMany;
    files.push(
      ...changed.map(({ filename: path, previous_filename: old, additions, deletions }) => ({
        path,
        previousPath: old ?? null,
        additions,
        deletions,
      })),
    );
  }
  return { kind: "read", value: files };
}
