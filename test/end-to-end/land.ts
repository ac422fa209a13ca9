import { commitOf } from "../fake-github/git.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import { type Company, shop } from "./company.ts";
import type { PullRequest } from "./pull-request.ts";

/** Presses the button of this method once nothing is going on. Returns what the base branch is then. */
export async function land(
  company: Company,
  { number }: Pick<PullRequest, "number">,
  method: "merge" | "squash" | "rebase",
  by = "juno",
): Promise<string> {
  await company.idle();
  const merge = { owner: "acme", repo: "shop", pull_number: number, merge_method: method } as const;
  return (await company.github.as(by).rest.pulls.merge(merge)).data.sha;
}

/** A commit of the shop, by its SHA or a branch. */
export function commitAt({ github }: Pick<Company, "github">, revision: string) {
  const repository = repositoryNamed(github.world, shop);
  return commitOf(repository, repository.branches.get(revision) ?? revision);
}
