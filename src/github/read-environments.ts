import { z } from "zod";
import type { EnvironmentFacts, RepositoryFacts } from "../gate/protection.ts";
import type { GitHub } from "./client.ts";
import { toGitHubError } from "./errors.ts";

/** Environments of a repository that are read, at a request each. More than anybody guards. */
const environmentsMax = 100;

/** GitHub refuses an installation without the permission, and says 404 where a plan has no environments. */
const refused = z.object({ status: z.union([z.literal(403), z.literal(404)]) });

/**
 * The environments of a repository, and which of them ask this app before they deploy. Unreadable without the permission
 * actions: read, or where there are more than are read.
 * https://docs.github.com/en/rest/deployments/protection-rules
 * @throws GitHubError
 */
export async function readEnvironments(
  { github, now }: { readonly github: GitHub; readonly now: number },
  ref: { readonly owner: string; readonly repo: string },
  appId: number,
): Promise<RepositoryFacts["environments"]> {
  const { repos } = github.rest;
  try {
    const { data } = await repos.getAllEnvironments({ ...ref, per_page: environmentsMax });
    const listed = data.environments ?? [];
    if ((data.total_count ?? listed.length) > listed.length)
      return { kind: "unreadable", why: `there are more than ${environmentsMax}.` };
    const value: EnvironmentFacts[] = [];
    for (const { name } of listed) {
      const { data: rules } = await repos.getAllDeploymentProtectionRules({ ...ref, environment_name: name });
      const ours = (rules.custom_deployment_protection_rules ?? []).filter(({ app }) => app.id === appId);
      value.push({ name, guarded: ours.some(({ enabled }) => enabled) });
    }
    return { kind: "read", value };
  } catch (error) {
    if (!refused.safeParse(error).success) throw toGitHubError(error, now);
    return { kind: "unreadable", why: "GitHub does not show them to the app; it needs actions: read." };
  }
}
