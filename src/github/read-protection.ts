/** Reads what keeps branches closed: the installation, the rules on each branch, and who may bypass them. */
import { z } from "zod";
import type { AppFacts, BranchFacts, Requirement, Ruleset } from "../gate/protection.ts";
import type { GitHub } from "./client.ts";
import { asking, GitHubError, toGitHubError } from "./errors.ts";
import { baseRef, requiredChecks } from "./facts-schema.ts";
import { named } from "./installations.ts";
import { query } from "./query.ts";
import { checkName } from "./to-facts.ts";
import type { RepositoryRef } from "./targets.ts";

/** Branches of a repository that are read: 200 requests. More than anybody gates. */
const branchesMax = 10_000;

/** GitHub's own branches while a merge queue works; nobody can require anything of them. */
const queueBranch = /^gh-readonly-queue\//u;

const branchesQuery = `
query Branches($owner: String!, $repo: String!, $after: String) {
  repository(owner: $owner, name: $repo) {
    defaultBranchRef { name }
    refs(refPrefix: "refs/heads/", first: 50, after: $after) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes {
        name
        refUpdateRule { requiredStatusCheckContexts }
        rules(first: 100) { totalCount nodes {
          repositoryRuleset { databaseId name source {
            __typename ... on Organization { login } ... on Repository { nameWithOwner }
          } }
          parameters {
            ... on RequiredStatusChecksParameters { requiredStatusChecks { context integrationId } }
            ... on MergeQueueParameters { groupingStrategy }
          }
        } }
      }
    }
  }
}`;

const ruleset = z.object({
  databaseId: z.number().nullable(),
  name: z.string(),
  source: z.object({
    __typename: z.string(),
    login: z.string().optional(),
    nameWithOwner: z.string().optional(),
  }),
});
const rule = z.object({
  repositoryRuleset: ruleset.nullable(),
  parameters: requiredChecks.extend({ groupingStrategy: z.string().optional() }).nullable(),
});
const branchAnswer = z.object({
  name: z.string(),
  refUpdateRule: baseRef.shape.refUpdateRule,
  rules: z.object({ totalCount: z.number(), nodes: z.array(rule) }).nullable(),
});
const branchesSchema = z.object({
  repository: z
    .object({
      defaultBranchRef: z.object({ name: z.string() }).nullable(),
      refs: z.object({
        totalCount: z.number(),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
        nodes: z.array(branchAnswer),
      }),
    })
    .nullable(),
});

type Rule = z.infer<typeof rule>;
/** What reading needs. `person`: a client that may see bypass lists, an administrator's; null where there is none. */
type ReadingContext = {
  readonly github: GitHub;
  readonly person: GitHub | null;
  /** Where people see GitHub, without a slash at its end. */
  readonly webUrl: string;
  /** Ms since epoch. */
  readonly now: number;
};

/** The app itself. @param app its own client. @throws GitHubError */
export async function readApp(
  app: GitHub,
  { webUrl, now }: { readonly webUrl: string; readonly now: number },
): Promise<AppFacts> {
  return asking(now, async () => {
    const { data } = await app.rest.apps.getAuthenticated();
    if (data === null) throw new GitHubError("GitHub does not say which app this is.");
    const { id, slug = "", permissions, events, owner, html_url: publicPage } = data;
    const isUser = "type" in owner && owner.type === "User";
    const settings = "login" in owner && !isUser ? `organizations/${owner.login}/settings` : "settings";
    const page = `${webUrl}/${settings}/apps/${slug}`;
    return { id, slug, page, publicPage, permissions: named(permissions), events };
  });
}

/**
 * Every branch of a repository with what is required on it: a request for each 50, one more for each branch that the older
 * branch protection closes, and with an administrator's client one for each ruleset.
 * @throws GitHubError, also where a branch has more rules than GitHub shows at once, or there are too many branches.
 */
export async function readBranches(
  context: ReadingContext,
  ref: RepositoryRef,
): Promise<{ readonly defaultBranch: string; readonly branches: readonly BranchFacts[] }> {
  const bypassOf = rememberingBypass(context, ref);
  const branches: BranchFacts[] = [];
  let defaultBranch = "";
  let after: string | null = null;
  do {
    const page = await readPage(context, ref, after);
    defaultBranch = page.defaultBranchRef?.name ?? "";
    for (const one of page.refs.nodes) {
      if (!queueBranch.test(one.name)) branches.push(await factsOf(context, ref, { branch: one, bypassOf }));
    }
    after = page.refs.pageInfo.hasNextPage ? page.refs.pageInfo.endCursor : null;
  } while (after !== null);
  return { defaultBranch, branches };
}

async function readPage(
  { github, now }: ReadingContext,
  { owner, repo }: RepositoryRef,
  after: string | null,
) {
  const variables = { owner, repo, after };
  const { data, problems } = await query(github, {
    text: branchesQuery,
    variables,
    schema: branchesSchema,
    now,
  });
  const [problem] = problems;
  if (data.repository === null || problem !== undefined)
    throw new GitHubError(
      `The branches of ${owner}/${repo} cannot be read: ${problem?.message ?? "it is gone"}`,
    );
  const { totalCount } = data.repository.refs;
  if (totalCount > branchesMax)
    throw new GitHubError(`${owner}/${repo} has ${totalCount} branches; at most ${branchesMax} are read.`);
  return data.repository;
}

/** @param id of the ruleset; null: GitHub does not show which. */
type BypassOf = (id: number | null) => Promise<readonly string[] | null>;

async function factsOf(
  context: ReadingContext,
  ref: RepositoryRef,
  { branch, bypassOf }: { readonly branch: z.infer<typeof branchAnswer>; readonly bypassOf: BypassOf },
): Promise<BranchFacts> {
  const { name, rules, refUpdateRule } = branch;
  const where = `${ref.owner}/${ref.repo}@${name}`;
  if (rules === null || rules.totalCount > rules.nodes.length)
    throw new GitHubError(`GitHub does not show all rules of ${where}.`);
  const requirements: Requirement[] = [];
  for (const one of rules.nodes) {
    for (const check of one.parameters?.requiredStatusChecks ?? []) {
      if (check.context !== checkName) continue;
      const bypass = await bypassOf(one.repositoryRuleset?.databaseId ?? null);
      requirements.push({ source: check.integrationId, by: rulesetOf(context, ref, one), bypass });
    }
  }
  if (refUpdateRule?.requiredStatusCheckContexts?.includes(checkName) === true)
    requirements.push(await olderRequirement(context, ref, name));
  const loose = rules.nodes.find(({ parameters }) => parameters?.groupingStrategy === "HEADGREEN");
  return { name, requirements, looseQueue: loose === undefined ? null : rulesetOf(context, ref, loose) };
}

function rulesetOf(
  { webUrl }: ReadingContext,
  { owner, repo }: RepositoryRef,
  { repositoryRuleset }: Rule,
): Ruleset {
  const { databaseId: id, name, source } = repositoryRuleset ?? unknownRuleset;
  const organization = source.__typename === "Organization" ? (source.login ?? owner) : null;
  const place = organization === null ? `${owner}/${repo}` : `organizations/${organization}`;
  const api = organization === null ? `/repos/${owner}/${repo}` : `/orgs/${organization}`;
  return {
    kind: "ruleset",
    name,
    page: `${webUrl}/${place}/settings/rules/${id ?? ""}`,
    api: `${api}/rulesets/${id ?? "ID"}`,
  };
}

/** One that GitHub applies and does not show, as an enterprise's may be. */
const unknownRuleset: z.infer<typeof ruleset> = {
  databaseId: null,
  name: "(not shown)",
  source: { __typename: "" },
};

/** The older branch protection shows its source, and whether administrators are held, to whoever may read the branch. */
async function olderRequirement(
  { github, now }: ReadingContext,
  { owner, repo }: RepositoryRef,
  branch: string,
): Promise<Requirement> {
  return asking(now, async () => {
    const { data } = await github.rest.repos.getBranch({ owner, repo, branch });
    const checks = data.protection.required_status_checks;
    const source = checks?.checks.find(({ context }) => context === checkName)?.app_id ?? null;
    const bypass = checks?.enforcement_level === "everyone" ? [] : ["administrators"];
    // -1 stands for any app: https://docs.github.com/en/rest/branches/branch-protection#update-status-check-protection
    return { source: source === -1 ? null : source, by: { kind: "branch-protection" }, bypass };
  });
}

const actors = z.array(
  z.object({
    actor_type: z.string(),
    actor_id: z.number().nullish(),
    bypass_mode: z.string().optional(),
  }),
);

const ownRuleset = z.object({
  name: z.string(),
  enforcement: z.string(),
  _links: z.object({ html: z.object({ href: z.string() }).nullish() }).optional(),
});

/**
 * The ruleset of a repository that has this name, with the page that shows it; null where there is none.
 * @param repository `owner/name`. @throws GitHubError
 */
export async function findRuleset(
  person: GitHub,
  repository: string,
  { name, now }: { readonly name: string; readonly now: number },
): Promise<{ readonly page: string; readonly enforcement: string } | null> {
  const [owner = "", repo = ""] = repository.split("/");
  return asking(now, async () => {
    const list = person.rest.repos.getRepoRulesets;
    const all = await person.paginate(list, { owner, repo, includes_parents: false, per_page: 100 });
    const found = all.map((one) => ownRuleset.parse(one)).find((one) => one.name === name);
    if (found === undefined) return null;
    return { page: found._links?.html?.href ?? "", enforcement: found.enforcement };
  });
}

/** GitHub hides a ruleset, or its list, from whoever may not change it: then that is not known. */
const hidden = z.object({ status: z.union([z.literal(403), z.literal(404)]) });

/**
 * Who may bypass a ruleset, asked once for each; null where GitHub does not say: it tells only those who may change it.
 * https://docs.github.com/en/rest/repos/rules#get-a-repository-ruleset
 */
function rememberingBypass({ person, now }: ReadingContext, { owner, repo }: RepositoryRef): BypassOf {
  const known = new Map<number, Promise<readonly string[] | null>>();
  const ask = async (github: GitHub, id: number) => {
    try {
      const { data } = await github.rest.repos.getRepoRuleset({ owner, repo, ruleset_id: id });
      const shown = z.object({ bypass_actors: actors }).safeParse(data);
      return shown.success ? shown.data.bypass_actors.map(describeActor) : null;
    } catch (error) {
      if (hidden.safeParse(error).success) return null;
      throw toGitHubError(error, now);
    }
  };
  return async (id) => {
    if (person === null || id === null) return null;
    const asked = known.get(id) ?? ask(person, id);
    known.set(id, asked);
    return asked;
  };
}

function describeActor({
  actor_type: type,
  actor_id: id,
  bypass_mode: mode,
}: z.infer<typeof actors>[number]) {
  const traceless = mode === "exempt" ? " (leaving no entry in the audit log)" : "";
  const when = mode === "pull_request" ? " in pull requests" : "";
  return `${type}${id === null || id === undefined ? "" : ` ${id}`}${when}${traceless}`;
}
