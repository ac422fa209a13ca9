/** What can be wrong for a whole organisation: the installation, the roster, the policies. */
import { ghApi, inPath } from "./branch-findings.ts";
import type { AppFacts, Finding, Granted, InstallationFacts, RepositoryFacts } from "./protection.ts";
import type { Roster } from "./roster.ts";

/** What `needed` names and the installation lacks, and whether the organisation's own files reach the app and nobody else. */
export function installationFindings(
  installation: InstallationFacts,
  { app, needed }: { readonly app: AppFacts; readonly needed: Granted },
): Finding[] {
  const { owner, page, configRepository, everything } = installation;
  const about = { owner, repository: null, branch: null, environment: null };
  if (installation.suspended) {
    const repair = { page: `${page} › Unsuspend`, api: null };
    const what = "The installation is suspended: no pull request gets a check.";
    return [{ ...about, kind: "suspended", severity: "error", what, repair }];
  }
  const lacks = lacking(needed, installation.granted);
  const findings: Finding[] = [];
  if (lacks.length > 0) {
    const asked = lacking(needed, app).length === 0;
    const what = `The app lacks what it needs: ${lacks.join(", ")}.`;
    const accept = `${page} › Review request › Accept new permissions`;
    const repair = {
      page: asked ? accept : `${app.page}/permissions › add them, save; then ${accept}`,
      api: null,
    };
    findings.push({ ...about, kind: "permissions-missing", severity: "error", what, repair });
  }
  const given = installation.repositories.find(({ name }) => sameName(name, configRepository));
  if (given === undefined && !everything) {
    const what =
      `${configRepository} is not given to the app: if it holds a roster or a policy, they are not known, ` +
      "and each repository's own would hold.";
    const repair = {
      page: `${page} › Repository access › All repositories, or add ${configRepository}; create it, empty, if there is none`,
      api: giveApi(installation, configRepository),
    };
    findings.push({ ...about, kind: "config-repository-not-given", severity: "error", what, repair });
  }
  return findings;
}

/** What is wrong with the organisation's own files is found again with every repository. */
export function eachOnce(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

/** The call that gives a repository (`owner/name`) to an installation. */
export function giveApi({ id }: InstallationFacts, repository: string): string {
  return ghApi("PUT", `/user/installations/${id}/repositories/$(gh api /repos/${repository} --jq .id)`);
}

/** Whether roster and policies can be read, and are read by nobody who should not. What is wrong with a file is found where it is. */
export function configFindings(repository: RepositoryFacts, installation: InstallationFacts): Finding[] {
  const { roster, policies, stale } = repository.config;
  const found = (kind: Finding["kind"], file: File, what: string, how: string): Finding => {
    const place = placeIn(what, installation) ?? repository.name;
    const about = { owner: ownerOf(repository.name), repository: place, branch: null, environment: null };
    const { page, api } = writing(place, file, { installation, isThere: !what.includes("has disappeared") });
    return { ...about, kind, severity: "error", what, repair: { page: `${page} › ${how}`, api } };
  };
  const broken = (file: File, what: string): Finding => {
    const how = `correct it; countersign validate ${file}.yml names every problem with its line`;
    return found(`${file}-broken`, file, what, how);
  };
  return [
    ...(roster.kind === "unreadable" ? [broken("roster", roster.why)] : []),
    ...policies.flatMap((policy) => (policy.kind === "unreadable" ? [broken("policy", policy.why)] : [])),
    ...(stale === undefined
      ? []
      : [broken(stale.problem.includes("roster.yml") ? "roster" : "policy", stale.problem)]),
    ...(roster.kind === "absent" ? [noRoster(repository, installation)] : []),
    ...(roster.kind === "read" ? publicRoster(roster.value.origin, installation) : []),
    ...(roster.kind === "read" ? unreadTeams(roster.value) : []).map((what) =>
      found("team-unreadable", "roster", what, "correct the team's name, or give the app members: read"),
    ),
  ];
}

type File = "roster" | "policy";

/** Where a file is written, and the call that writes it: with the file of that name which lies where it is called. */
function writing(
  repository: string,
  file: File,
  { installation, isThere }: { installation: InstallationFacts; isThere: boolean },
): Finding["repair"] {
  const place = installation.repositories.find(({ name }) => name === repository);
  if (place === undefined) {
    const page = `${installation.page} › Repository access › add ${repository}; then in ${file}.yml there`;
    return { page, api: giveApi(installation, repository) };
  }
  const path = `.github/countersign/${file}.yml`;
  const branch = place.defaultBranch.split("/").map(inPath).join("/");
  const contents = `/repos/${repository}/contents/${path}`;
  const put = `gh api --method PUT ${contents} -f message="Write ${file}.yml" -f content="$(base64 < ${file}.yml)"`;
  return isThere
    ? { page: `${place.page}/edit/${branch}/${path}`, api: `${put} -f sha="$(gh api ${contents} --jq .sha)"` }
    : { page: `${place.page}/new/${branch}?filename=${path}`, api: put };
}

/** The organisation's, where its repository is there: else the first roster is the repository's own. */
function noRoster({ name: repository }: RepositoryFacts, installation: InstallationFacts): Finding {
  const { configRepository, repositories } = installation;
  const shared = repositories.find(({ name }) => sameName(name, configRepository));
  const { page, api } = writing(shared?.name ?? repository, "roster", { installation, isThere: false });
  const more = shared === undefined ? ` › or create ${configRepository}, and write it there for all` : "";
  return {
    kind: "roster-missing",
    severity: "warning",
    owner: ownerOf(repository),
    repository,
    branch: null,
    environment: null,
    what: "There is no roster: nobody can countersign, and every AI-assisted change waits.",
    repair: { page: `${page}${more}`, api },
  };
}

/** The repository of a file, in whose name everything begins that is said of the file; null where it does not. */
function placeIn(text: string, { repositories }: InstallationFacts): string | null {
  const place = /^[\w.-]+\/[\w.-]+/u.exec(text)?.[0] ?? null;
  return repositories.find(({ name }) => sameName(name, place ?? ""))?.name ?? place;
}

function publicRoster(origin: string, installation: InstallationFacts): Finding[] {
  const { owner, repositories } = installation;
  const place = placeIn(origin, installation);
  const repository = repositories.find(({ name }) => name === place);
  if (repository?.public !== true) return [];
  const what = `The roster stands in ${repository.name}, which is public: everybody reads who has which level, their e-mails and absences.`;
  const repair = {
    page: `${repository.page}/settings › Danger Zone › Change repository visibility`,
    api: ghApi("PATCH", `/repos/${repository.name}`, { visibility: "private" }),
  };
  return [
    {
      kind: "config-repository-public",
      severity: "warning",
      owner,
      repository: repository.name,
      branch: null,
      environment: null,
      what,
      repair,
    },
  ];
}

function unreadTeams({ origin, teams }: Roster): string[] {
  return teams.flatMap(({ members }) => (members.kind === "unreadable" ? [`${origin}: ${members.why}`] : []));
}

/** What is needed and not granted, as `the permission checks: write` and `the event push`. */
export function lacking(needed: Granted, granted: Granted): string[] {
  const permissions = Object.entries(needed.permissions).flatMap(([name, level]) => {
    const has = granted.permissions[name];
    return has === "write" || has === level ? [] : [`the permission ${name}: ${level}`];
  });
  const events = needed.events.filter((event) => !granted.events.includes(event));
  return [...permissions, ...events.map((event) => `the event ${event}`)];
}

function ownerOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
