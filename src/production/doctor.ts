/** Examines whether the gate is closed: reads what keeps each branch closed, and lets the gate find what is wrong. Writes nothing. */
import { branchFindings, closingRuleset, policiesIn, unseenIn } from "../gate/branch-findings.ts";
import { environmentFindings, namedEnvironments, unseenEnvironments } from "../gate/environment-findings.ts";
import { configFindings, eachOnce, giveApi, installationFindings } from "../gate/installation-findings.ts";
import type {
  AppFacts,
  Finding,
  Granted,
  InstallationFacts,
  NewRuleset,
  RepositoryFacts,
  Unseen,
} from "../gate/protection.ts";
import type { GitHub } from "../github/client.ts";
import { GitHubError, statusOf } from "../github/errors.ts";
import { type ClientFor, listInstalled, withRepositories } from "../github/installations.ts";
import { readConfigFiles } from "../github/read-open-pulls.ts";
import { readEnvironments } from "../github/read-environments.ts";
import { readApp, readBranches } from "../github/read-protection.ts";
import { configInForce } from "../rules/in-force.ts";
import type { Store } from "../store/store.ts";

export type DoctorContext = {
  readonly store: Store;
  readonly clientFor: ClientFor;
  /** A client of an administrator's, who sees bypass lists; null: they are not seen. */
  readonly person: GitHub | null;
  readonly configRepo: string;
  readonly webUrl: string;
  /** What `app.yml` asks for. */
  readonly needed: Granted;
  readonly now: () => number;
};

/** What was found in one repository or more. `closing`: the rulesets that would close what is open, by repository. */
export type Report = {
  readonly findings: readonly Finding[];
  readonly unseen: readonly Unseen[];
  readonly closing: readonly Closing[];
};

export type Closing = {
  readonly repository: string;
  readonly ruleset: NewRuleset;
};

export type Examined = Report & { readonly repositories: readonly string[] };

/** Where to look: an owner, and with `repository` (a name without its owner) only there. */
export type Wanted = { readonly owner: string; readonly repository: string | null };

/**
 * Examines an owner's repositories one after the other. A repository that cannot be read is a finding: nobody may take
 * it for closed. @param progress is told of each repository. @throws GitHubError when not even the installation can be read.
 */
export async function examine(
  context: DoctorContext,
  wanted: Wanted,
  progress: (repository: string) => void,
): Promise<Examined> {
  const { clientFor, configRepo, webUrl, needed, now } = context;
  const app = await readApp(await clientFor(), { webUrl, now: now() });
  const all = await listInstalled(clientFor, now());
  const installed = all.find(({ owner }) => owner.toLowerCase() === wanted.owner.toLowerCase());
  if (installed === undefined) return { ...nothing, repositories: [], findings: [notInstalled(app, wanted)] };
  const installation = await withRepositories(clientFor, installed, { configRepo, now: now() });
  const reports: Report[] = [{ ...nothing, findings: installationFindings(installation, { app, needed }) }];
  const full = `${wanted.owner}/${wanted.repository}`.toLowerCase();
  const names = installation.repositories
    .map(({ name }) => name)
    .filter((name) => wanted.repository === null || name.toLowerCase() === full);
  if (wanted.repository !== null && names.length === 0 && !installation.suspended)
    reports.push({ ...nothing, findings: [notGiven(installation, wanted)] });
  for (const name of names) {
    progress(name);
    reports.push(await examineSafely(context, { app, installation, name }));
  }
  return {
    repositories: names,
    findings: eachOnce(reports.flatMap(({ findings }) => findings)),
    unseen: reports.flatMap(({ unseen }) => unseen),
    closing: reports.flatMap(({ closing }) => closing),
  };
}

type At = {
  readonly app: AppFacts;
  readonly installation: InstallationFacts;
  /** `owner/name`. */
  readonly name: string;
};

/** Examines one repository; one that cannot be read is a finding itself. @throws GitHubError where GitHub refuses the credentials. */
export async function examineSafely(context: DoctorContext, at: At): Promise<Report> {
  try {
    return await examineRepository(context, at);
  } catch (error) {
    // Credentials that GitHub does not take are wrong for every repository.
    if (!(error instanceof GitHubError) || statusOf(error) === 401) throw error;
    return { ...nothing, findings: [unreadable(at, error.message)] };
  }
}

async function examineRepository(context: DoctorContext, at: At): Promise<Report> {
  const { store, clientFor, person, configRepo, webUrl } = context;
  const { app, installation, name } = at;
  const [owner = "", repo = ""] = name.split("/");
  const now = context.now();
  const github = await clientFor(installation.id);
  const files = await readConfigFiles(github, { owner, repo }, { configRepo, now });
  const { config } = await configInForce({ store, github, configRepo, now }, owner, files);
  const reading = { github, person, webUrl, now };
  const { defaultBranch, branches } = await readBranches(reading, { owner, repo });
  const environments: RepositoryFacts["environments"] =
    namedEnvironments(config).length === 0
      ? { kind: "absent" }
      : await readEnvironments(reading, { owner, repo }, app.id);
  const page = `${webUrl}/${name}`;
  const repository = { name, page, defaultBranch, config, branches, environments };
  const gaps = branchFindings(repository, app);
  const ruleset = closingRuleset(policiesIn(config), app.id);
  const closable = gaps.some(({ kind }) => kind === "check-not-required" || kind === "check-of-anybody");
  return {
    findings: [...configFindings(repository, installation), ...gaps, ...environmentFindings(repository, app)],
    unseen: [...unseenIn(repository, app), ...unseenEnvironments(repository)],
    closing: ruleset !== null && closable ? [{ repository: name, ruleset }] : [],
  };
}

const nothing: Report = { findings: [], unseen: [], closing: [] };

function unreadable({ name, installation }: At, what: string): Finding {
  const repair = { page: `${installation.page}: grant what is missing, or try again later`, api: null };
  return wrong({ kind: "unreadable", owner: installation.owner, repository: name, what, repair });
}

function notInstalled({ publicPage, slug }: AppFacts, { owner, repository }: Wanted): Finding {
  return wrong({
    kind: "not-installed",
    owner,
    repository: repository === null ? null : `${owner}/${repository}`,
    what: `The app ${slug} is not installed for ${owner}, or ${owner} does not exist.`,
    repair: { page: `${publicPage}/installations/new › ${owner} › All repositories`, api: null },
  });
}

function notGiven(installation: InstallationFacts, wanted: Wanted): Finding {
  const { owner, page } = installation;
  const repository = `${owner}/${wanted.repository}`;
  return wrong({
    kind: "repository-not-given",
    owner,
    repository,
    what: "The repository is not given to the app, is archived, or does not exist: no pull request gets a check.",
    repair: { page: `${page} › Repository access`, api: giveApi(installation, repository) },
  });
}

function wrong(finding: Omit<Finding, "severity" | "branch" | "environment">): Finding {
  const { kind, owner, repository, what, repair } = finding;
  return { kind, severity: "error", owner, repository, branch: null, environment: null, what, repair };
}
