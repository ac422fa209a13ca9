/** What a branch asks for before something may land on it. */
import type { Ruleset } from "./rulesets.ts";
import { statusesOn } from "./statuses.ts";
import { accountById, type CheckRun, type Repository, type World } from "./world.ts";

type Required = { readonly context: string; readonly integrationId: number | null };

/** The active rulesets that are for a branch. */
export function rulesetsFor(repository: Repository, branch: string): Ruleset[] {
  return repository.rulesets.filter(({ enforcement, conditions }) => {
    const { include, exclude } = conditions.ref_name;
    const isMeant = (pattern: string) => isRef(pattern, branch, repository.defaultBranch);
    return enforcement === "active" && include.some(isMeant) && !exclude.some(isMeant);
  });
}

/**
 * Ruby's `File.fnmatch` with FNM_PATHNAME, as GitHub documents it for rulesets: `*` stays in a segment, a segment `**` crosses,
 * any other `**` is a `*`.
 * Source: docs.github.com, "Creating rulesets for a repository", "Using fnmatch syntax".
 */
function isRef(pattern: string, branch: string, defaultBranch: string): boolean {
  if (pattern === "~ALL") return true;
  if (pattern === "~DEFAULT_BRANCH") return branch === defaultBranch;
  const expression = pattern
    .split(/(\*\*\/|\*+|\?)/u)
    .map((part) => {
      if (part === "**/") return "(?:.*/)?";
      if (part.startsWith("*")) return "[^/]*";
      return part === "?" ? "[^/]" : part.replace(/[.+^${}()|[\]\\]/gu, "\\$&");
    })
    .join("");
  return new RegExp(`^${expression}$`, "u").test(`refs/heads/${branch}`);
}

/** The checks that rulesets and the older branch protection require on a branch. */
export function requiredChecks(repository: Repository, branch: string): Required[] {
  const byRulesets = rulesetsFor(repository, branch).flatMap(checksOf);
  const protections = repository.protections.filter((one) => one.branch === branch);
  return [
    ...byRulesets,
    ...protections.map(({ check: { context, app_id: integrationId } }) => ({ context, integrationId })),
  ];
}

function checksOf({ rules }: Ruleset): Required[] {
  return rules.flatMap((rule) => {
    if (rule.type !== "required_status_checks") return [];
    return rule.parameters.required_status_checks.map(
      ({ context, integration_id: integrationId = null }) => ({
        context,
        integrationId,
      }),
    );
  });
}

/** Why nobody may push to a branch directly, in GitHub's words; empty when they may. */
export function pushProblems(repository: Repository, branch: string): string[] {
  const closed = rulesetsFor(repository, branch).some(({ rules }) =>
    rules.some(({ type }) => type === "pull_request"),
  );
  return closed ? ["Changes must be made through a pull request."] : [];
}

/**
 * Why a commit may not land on a branch, in GitHub's words; empty when it may. Success, neutral and skipped satisfy;
 * absence, anything unfinished and any other conclusion block. Of several runs the latest of the app counts. A status of the
 * same name has to be a success as well, unless the rule names an app as its source.
 * Source: docs.github.com, "Troubleshooting required status checks".
 */
export function missingChecks(repository: Repository, branch: string, sha: string): string[] {
  return requiredChecks(repository, branch).flatMap((rule) => {
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
  return requiredChecks(repository, branch).some(
    (rule) => rule.context === run.name && (rule.integrationId === null || rule.integrationId === run.appId),
  );
}

/** The rules of a branch as GET /repos/{owner}/{repo}/rules/branches/{branch} lists them. */
export function renderRules(world: World, repository: Repository, branch: string) {
  return rulesetsFor(repository, branch).flatMap(({ id, rules }) =>
    rules.map((rule) => ({
      ...rule,
      ruleset_source_type: "Repository",
      ruleset_source: `${accountById(world, repository.ownerId).login}/${repository.name}`,
      ruleset_id: id,
    })),
  );
}

/** The newest run of each app: an older failure is history once the app has run again. */
export function latestPerApp(runs: readonly CheckRun[]): CheckRun[] {
  return [...new Map(runs.map((run) => [`${run.appId} ${run.name}`, run])).values()];
}

function satisfies(run: CheckRun): boolean {
  return run.conclusion === "success" || run.conclusion === "neutral" || run.conclusion === "skipped";
}
