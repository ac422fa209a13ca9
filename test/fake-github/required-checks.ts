/** What a branch asks for before something may land on it. */
import { statusesOn } from "./statuses.ts";
import { accountById, type CheckRun, type Repository, type Ruleset, type World } from "./world.ts";

/** The rules in force on a branch. */
export function rulesFor(repository: Repository, branch: string): Ruleset[] {
  return repository.rulesets.filter((rule) => rule.branch === branch);
}

/**
 * Why a commit may not land on a branch, in GitHub's words; empty when it may. Success, neutral and skipped satisfy;
 * absence, anything unfinished and any other conclusion block. Of several runs the latest of the app counts. A status of the
 * same name has to be a success as well, unless the rule names an app as its source.
 * Source: docs.github.com, "Troubleshooting required status checks".
 */
export function missingChecks(repository: Repository, branch: string, sha: string): string[] {
  return rulesFor(repository, branch).flatMap((rule) => {
    const named = repository.checkRuns.filter((run) => run.headSha === sha && run.name === rule.context);
    const expected = named.filter((run) => rule.integrationId === null || run.appId === rule.integrationId);
    if (named.length > 0 && expected.length === 0) {
      return [`Required status check "${rule.context}" was not set by the expected GitHub App.`];
    }
    const statuses = rule.integrationId === null ? statusesOn(repository, sha) : [];
    const status = statuses.find(({ context }) => context === rule.context);
    if (status !== undefined && status.state !== "success")
      return [`Required status check "${rule.context}" is ${status.state}.`];
    if (status !== undefined && expected.length === 0) return [];
    if (expected.length === 0) return [`Required status check "${rule.context}" is expected.`];
    const bad = latestPerApp(expected).find((run) => !satisfies(run));
    if (!bad) return [];
    const state = bad.status === "completed" ? "failing" : bad.status.replace("_", " ");
    return [`Required status check "${rule.context}" is ${state}.`];
  });
}

/** Whether this run is one a pull request to the branch needs. */
export function isRequired(repository: Repository, branch: string, run: CheckRun): boolean {
  return rulesFor(repository, branch).some(
    (rule) => rule.context === run.name && (rule.integrationId === null || rule.integrationId === run.appId),
  );
}

/** The rules of a branch as GET /repos/{owner}/{repo}/rules/branches/{branch} lists them. */
export function renderRules(world: World, repository: Repository, branch: string) {
  return rulesFor(repository, branch).map((rule) => ({
    type: "required_status_checks",
    ruleset_source_type: "Repository",
    ruleset_source: `${accountById(world, repository.ownerId).login}/${repository.name}`,
    ruleset_id: rule.id,
    parameters: {
      strict_required_status_checks_policy: false,
      do_not_enforce_on_create: false,
      required_status_checks: [
        {
          context: rule.context,
          ...(rule.integrationId === null ? {} : { integration_id: rule.integrationId }),
        },
      ],
    },
  }));
}

/** The newest run of each app: an older failure is history once the app has run again. */
export function latestPerApp(runs: readonly CheckRun[]): CheckRun[] {
  return [...new Map(runs.map((run) => [`${run.appId} ${run.name}`, run])).values()];
}

function satisfies(run: CheckRun): boolean {
  return run.conclusion === "success" || run.conclusion === "neutral" || run.conclusion === "skipped";
}
