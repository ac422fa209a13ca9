/** Whether a branch can be reached without the check: one finding for each at most, the gravest. */
import { matchesBranch } from "./patterns.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import type {
  AppFacts,
  BranchFacts,
  Finding,
  NewRuleset,
  RepositoryFacts,
  Requirement,
  Ruleset,
  Unseen,
} from "./protection.ts";
import { type Config, readable } from "./verdict.ts";

const checkName = "Countersign";
/** It in a filter of jq. */
const ours = `select(.context == "${checkName}")`;
const allGreen =
  '{rules} | (.rules[] | select(.type == "merge_queue")).parameters.grouping_strategy = "ALLGREEN"';

/** What is wrong with each branch of a repository that a policy names or that requires the check. */
export function branchFindings(repository: RepositoryFacts, app: AppFacts): Finding[] {
  const { config, branches, name, defaultBranch } = repository;
  const policies = policiesIn(config);
  const post = rulesetCall(name, policies, app.id);
  return branches.flatMap((branch) => {
    const naming = policies.filter((policy) =>
      policy.branches.some((pattern) => matchesBranch(pattern, branch.name, defaultBranch)),
    );
    const gap = gapOf(branch, { policies: naming, app, repository, post });
    const [owner = ""] = name.split("/");
    return gap === null ? [] : [{ ...gap, owner, repository: name, branch: branch.name, environment: null }];
  });
}

/** A name as one segment of a path that may stand in a shell: what encodeURIComponent leaves means something there. */
export function inPath(name: string): string {
  return encodeURIComponent(name).replace(/[!'()*]/gu, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
}

/** A call of the REST API as a line for a shell. */
export function ghApi(method: "PATCH" | "POST" | "PUT", path: string, body?: object): string {
  const input =
    body === undefined ? "" : ` --input - <<< '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`;
  return `gh api --method ${method} ${path}${input}`;
}

/** A call that changes one thing of what the API answers. @param change a filter of jq, without `'`. */
function ghApiChange(method: "PATCH" | "PUT", path: string, change: string): string {
  return `gh api ${path} --jq '${change}' | gh api --method ${method} ${path} --input -`;
}

/** The policies that gate branches: those that can be read, and where there is none the built-in one. */
export function policiesIn({ policies }: Config): readonly Policy[] {
  if (policies.every(({ kind }) => kind === "absent")) return [defaultPolicy];
  return readable(policies);
}

/** Which rulesets kept their bypass list to themselves; one line for a repository. */
export function unseenIn({ name, page, branches }: RepositoryFacts, app: AppFacts): Unseen[] {
  const hidden = branches.flatMap(({ requirements }) =>
    requirements.flatMap(({ by, bypass, source }) =>
      source === app.id && bypass === null && by.kind === "ruleset" ? [by.name] : [],
    ),
  );
  const names = [...new Set(hidden)].map((one) => JSON.stringify(one)).join(", ");
  const rulesets =
    names === ""
      ? []
      : [
          {
            what: `The app cannot see who may bypass the ruleset ${names}: GitHub shows that only to those who may change it.`,
            see: `run countersign doctor ${name} with an administrator's token in GITHUB_TOKEN`,
          },
        ];
  const classic = branches.some(({ requirements }) =>
    requirements.some(({ by }) => by.kind === "branch-protection"),
  );
  const older = {
    what: "The app cannot see who besides administrators may bypass the older branch protection, nor whether its merge queue asks every entry for the check.",
    see: `${page}/settings/branches`,
  };
  return [...rulesets, ...(classic ? [older] : [])].map((unseen) => ({ repository: name, ...unseen }));
}

/**
 * The ruleset that closes the gate: the check, of this app alone, and a pull request, on every branch a policy names.
 * Nobody bypasses it. Null where no policy gates anything.
 * https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset
 */
export function closingRuleset(policies: readonly Policy[], appId: number): NewRuleset | null {
  const include = [...new Set(policies.flatMap(({ branches }) => branches.map(toRefPattern)))];
  if (include.length === 0) return null;
  return {
    name: checkName,
    target: "branch",
    enforcement: "active",
    bypass_actors: [],
    conditions: { ref_name: { include, exclude: [] } },
    rules: [
      {
        type: "pull_request",
        parameters: {
          required_approving_review_count: 0,
          dismiss_stale_reviews_on_push: false,
          require_code_owner_review: false,
          require_last_push_approval: false,
          required_review_thread_resolution: false,
        },
      },
      {
        type: "required_status_checks",
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [{ context: checkName, integration_id: appId }],
        },
      },
    ],
  };
}

/** GitHub reads a `**` at the end as `*`; a policy means every branch below. */
function toRefPattern(pattern: string): string {
  if (pattern.startsWith("~")) return pattern;
  const full = pattern.startsWith("refs/heads/") ? pattern : `refs/heads/${pattern}`;
  return full.endsWith("/**") ? `${full}/*` : full;
}

type Gap = Pick<Finding, "kind" | "severity" | "what" | "repair">;
type About = {
  /** Those that name the branch. */
  readonly policies: readonly Policy[];
  readonly app: AppFacts;
  readonly repository: RepositoryFacts;
  /** The call that makes the ruleset. */
  readonly post: string | null;
};

function gapOf(branch: BranchFacts, about: About): Gap | null {
  const { policies, app } = about;
  const { requirements } = branch;
  if (requirements.length === 0) return policies.length === 0 ? null : notRequired(about);
  const strange = requirements.find(({ source }) => source !== null && source !== app.id);
  if (strange !== undefined) return ofAnotherApp(strange, branch, about);
  const pinned = requirements.filter(({ source }) => source === app.id);
  const [first] = requirements;
  if (pinned.length === 0 && first !== undefined) return ofAnybody(first, branch, about);
  if (branch.looseQueue !== null) return looseQueue(branch.looseQueue);
  // Whoever meets one requirement that nobody may pass by is held.
  const open = pinned.every(({ bypass }) => bypass !== null && bypass.length > 0);
  const [one] = pinned;
  if (open && one !== undefined) return bypassOf(one, branch, about);
  return gatedGap(first, branch, about);
}

function notRequired({ app, repository, post }: About): Gap {
  return {
    kind: "check-not-required",
    severity: "error",
    what: "A policy gates this branch, but the check Countersign is not required on it: whoever may merge or push does so without it.",
    repair: {
      page: `${repository.page}/settings/rules › New branch ruleset › target this branch, require a pull request and the status check Countersign, source ${app.slug}`,
      api: post,
    },
  };
}

function ofAnybody({ by }: Requirement, { name }: BranchFacts, { app, repository, post }: About): Gap {
  return {
    kind: "check-of-anybody",
    severity: "error",
    what: "The check Countersign is required, but of no app in particular: anybody who can write to the repository can publish one that passes.",
    repair: {
      page: `${pageOf(by, name, repository)} › Countersign › choose ${app.slug} as its source`,
      api: post,
    },
  };
}

function ofAnotherApp({ source, by }: Requirement, { name }: BranchFacts, { app, repository }: About): Gap {
  const checks = `${protectionApi(repository, name)}/required_status_checks`;
  const inRules = `{rules} | (.rules[].parameters.required_status_checks[]? | ${ours}).integration_id = ${app.id}`;
  return {
    kind: "check-of-another-app",
    severity: "error",
    what: `The check Countersign is required of the app ${source}, which is not this one (${app.id}): it never arrives, or somebody else's decides.`,
    repair: {
      page: `${pageOf(by, name, repository)} › Countersign › choose ${app.slug} as its source`,
      api:
        by.kind === "ruleset"
          ? ghApiChange("PUT", by.api, inRules)
          : ghApiChange("PATCH", checks, `{checks} | (.checks[] | ${ours}).app_id = ${app.id}`),
    },
  };
}

function looseQueue({ page, api }: Ruleset): Gap {
  return {
    kind: "queue-lets-failures-ride",
    severity: "warning",
    what: "The merge queue asks only the last entry of a group for its checks, so that one whose check failed can land with it.",
    repair: {
      page: `${page} › Require merge queue › Require all queue entries to pass required checks`,
      api: ghApiChange("PUT", api, allGreen),
    },
  };
}

function bypassOf({ by, bypass }: Requirement, { name }: BranchFacts, { repository }: About): Gap {
  const who = (bypass ?? []).join(", ");
  return {
    kind: "bypass",
    severity: "warning",
    what: `${who} may merge or push without the check.`,
    repair:
      by.kind === "ruleset"
        ? {
            page: `${by.page} › Bypass list › take them out`,
            api: ghApi("PUT", by.api, { bypass_actors: [] }),
          }
        : {
            page: `${pageOf(by, name, repository)} › Do not allow bypassing the above settings`,
            api: ghApi("POST", `${protectionApi(repository, name)}/enforce_admins`),
          },
  };
}

function gatedGap(
  first: Requirement | undefined,
  { name }: BranchFacts,
  { policies, repository }: About,
): Gap | null {
  if (policies.length === 0 && first !== undefined) {
    return {
      kind: "not-in-policy",
      severity: "note",
      what: "The check Countersign is required here, but no policy names this branch: it is gated all the same.",
      repair: {
        page: `${pageOf(first.by, name, repository)} › take the branch out; or name it in policy.yml › branches`,
        api: null,
      },
    };
  }
  if (policies.some(({ mode }) => mode === "enforce")) return null;
  return {
    kind: "observe-only",
    severity: "note",
    what: "The policy only observes this branch: the check always passes.",
    repair: {
      page: `${repository.page}/blob/${encodeURI(repository.defaultBranch)}/.github/countersign/policy.yml, or the organisation's › mode: enforce`,
      api: null,
    },
  };
}

function rulesetCall(repository: string, policies: readonly Policy[], appId: number): string | null {
  const ruleset = closingRuleset(policies, appId);
  return ruleset === null ? null : ghApi("POST", `/repos/${repository}/rulesets`, ruleset);
}

function pageOf(by: Requirement["by"], branch: string, { page }: RepositoryFacts): string {
  return by.kind === "ruleset" ? by.page : `${page}/settings/branches › ${branch}`;
}

function protectionApi({ name }: RepositoryFacts, branch: string): string {
  return `/repos/${name}/branches/${inPath(branch)}/protection`;
}
