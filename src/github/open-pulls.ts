import type { InstallationFacts } from "../gate/protection.ts";
import type { GitHub } from "./client.ts";
import { asking, GitHubError } from "./errors.ts";

type OpenPullHint = { readonly number: number; readonly headSha: string; readonly base: string };

/** Every open pull request of a repository: one request for each hundred. @throws GitHubError */
export async function listOpenPulls(
  github: GitHub,
  owner: string,
  repo: string,
  now: number,
): Promise<OpenPullHint[]> {
  return asking(now, async () => {
    const pulls = await github.paginate(github.rest.pulls.list, {
      owner,
      repo,
      state: "open",
      per_page: 100,
    });
    return pulls.map((pull) => ({ number: pull.number, headSha: pull.head.sha, base: pull.base.ref }));
  });
}

/** The repositories an installation was given, without archived ones, a hundred for a request. @throws GitHubError */
export async function listGiven(github: GitHub, now: number): Promise<InstallationFacts["repositories"]> {
  return asking(now, async () => {
    const given = await github.paginate(github.rest.apps.listReposAccessibleToInstallation, {
      per_page: 100,
    });
    return given
      .filter(({ archived }) => !archived)
      .map((one) => {
        const place = { name: one.full_name, page: one.html_url, defaultBranch: one.default_branch };
        return { ...place, public: !one.private };
      });
  });
}

/** `owner/name` of each. @throws GitHubError */
export async function listRepositories(github: GitHub, now: number): Promise<string[]> {
  return (await listGiven(github, now)).map(({ name }) => name);
}

/**
 * Where renamed files came from, which GraphQL does not tell: new path -> old path. GitHub lists at most 3,000 files, and
 * those of the head as it is now, so that the head is asked for after them.
 * @throws GitHubError, also when the head is not `headSha` any more.
 */
export async function readOldPaths(
  github: GitHub,
  ref: { owner: string; repo: string; number: number; headSha: string },
  now: number,
): Promise<Map<string, string>> {
  return asking(now, async () => {
    const { owner, repo, number, headSha } = ref;
    const files = await github.paginate(github.rest.pulls.listFiles, {
      owner,
      repo,
      pull_number: number,
      per_page: 100,
    });
    const { data: pull } = await github.rest.pulls.get({ owner, repo, pull_number: number });
    if (pull.head.sha !== headSha)
      throw new GitHubError(`The head of ${owner}/${repo}#${number} moved while its files were read.`);
    return new Map(
      files.flatMap((file) =>
        file.previous_filename === undefined ? [] : [[file.filename, file.previous_filename]],
      ),
    );
  });
}
