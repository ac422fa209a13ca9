import { z } from "zod";
import type { GitHub } from "./client.ts";
import { GitHubError, isSecondaryLimit, oneLine, retryTime, toGitHubError } from "./errors.ts";
import type { RepositoryRef } from "./targets.ts";

/** One entry of a GraphQL answer's `errors`. `path` says which part of the data is missing because of it. */
export type QueryProblem = z.infer<typeof problemSchema>;

const problemSchema = z.object({
  type: z.string().optional(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
  message: z.string().transform(oneLine),
});

const partialSchema = z.object({
  name: z.literal("GraphqlResponseError"),
  data: z.unknown(),
  errors: z.array(problemSchema),
  headers: z.record(z.string(), z.unknown()),
});

/**
 * Asks GitHub's GraphQL API. Octokit throws a partial answer away together with its errors; here both are returned,
 * because a missing `.github` repository is an answer, not a failure.
 * @param asked.schema what the answer has to look like.
 * @param asked.now ms since epoch, to tell from a refusal when to come back.
 * @throws GitHubError when there is no data at all, an error does not say which part it is about, or the data is not
 *   what GitHub's schema promises.
 */
export async function query<Schema extends z.ZodType>(
  github: GitHub,
  asked: { text: string; variables: Record<string, unknown>; schema: Schema; now: number },
): Promise<{ data: z.infer<Schema>; problems: readonly QueryProblem[] }> {
  const answer = await ask(github, asked.text, asked.variables, asked.now);
  const parsed = asked.schema.safeParse(answer.data);
  if (parsed.success) return { data: parsed.data, problems: answer.problems };
  const [first] = parsed.error.issues;
  const where = first?.path.join(".") || "the whole of it";
  throw new GitHubError(`GitHub's answer is not what its schema promises: ${where}: ${first?.message}`, {
    cause: parsed.error,
  });
}

/** A query of GitHub's has to be answered within ten seconds. */
const commitsPerQuery = 50;

/**
 * Asks the same about each of these commits, with one request for each fifty.
 * @param asked.fields of a `Commit`. @param asked.schema of the answers by the commits' aliases. @param asked.what it is about, for people.
 * @returns one answer for each SHA: null where GitHub has no such commit.
 * @throws GitHubError where GitHub does not answer for all of them.
 */
export async function queryCommits<Answer>(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  shas: readonly string[],
  asked: {
    readonly name: string;
    readonly fields: string;
    readonly schema: z.ZodType<{ repository: Record<string, Answer | null> | null }>;
    readonly what: string;
    /** Whose check runs are asked for, where they are. */
    readonly appId?: number;
    readonly now: number;
  },
): Promise<(Answer | null)[]> {
  const { name, fields, schema, what, appId, now } = asked;
  const answers: (Answer | null)[] = [];
  for (let from = 0; from < shas.length; from += commitsPerQuery) {
    const wanted = shas.slice(from, from + commitsPerQuery);
    const objects = wanted.map((sha, at) => `commit${at}: object(oid: ${JSON.stringify(sha)}) { ...asked }`);
    const text = `query ${name}($owner: String!, $repo: String!${appId === undefined ? "" : ", $appId: Int!"}) {
  repository(owner: $owner, name: $repo) { ${objects.join(" ")} }
}
fragment asked on Commit { ${fields} }`;
    const { data, problems } = await query(github, { text, variables: { owner, repo, appId }, schema, now });
    const { repository } = data;
    if (repository === null || problems.length > 0)
      throw new GitHubError(`GitHub does not show ${what}: ${problems[0]?.message ?? "it gave no reason"}`);
    answers.push(...wanted.map((_, at) => repository[`commit${at}`] ?? null));
  }
  return answers;
}

/**
 * Why GitHub did not show a repository, or not what was asked of it: `gone` where it says that there is none; anything else may be
 * another answer the next time. @param about what was asked about, for people: the repository itself if left out.
 */
export function unanswered(
  { owner, repo }: RepositoryRef,
  problems: readonly QueryProblem[],
  about = `${owner}/${repo}`,
): GitHubError {
  const [problem] = problems;
  if (problem === undefined || (problem.type === "NOT_FOUND" && problem.path?.length === 1)) {
    const gone = `${owner}/${repo} does not exist, or the app may not see it.`;
    return new GitHubError(gone, { gone: true });
  }
  return new GitHubError(`GitHub could not answer for ${about}: ${problem.message}`);
}

async function ask(
  github: GitHub,
  text: string,
  variables: Record<string, unknown>,
  now: number,
): Promise<{ data: unknown; problems: readonly QueryProblem[] }> {
  try {
    return { data: await github.graphql(text, variables), problems: [] };
  } catch (error) {
    const partial = partialSchema.safeParse(error);
    if (!partial.success) throw toGitHubError(error, now);
    const { data, errors, headers } = partial.data;
    const general = errors.find((problem) => problem.path === undefined || problem.path.length === 0);
    if (general !== undefined || data === null || data === undefined) {
      const { type, message } = general ?? errors[0] ?? { message: "it gave no reason" };
      // A used-up limit comes with status 200, as every error of GraphQL's does.
      const limited = isSecondaryLimit(200, message);
      const retryAt = limited || type === "RATE_LIMITED" ? retryTime(headers, now, limited) : null;
      throw new GitHubError(`GitHub could not answer the query: ${message}`, {
        retryAt,
        cause: error,
      });
    }
    return { data, problems: errors };
  }
}
