/** Asking GitHub as the person at the terminal: whose token, where, and what to do when GitHub refuses. */
import { readGitHubPlace } from "../config/environment.ts";
import { type GitHubError, statusOf } from "../github/errors.ts";
import { CommandError, known } from "./command.ts";

export type Place = ReturnType<typeof readPlace>;

/** @throws CommandError when the environment is broken or holds no token. */
export function readPlace(environment: NodeJS.ProcessEnv) {
  const place = known(readGitHubPlace(environment));
  const token = environment["GITHUB_TOKEN"] || environment["GH_TOKEN"];
  if (!token) throw new CommandError(`GITHUB_TOKEN and GH_TOKEN are missing; ${makeToken(place.webUrl)}`);
  return { ...place, token };
}

/** Fine-grained tokens cannot read check runs, which the query of a look asks for: https://github.com/cli/cli/issues/12597 */
function makeToken(webUrl: string): string {
  return `set GITHUB_TOKEN to what \`gh auth token\` prints, or to a token with the scopes repo and read:org, made at ${webUrl}/settings/tokens/new?scopes=repo,read:org`;
}

/** What the person can do about an error of GitHub's. @param what was asked for, such as `acme/shop#12`. */
export function toPersonalError(error: GitHubError, what: string, { apiUrl, webUrl }: Place): CommandError {
  const status = statusOf(error);
  if (status === 401) return new CommandError(`GitHub does not accept the token; ${makeToken(webUrl)}`);
  if (error.gone && status === null) {
    const repair =
      "correct it, or take a token that may read the repository (authorised for its organisation)";
    return new CommandError(`${what} does not exist, or the token may not see it; ${repair}`);
  }
  const when = error.retryAt === null ? "" : `; try again after ${new Date(error.retryAt).toISOString()}`;
  return new CommandError(`${error.message} (${apiUrl})${when}`);
}

/** The part of a command's help about its environment. */
export const environmentHelp = `Environment:
  GITHUB_TOKEN    or GH_TOKEN: a token that may read the repository, the organisation's
                  configuration repository and its teams, such as: gh auth token
  GHE_HOST        the host of a GitHub Enterprise Server or a ghe.com subdomain
  GHE_PROTOCOL    https or http, for GHE_HOST; default: https
  CONFIG_REPO     the organisation's repository of roster and policy; default: .github
`;
