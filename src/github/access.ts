/** Who may see what on a page: GitHub is asked each time, and its answer holds for minutes. */
import { z } from "zod";
import { timedFetch } from "./client.ts";
import { toGitHubError } from "./errors.ts";
import type { ClientFor } from "./installations.ts";
import { repoKey } from "./targets.ts";

export type Access = {
  /**
   * Whether GitHub shows a repository to everybody. @param repo `owner/name`. @param installation that covers it.
   * @throws GitHubError
   */
  readonly isPublic: (repo: string, installation: number) => Promise<boolean>;
};

/** Somebody whose access was taken away, or a repository made private, is seen for so long at most. */
const answerHoldsMs = 5 * 60_000;
/** Answers kept at once, a hundred bytes each. */
const answersMax = 10_000;

/** @param given.apiUrl base of the REST API. @param given.now the clock, ms since epoch. */
export function createAccess(given: {
  readonly clientFor: ClientFor;
  readonly apiUrl: string;
  readonly now: () => number;
}): Access {
  const publicly = remembering<boolean>(given.now);
  return {
    isPublic: async (repo, installation) =>
      publicly(repo, async () => askIfPublic(given, repo, installation)),
  };
}

const repositorySchema = z.object({ full_name: z.string(), visibility: z.string().optional() });

/**
 * A name that now leads to another repository shows nothing of the one it was. An Enterprise Server in private mode calls public
 * what only its own people may see, so one that is not github.com has to show it to a stranger as well.
 * https://docs.github.com/en/enterprise-server/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-private-mode
 */
async function askIfPublic(
  { clientFor, apiUrl, now }: Parameters<typeof createAccess>[0],
  name: string,
  installation: number,
): Promise<boolean> {
  const [owner = "", repo = ""] = name.split("/");
  try {
    const github = await clientFor(installation);
    const { data } = await github.rest.repos.get({ owner, repo });
    if (!isOpen(data, name)) return false;
    if (apiUrl === "https://api.github.com") return true;
    const answer = await timedFetch(`${apiUrl}/repos/${owner}/${repo}`, { redirect: "error" });
    return answer.ok && isOpen(await answer.json(), name);
  } catch (error) {
    const failure = toGitHubError(error, now());
    if (failure.gone) return false;
    throw failure;
  }
}

function isOpen(data: unknown, name: string): boolean {
  const { success, data: repository } = repositorySchema.safeParse(data);
  const [owner = "", repo = ""] = name.split("/");
  return (
    success &&
    repository.visibility === "public" &&
    repository.full_name.toLowerCase() === repoKey(owner, repo)
  );
}

/** Asks once for each key, until the answer is too old. What fails is not remembered. */
function remembering<T>(now: () => number): (key: string, ask: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();
  return async (key, ask) => {
    const known = answers.get(key);
    if (known !== undefined && known.until > now()) return known.answer;
    answers.delete(key);
    const [oldest] = answers.keys();
    if (answers.size >= answersMax && oldest !== undefined) answers.delete(oldest);
    const answer = ask();
    answers.set(key, { until: now() + answerHoldsMs, answer });
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
