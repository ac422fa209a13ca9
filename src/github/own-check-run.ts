import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";
import type { HeadRef } from "./publish-check-run.ts";
import type { OwnCheckRun } from "./read-pull.ts";
import { checkName } from "./to-facts.ts";

/** Our check run on a commit, read alone; null where there is none. @throws GitHubError */
export async function readOwnCheckRun(
  github: GitHub,
  { owner, repo, headSha }: HeadRef,
  { appId, now }: { readonly appId: number; readonly now: number },
): Promise<OwnCheckRun | null> {
  return asking(now, async () => {
    const { data } = await github.rest.checks.listForRef({
      owner,
      repo,
      ref: headSha,
      app_id: appId,
      check_name: checkName,
      filter: "latest",
    });
    const [run] = data.check_runs;
    if (run === undefined) return null;
    const { id, status, conclusion, details_url: detailsUrl, output } = run;
    const { title, summary, text } = output;
    return { id, status, conclusion, detailsUrl, title, summary, text };
  });
}
