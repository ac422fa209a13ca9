/** What is known of how GitHub itself keeps a gated branch closed, and what can be found wrong with it. */
import type { Read } from "./accounts.ts";
import { plain } from "./markdown.ts";
import type { Config } from "./verdict.ts";

/** The app as GitHub knows it. `page` is where its owner changes it, `publicPage` where people install it. */
export type AppFacts = {
  readonly id: number;
  readonly slug: string;
  readonly page: string;
  readonly publicPage: string;
} & Granted;

/** Permissions (`checks` -> `write`) and events. */
export type Granted = {
  readonly permissions: Readonly<Record<string, string>>;
  readonly events: readonly string[];
};

/** The app's installation for one owner; `page` is where the owner changes it. */
export type InstallationFacts = {
  readonly id: number;
  readonly owner: string;
  readonly page: string;
  readonly suspended: boolean;
  /** Whether every repository is given to it, or only those somebody chose. */
  readonly everything: boolean;
  readonly granted: Granted;
  /** The repository of the organisation's roster and policy, `owner/name`. */
  readonly configRepository: string;
  /** The repositories given to the app, without archived ones. Full names in the case GitHub writes them. */
  readonly repositories: readonly (Place & { readonly public: boolean })[];
};

/** A repository (`owner/name`), its address without a slash at the end, and the branch that its files in force are on. */
export type Place = { readonly name: string; readonly page: string; readonly defaultBranch: string };

/** A requirement of the check `Countersign` on a branch. */
export type Requirement = {
  /** The id of the app whose check alone counts; null: anybody's. */
  readonly source: number | null;
  readonly by: Ruleset | { readonly kind: "branch-protection" };
  /** Who may merge or push without it, in words; null: whoever asks may not see that. */
  readonly bypass: readonly string[] | null;
};

/** `page` is where it is changed, `api` its path in the REST API. */
export type Ruleset = {
  readonly kind: "ruleset";
  readonly name: string;
  readonly page: string;
  readonly api: string;
};

export type BranchFacts = {
  readonly name: string;
  readonly requirements: readonly Requirement[];
  /** The ruleset of a merge queue that lets an entry ride along whose own check failed; null: there is none. */
  readonly looseQueue: Ruleset | null;
};

/** An environment, and whether its deployments wait for this app. */
export type EnvironmentFacts = { readonly name: string; readonly guarded: boolean };

/** What is read of one repository. */
export type RepositoryFacts = Place & {
  readonly config: Config;
  readonly branches: readonly BranchFacts[];
  readonly environments: Read<readonly EnvironmentFacts[]>;
};

/** How bad it is: the gate is open or does not work; it can be got round; something to know. */
type Severity = "error" | "warning" | "note";

export type Finding = {
  readonly kind: (typeof findingKinds)[number];
  readonly severity: Severity;
  readonly owner: string;
  /** `owner/name`; null where it is about all of them. */
  readonly repository: string | null;
  readonly branch: string | null;
  readonly environment: string | null;
  readonly what: string;
  /** Where to click, and the call that does the same; null where no single call does. */
  readonly repair: { readonly page: string; readonly api: string | null };
};

/** What a finding is about, in words: `acme/shop, branch main`. */
export function placeOf({
  owner,
  repository,
  branch,
  environment,
}: Pick<Finding, "owner" | "repository" | "branch" | "environment">): string {
  const place = repository ?? owner;
  if (branch !== null) return `${place}, branch ${plain(branch, 255)}`;
  return environment === null ? place : `${place}, environment ${plain(environment, 255)}`;
}

/** A ruleset as GitHub is asked to make it. Its lists are Octokit's to take, so they are not readonly. */
export type NewRuleset = {
  readonly name: string;
  readonly target: "branch";
  readonly enforcement: "active";
  readonly bypass_actors: never[];
  readonly conditions: { readonly ref_name: { readonly include: string[]; readonly exclude: string[] } };
  readonly rules: (
    | {
        readonly type: "pull_request";
        readonly parameters: {
          readonly required_approving_review_count: number;
          readonly dismiss_stale_reviews_on_push: boolean;
          readonly require_code_owner_review: boolean;
          readonly require_last_push_approval: boolean;
          readonly required_review_thread_resolution: boolean;
        };
      }
    | {
        readonly type: "required_status_checks";
        readonly parameters: {
          readonly strict_required_status_checks_policy: boolean;
          readonly required_status_checks: { readonly context: string; readonly integration_id: number }[];
        };
      }
  )[];
};

/** Something that nobody may conclude from: it could not be seen, so it is neither right nor wrong. `see`: how, and by whom, it is. */
export type Unseen = { readonly repository: string; readonly what: string; readonly see: string };

/** The same beside findings; its kind is no other finding's. */
export function unseenNote({ repository, what, see }: Unseen): Finding {
  const [owner = ""] = repository.split("/");
  const place = { owner, repository, branch: null, environment: null };
  return { ...place, kind: "unseen", severity: "note", what, repair: { page: see, api: null } };
}

export const findingKinds = [
  "not-installed",
  "suspended",
  "permissions-missing",
  "repository-not-given",
  "config-repository-not-given",
  "config-repository-public",
  "unreadable",
  "roster-missing",
  "roster-broken",
  "team-unreadable",
  "policy-broken",
  "check-not-required",
  "check-of-anybody",
  "check-of-another-app",
  "queue-lets-failures-ride",
  "bypass",
  "observe-only",
  "not-in-policy",
  "environment-not-guarded",
  "unseen",
] as const;
