import type { NewRuleset } from "../gate/protection.ts";
import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";

/**
 * Creates a ruleset of a repository. The only thing that the command line writes, always with a person's client: the app may
 * not administer. GitHub refuses a second one of the same name.
 * https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset
 * @param repository `owner/name`. @throws GitHubError
 */
export async function createRuleset(
  person: GitHub,
  repository: string,
  { ruleset, now }: { readonly ruleset: NewRuleset; readonly now: number },
): Promise<void> {
  const [owner = "", repo = ""] = repository.split("/");
  await asking(now, async () => person.rest.repos.createRepoRuleset({ owner, repo, ...ruleset }));
}
