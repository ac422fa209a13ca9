import type { GitHub } from "./client.ts";
import { statusOf, toGitHubError } from "./errors.ts";
import type { RefOf } from "./targets.ts";

/** A deployment that waits for our rule. */
export type DeploymentRef = RefOf<"deploy">;

/** What GitHub says to a second answer about the same request; there is no code for it. */
const answeredBefore = /already been reviewed/iu;

/**
 * Approves or rejects a deployment, or with `state` null says why it waits, of which GitHub takes 10 for each.
 * https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run
 * @param said.comment Markdown of at most 1,024 characters. @param now ms since epoch.
 * @returns also when it was answered before. @throws GitHubError; also where nothing waits for us, or not yet: GitHub tells of a
 *   deployment a moment before it takes an answer.
 */
export async function publishDeployment(
  github: GitHub,
  { owner, repo, run, environment }: DeploymentRef,
  said: { readonly state: "approved" | "rejected" | null; readonly comment: string },
  now: number,
): Promise<void> {
  const { state, comment } = said;
  const about = { owner, repo, run_id: run, environment_name: environment, comment };
  try {
    await github.rest.actions.reviewCustomGatesForRun(state === null ? about : { ...about, state });
  } catch (error) {
    const refused = toGitHubError(error, now);
    if (state !== null && statusOf(refused) === 422 && answeredBefore.test(refused.message)) return;
    throw refused;
  }
}
