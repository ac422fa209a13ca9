import { type Company, shop } from "./company.ts";

/** How the commit of a change that an assistant helped to write ends. */
export const aiTrailer = "Co-Authored-By: Claude <noreply@anthropic.com>";

export type PullRequest = {
  readonly number: number;
  /** The head SHA it was opened with. */
  readonly sha: string;
  readonly branch: string;
};

const at = { owner: "acme", repo: "shop" } as const;
let branches = 0;

/** Opens a pull request of juno's with one commit that carries an assistant's trailer, on a branch of its own. */
export async function openPull(
  { github }: Pick<Company, "github">,
  more: { by?: string; message?: string; base?: string; branch?: string } = {},
): Promise<PullRequest> {
  const { by = "juno", base = "main", message = `Cache the total\n\n${aiTrailer}\n` } = more;
  const branch = more.branch ?? `topic-${++branches}`;
  const sha = github.push(shop, {
    branch,
    pusher: by,
    message,
    files: { [`src/${branch}.ts`]: "export {};\n" },
  });
  const { data } = await github.as(by).rest.pulls.create({ ...at, title: "Cache it", head: branch, base });
  return { number: data.number, sha, branch };
}

/** Pushes one more commit. Returns the new head SHA. */
export function pushMore(
  { github }: Pick<Company, "github">,
  { branch }: PullRequest,
  more: Partial<Parameters<Company["github"]["push"]>[1]> = {},
): string {
  return github.push(shop, {
    branch,
    pusher: "juno",
    message: "Round the total",
    files: { [`src/${branch}.ts`]: "export const more = 1;\n" },
    ...more,
  });
}

/** Submits a review. Returns its id. */
export async function review(
  { github }: Pick<Company, "github">,
  { number }: Pick<PullRequest, "number">,
  by: string,
  more: { event?: "APPROVE" | "REQUEST_CHANGES" | "COMMENT"; commit_id?: string } = {},
): Promise<number> {
  const { event = "APPROVE", ...rest } = more;
  const body = event === "APPROVE" ? {} : { body: "Look at this again, please." };
  const { data } = await github
    .as(by)
    .rest.pulls.createReview({ ...at, pull_number: number, event, ...body, ...rest });
  return data.id;
}

/** Presses Merge. Returns GitHub's status. */
export async function merge({ github }: Pick<Company, "github">, { number }: PullRequest): Promise<number> {
  try {
    const { status } = await github.as("juno").rest.pulls.merge({ ...at, pull_number: number });
    return status;
  } catch (error) {
    if (error instanceof Error && "status" in error && typeof error.status === "number") return error.status;
    throw error;
  }
}
