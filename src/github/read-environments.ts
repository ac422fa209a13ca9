import type { EnvironmentFacts, RepositoryFacts } from "../gate/protection.ts";
import type { GitHub } from "./client.ts";
import { asking, statusOf, toGitHubError } from "./errors.ts";
import type { RepositoryRef } from "./targets.ts";

/** Environments of a repository that are read, at a request each. More than anybody guards. */
const environmentsMax = 100;

/**
 * The environments of a repository, and which of them ask this app before they deploy. Unreadable without the permission
 * actions: read, or where there are more than are read.
 * https://docs.github.com/en/rest/deployments/protection-rules
 * @throws GitHubError
 */
export async function readEnvironments(
  { github, now }: { readonly github: GitHub; readonly now: number },
  ref: RepositoryRef,
  appId: number,
): Promise<RepositoryFacts["environments"]> {
  try {
    const { data } = await github.rest.repos.getAllEnvironments({ ...ref, per_page: environmentsMax });
    const listed = data.environments ?? [];
    if ((data.total_count ?? listed.length) > listed.length)
      return { kind: "unreadable", why: `there are more than ${environmentsMax}.` };
    const value: EnvironmentFacts[] = [];
    for (const { name } of listed)
      value.push({ name, guarded: await isGuarded(github, ref, { environment: name, appId }, now) });
    return { kind: "read", value };
  } catch (error) {
    const known = toGitHubError(error, now);
    // GitHub refuses an installation without the permission, and says 404 where a plan has no environments.
    if (![403, 404].includes(statusOf(known) ?? 0)) throw known;
    return { kind: "unreadable", why: "GitHub does not show them to the app; it needs actions: read." };
  }
}

/** Whether an environment has this app's deployment protection rule. @throws GitHubError */
export async function isGuarded(
  github: GitHub,
  ref: RepositoryRef,
  { environment, appId }: { readonly environment: string; readonly appId: number },
  now: number,
): Promise<boolean> {
  return asking(now, async () => {
    const { data } = await github.rest.repos.getAllDeploymentProtectionRules({
      ...ref,
      environment_name: environment,
    });
    const rules = data.custom_deployment_protection_rules ?? [];
    return rules.some(({ app, enabled }) => enabled && app.id === appId);
  });
}
