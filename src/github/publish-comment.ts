import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";
import type { PullRef } from "./read-pull.ts";

/**
 * Writes a comment on a pull request. To GitHub that is one on an issue; the permission to write pull requests allows it.
 * https://docs.github.com/en/rest/issues/comments#create-an-issue-comment
 * @param body Markdown in which the text of others is harmless already.
 * @param now ms since epoch, to tell from GitHub's refusal when to come back.
 * @throws GitHubError: 403 in a locked conversation, and when there were too many comments.
 */
export async function publishComment(
  github: GitHub,
  { owner, repo, number }: PullRef,
  body: string,
  now: number,
): Promise<void> {
  await asking(now, async () =>
    github.rest.issues.createComment({ owner, repo, issue_number: number, body }),
  );
}
