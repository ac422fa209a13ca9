import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";
import type { RepositoryRef } from "./targets.ts";

/**
 * Opens an issue. https://docs.github.com/en/rest/issues/issues#create-an-issue
 * @param issue.body Markdown in which the text of others is harmless already.
 * @returns its number. @throws GitHubError: `gone` where the repository has no issues, `refused` without the permission.
 */
export async function openIssue(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  issue: { readonly title: string; readonly body: string },
  now: number,
): Promise<number> {
  return asking(now, async () => (await github.rest.issues.create({ owner, repo, ...issue })).data.number);
}

/** Closes an issue as completed. One that is closed already stays so. @throws GitHubError */
export async function closeIssue(
  github: GitHub,
  { owner, repo }: RepositoryRef,
  number: number,
  now: number,
): Promise<void> {
  await asking(now, async () => {
    const done = { state: "closed", state_reason: "completed" } as const;
    await github.rest.issues.update({ owner, repo, issue_number: number, ...done });
  });
}

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
