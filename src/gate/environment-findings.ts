/** Whether deployments to the environments that policies name wait for this app. */
import { ghApi, inPath, policiesIn } from "./branch-findings.ts";
import { matchesText } from "./patterns.ts";
import type { AppFacts, Finding, RepositoryFacts, Unseen } from "./protection.ts";
import type { Config } from "./verdict.ts";

/**
 * The patterns by which policies name environments, each once. `*`, which is the default, names none in particular: most
 * repositories have environments that nobody means to guard.
 */
export function namedEnvironments(config: Config): string[] {
  const patterns = policiesIn(config).flatMap(({ deployments }) => deployments.environments);
  return [...new Set(patterns)].filter((pattern) => !/^\*+$/u.test(pattern));
}

/** Each environment that is named and does not ask this app. */
export function environmentFindings(repository: RepositoryFacts, app: AppFacts): Finding[] {
  const { name, page, config, environments } = repository;
  if (environments.kind !== "read") return [];
  const patterns = namedEnvironments(config);
  const open = environments.value.filter(
    (one) => !one.guarded && patterns.some((pattern) => matchesText(pattern, one.name)),
  );
  const [owner = ""] = name.split("/");
  return open.map((one) => ({
    kind: "environment-not-guarded",
    severity: "error",
    owner,
    repository: name,
    branch: null,
    environment: one.name,
    what: "A policy names this environment, but its deployments do not wait for the app: whatever commit is picked is deployed.",
    repair: {
      page: `${page}/settings/environments › this environment › Deployment protection rules › ${app.slug}`,
      api: ghApi("POST", `/repos/${name}/environments/${inPath(one.name)}/deployment_protection_rules`, {
        integration_id: app.id,
      }),
    },
  }));
}

/** That environments could not be read, where a policy names some. */
export function unseenEnvironments({ name, page, environments }: RepositoryFacts): Unseen[] {
  if (environments.kind !== "unreadable") return [];
  const what = `The app cannot see which environments wait for it: ${environments.why}`;
  return [{ repository: name, what, see: `${page}/settings/environments` }];
}
