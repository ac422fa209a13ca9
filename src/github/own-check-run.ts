/** Our check run, read alone, or on the heads of many pull requests as one part of a query about them. */
import { z } from "zod";
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

/**
 * What to ask of each `PullRequest` besides `headRefOid`, where the query has the variable `$appId: Int!`.
 * @param fields of the check run.
 */
export function headCheckRunOf(fields: string): string {
  return `commits(last: 1) { nodes { commit {
    oid
    checkSuites(first: 1, filterBy: { appId: $appId }) { nodes {
      checkRuns(first: 1, filterBy: { checkName: "${checkName}", checkType: LATEST }) { nodes { ${fields} } }
    } }
  } } }`;
}

type Nodes<Item> = { readonly nodes: readonly Item[] };
type HeadCommits<Run> = Nodes<{
  readonly commit: {
    readonly oid: string;
    readonly checkSuites: Nodes<{ readonly checkRuns: Nodes<Run> | null }> | null;
  };
}>;

/** The part of the answer. @param run what the fields have to look like. */
export function headCommitsSchema<Run>(run: z.ZodType<Run>): z.ZodType<HeadCommits<Run>> {
  const suite = z.object({ checkRuns: nodes(run).nullable() });
  return nodes(z.object({ commit: z.object({ oid: z.string(), checkSuites: nodes(suite).nullable() }) }));
}

/** Our check run on the head; undefined where there is none. GitHub's list of commits does not always end with the head. */
export function headCheckRun<Run>(commits: HeadCommits<Run>, headSha: string): Run | undefined {
  const head = commits.nodes.find(({ commit }) => commit.oid === headSha)?.commit;
  return head?.checkSuites?.nodes.flatMap(({ checkRuns }) => checkRuns?.nodes ?? [])[0];
}

function nodes<Item extends z.ZodType>(item: Item) {
  return z.object({ nodes: z.array(item) });
}
