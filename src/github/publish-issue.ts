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
