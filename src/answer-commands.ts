import { answers } from "./gate/answers.ts";
import type { Facts } from "./gate/facts.ts";
import type { Config, Verdict } from "./gate/verdict.ts";
import type { GitHub } from "./github/client.ts";
import { GitHubError } from "./github/errors.ts";
import { publishComment } from "./github/publish-comment.ts";
import { repoKey } from "./github/targets.ts";
import { claimAnswer } from "./store/observations.ts";
import type { Store } from "./store/store.ts";

/**
 * Answers the commands that a look found to do nothing, after its check run was published. The right to answer is taken, for
 * good, before the comment is written: what is lost in between, or refused by GitHub, is lost, because the check run says the
 * same, and nobody is told anything twice, whatever crashes and however many replicas there are.
 * @param judged the open pull requests of the look, each with the verdict on it.
 * @returns why answers were lost, one line each; empty when none was.
 */
export async function answerCommands(
  { store, now }: { readonly store: Store; readonly now: () => number },
  github: GitHub,
  judged: readonly { readonly facts: Facts; readonly verdict: Verdict }[],
  { roster }: Config,
): Promise<readonly string[]> {
  if (roster.kind !== "read") return [];
  const lost: string[] = [];
  for (const { facts, verdict } of judged) {
    const { owner, repo, number, headSha: sha } = facts;
    for (const { to, comments, body } of answers(facts, roster.value, verdict)) {
      const about = { repo: repoKey(owner, repo), number, at: now() };
      const answer = { kind: "answer", to, sha, comments, said: body !== null } as const;
      if (!(await claimAnswer(store, about, answer)) || body === null) continue;
      try {
        await publishComment(github, { owner, repo, number }, body, now());
      } catch (error) {
        if (!(error instanceof GitHubError)) throw error;
        lost.push(error.message);
      }
    }
  }
  return lost;
}
