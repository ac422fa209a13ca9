import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";
import type { RepositoryRef } from "./targets.ts";

/**
 * The issue that this app opened with this text in its body, among the hundred newest since a time: one request.
 * @returns its number; null where there is none. @throws GitHubError
 */
export async function findOwnIssue(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  wanted: { readonly appId: number | null; readonly text: string; readonly since: number },
  now: number,
): Promise<number | null> {
  return asking(now, async () => {
    const since = new Date(wanted.since).toISOString();
    const { data } = await github.rest.issues.listForRepo({
      owner,
      repo,
      state: "all",
      since,
      per_page: 100,
    });
    const own = data.find(
      (issue) =>
        issue.performed_via_github_app?.id === wanted.appId && issue.body?.includes(wanted.text) === true,
    );
    return own?.number ?? null;
  });
}
