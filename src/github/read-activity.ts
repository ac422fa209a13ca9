/** GitHub's activity log: who moved a branch, where no delivery told. */
import { z } from "zod";
import type { BranchPush } from "../gate/branch-pushes.ts";
import { accountOfUser } from "./accounts.ts";
import type { GitHub } from "./client.ts";
import { toGitHubError } from "./errors.ts";

/** 1,000 pushes. What moved a branch before its last thousand is as good as not told. */
const pagesMax = 10;

/**
 * The pushes to a branch, in the order they were made, with one request for each hundred.
 * https://docs.github.com/en/rest/repos/repos#list-repository-activities
 * @param branch.repository `owner/name`. @returns null where the log is not shown: of a fork that the app may not see, of a branch
 *   that is gone, or by a server that has none. @throws GitHubError
 */
export async function readActivity(
  github: GitHub,
  { repository, name }: { readonly repository: string; readonly name: string },
  now: number,
): Promise<BranchPush[] | null> {
  const [owner = "", repo = ""] = repository.split("/");
  const asked = { owner, repo, ref: `refs/heads/${name}`, per_page: 100 };
  const pushes: BranchPush[] = [];
  let pages = 0;
  try {
    for await (const { data } of github.paginate.iterator(github.rest.repos.listActivities, asked)) {
      for (const { before, after, timestamp, activity_type: type, actor } of data) {
        if (type === "branch_deletion") continue;
        pushes.push({
          branch: name,
          actor: actor === null ? ghost : accountOfUser(actor),
          before: /^0+$/u.test(before) ? null : before,
          after,
          forced: type === "force_push",
          at: timestamp,
        });
      }
      pages += 1;
      if (pages === pagesMax) break;
    }
  } catch (error) {
    const known = toGitHubError(error, now);
    if (known.gone || notShown.safeParse(error).success) return null;
    throw known;
  }
  return pushes.toReversed();
}

/** Refusals for lack of permission, unlike those for too many requests, and of a branch that GitHub does not know. */
const notShown = z.union([
  z.object({ status: z.literal(403), message: z.string().startsWith("Resource not accessible") }),
  z.object({ status: z.literal(422) }),
]);

/** Stands on GitHub for every account that was deleted. */
const ghost = { login: "ghost", id: null, kind: "User" } as const;
