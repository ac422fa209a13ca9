/** How a world is furnished: accounts, organisations, teams, repositories, apps and where they are installed. */
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { makeCommit, editTree, type FileEdits } from "./git.ts";
import { signatureOf } from "./merge.ts";
import { addRuleset } from "./rulesets.ts";
import {
  renderAccount,
  renderInstallation,
  renderRepositoryName,
  renderTeam,
  repositoriesOf,
} from "./render-rest.ts";
import {
  type Account,
  type App,
  findAccount,
  findRepository,
  type Installation,
  isoSeconds,
  type Repository,
  type Role,
  type Team,
  type World,
} from "./world.ts";

/** The account with this login. @throws when the test never made it. */
export function accountNamed(world: World, login: string): Account {
  const account = findAccount(world, login);
  if (!account) throw new Error(`There is no account ${login}: call createUser or createOrganization first.`);
  return account;
}

/** The repository `owner/name`. @throws when the test never made it. */
export function repositoryNamed(world: World, fullName: string): Repository {
  const [owner = "", name = ""] = fullName.split("/");
  const repository = findRepository(world, owner, name);
  if (!repository) throw new Error(`There is no repository ${fullName}: call createRepository first.`);
  return repository;
}

/** A new account. Commits with one of its e-mails, or with its noreply address, link to it. */
export function createAccount(
  world: World,
  login: string,
  options: { id?: number; type?: Account["type"]; name?: string; emails?: readonly string[] } = {},
): Account {
  if (findAccount(world, login)) throw new Error(`There is already an account ${login}.`);
  const { id = world.nextId(), type = "User", name = login, emails = [] } = options;
  const noreply = `${id}+${login}@users.noreply.github.com`;
  const createdAt = isoSeconds(world.now());
  const all = [noreply, ...emails].map((email) => email.toLowerCase());
  const account: Account = { id, type, login, name, emails: all, createdAt };
  world.accounts.set(id, account);
  return account;
}

/** A team `organisation/slug`, under `parent` of the same form; apps hear of the team and of each member. */
export function createTeam(
  world: World,
  fullSlug: string,
  options: { members?: readonly string[]; parent?: string } = {},
): Team {
  const [login = "", slug = ""] = fullSlug.split("/");
  const organization = accountNamed(world, login);
  const parentId = options.parent === undefined ? null : teamNamed(world, options.parent).id;
  const team: Team = {
    id: world.nextId(),
    organizationId: organization.id,
    slug,
    name: slug,
    parentId,
    memberIds: new Set(),
  };
  world.teams.set(team.id, team);
  const payload = { team: renderTeam(world, team) };
  const senderId = organization.id;
  world.happened({
    event: "team",
    action: "created",
    accountId: organization.id,
    repository: null,
    senderId,
    onlyAppId: null,
    payload,
  });
  for (const member of options.members ?? []) setMembership(world, fullSlug, member, "added");
  return team;
}

/** Somebody joins or leaves a team. */
export function setMembership(
  world: World,
  fullSlug: string,
  login: string,
  action: "added" | "removed",
): void {
  const team = teamNamed(world, fullSlug);
  const member = accountNamed(world, login);
  if (action === "added") team.memberIds.add(member.id);
  else team.memberIds.delete(member.id);
  const accountId = team.organizationId;
  world.happened({
    event: "membership",
    action,
    accountId,
    repository: null,
    senderId: accountId,
    onlyAppId: null,
    payload: { scope: "team", member: renderAccount(world, member), team: renderTeam(world, team) },
  });
}

/** A repository with one commit on its default branch. */
export function createRepository(
  world: World,
  fullName: string,
  options: {
    defaultBranch?: string;
    private?: boolean;
    files?: FileEdits;
    collaborators?: Readonly<Record<string, Role>>;
  } = {},
): Repository {
  const [login = "", name = ""] = fullName.split("/");
  const owner = accountNamed(world, login);
  const { defaultBranch = "main", files = { "README.md": `# ${name}\n` }, collaborators = {} } = options;
  const now = world.stamp();
  const author = signatureOf(owner, now);
  const tree = editTree(new Map(), files);
  const commit = makeCommit({ tree, parents: [], message: "Initial commit", author, committer: author });
  const roles = Object.entries(collaborators).map(
    ([person, role]) => [accountNamed(world, person).id, role] as const,
  );
  const repository: Repository = {
    id: world.nextId(),
    ownerId: owner.id,
    name,
    private: options.private ?? false,
    defaultBranch,
    collaborators: new Map(roles),
    commits: new Map([[commit.sha, commit]]),
    branches: new Map([[defaultBranch, commit.sha]]),
    otherRefs: new Map(),
    labels: new Map(),
    pulls: new Map(),
    issues: new Map(),
    hasIssues: true,
    checkSuites: [],
    activities: [],
    checkRuns: [],
    statuses: [],
    rulesets: [],
    protections: [],
    environments: [],
    runs: [],
    queue: [],
    createdAt: now,
    pushedAt: now,
  };
  world.repositories.set(repository.id, repository);
  for (const installation of world.installations.values()) {
    if (installation.accountId !== owner.id || installation.selection !== "all") continue;
    tellRepositories(world, installation, "added", [repository]);
  }
  return repository;
}

/** A ruleset that requires a check on a branch, from a given app or from anybody. */
export function requireCheck(
  world: World,
  repository: Repository,
  branch: string,
  check: { readonly context: string; readonly appId?: number },
): void {
  const { context, appId } = check;
  const required = { context, ...(appId !== undefined && { integration_id: appId }) };
  addRuleset(world, repository, {
    name: `Require ${context} on ${branch}`,
    enforcement: "active",
    conditions: { ref_name: { include: [`refs/heads/${branch}`] } },
    rules: [
      {
        type: "required_status_checks",
        parameters: { strict_required_status_checks_policy: false, required_status_checks: [required] },
      },
    ],
  });
}

export type NewApp = {
  readonly id?: number;
  readonly slug: string;
  /** PEM; a key made once per process when left out. */
  readonly privateKey?: string;
  readonly webhookSecret: string;
  readonly webhookUrl?: string;
  readonly permissions: App["permissions"];
  readonly events: readonly string[];
  /** An account of its own when left out. */
  readonly ownerId?: number;
};

/** Registers an app, its bot and an owner for it. */
export function createApp(world: World, input: NewApp): App {
  const { slug, webhookSecret, permissions, events, privateKey = sharedKey() } = input;
  const id = input.id ?? world.nextId();
  const app: App = {
    id,
    slug,
    name: slug,
    ownerId: input.ownerId ?? createAccount(world, `${slug}-owner`).id,
    botId: createAccount(world, `${slug}[bot]`, { type: "Bot" }).id,
    privateKey,
    publicKey: createPublicKey(privateKey),
    webhookSecret,
    webhookUrl: input.webhookUrl ?? null,
    clientId: `Iv1.${id}`,
    clientSecret: randomBytes(20).toString("hex"),
    callbackUrls: [],
    permissions,
    events,
    createdAt: isoSeconds(world.now()),
  };
  world.apps.set(app.id, app);
  return app;
}

/**
 * Ids of installations differ in a whole process, as they do on GitHub, whatever world they are of: the clients in a process share
 * a request for a token that is under way by nothing but this id, and one for another world's GitHub would be refused here.
 * https://github.com/octokit/auth-app.js/blob/main/src/get-installation-authentication.ts
 */
let lastInstallationId = 50_000_000;

/**
 * Installs an app for an account; the app hears of it. `repositories` are names without the owner, `id` is that of the
 * installation where a world is set up anew.
 */
export function installApp(
  world: World,
  app: App,
  login: string,
  options: { readonly repositories: "all" | readonly string[]; readonly id?: number },
): Installation {
  const account = accountNamed(world, login);
  const { repositories } = options;
  const chosen =
    repositories === "all" ? [] : repositories.map((name) => repositoryNamed(world, `${login}/${name}`).id);
  const installation: Installation = {
    id: options.id ?? ++lastInstallationId,
    appId: app.id,
    accountId: account.id,
    selection: repositories === "all" ? "all" : "selected",
    repositoryIds: new Set(chosen),
    permissions: app.permissions,
    createdAt: isoSeconds(world.now()),
    suspendedAt: null,
  };
  world.installations.set(installation.id, installation);
  const covered = repositoriesOf(world, installation).map((one) => renderRepositoryName(world, one));
  tellInstallation(world, installation, "installation", "created", { repositories: covered });
  return installation;
}

/** Another branch is the default one from now on. @throws when the repository has no such branch. */
export function changeDefaultBranch(
  world: World,
  repository: Repository,
  actor: Account,
  branch: string,
): void {
  if (!repository.branches.has(branch)) throw new Error(`${repository.name} has no branch ${branch}.`);
  const from = repository.defaultBranch;
  repository.defaultBranch = branch;
  world.happened({
    event: "repository",
    action: "edited",
    accountId: repository.ownerId,
    repository,
    senderId: actor.id,
    onlyAppId: null,
    payload: { changes: { default_branch: { from } } },
  });
}

/** Gives a collaborator another role; apps hear of it. */
export function setRole(
  world: World,
  repository: Repository,
  actor: Account,
  of: { readonly login: string; readonly role: Role },
): void {
  const member = accountNamed(world, of.login);
  const from = repository.collaborators.get(member.id) ?? "read";
  repository.collaborators.set(member.id, of.role);
  const changes = { permission: { from, to: of.role } };
  world.happened({
    event: "member",
    action: "edited",
    accountId: repository.ownerId,
    repository,
    senderId: actor.id,
    onlyAppId: null,
    payload: { member: renderAccount(world, member), changes },
  });
}

/** Puts repositories into an installation's selection, or takes them out. */
export function changeSelection(
  world: World,
  installation: Installation,
  action: "added" | "removed",
  repositories: readonly Repository[],
): void {
  for (const { id } of repositories) {
    if (action === "added") installation.repositoryIds.add(id);
    else installation.repositoryIds.delete(id);
  }
  tellRepositories(world, installation, action, repositories);
}

function tellRepositories(
  world: World,
  installation: Installation,
  action: "added" | "removed",
  repositories: readonly Repository[],
): void {
  const names = repositories.map((one) => renderRepositoryName(world, one));
  tellInstallation(world, installation, "installation_repositories", action, {
    repository_selection: installation.selection,
    repositories_added: action === "added" ? names : [],
    repositories_removed: action === "removed" ? names : [],
    requester: null,
  });
}

function tellInstallation(
  world: World,
  installation: Installation,
  event: "installation" | "installation_repositories",
  action: string,
  extra: Record<string, unknown>,
): void {
  world.happened({
    event,
    action,
    accountId: installation.accountId,
    repository: null,
    senderId: installation.accountId,
    onlyAppId: installation.appId,
    payload: { installation: renderInstallation(world, installation), ...extra },
  });
}

function teamNamed(world: World, fullSlug: string): Team {
  const [login = "", slug = ""] = fullSlug.split("/");
  const organization = accountNamed(world, login);
  const team = [...world.teams.values()].find(
    (one) => one.organizationId === organization.id && one.slug === slug,
  );
  if (!team) throw new Error(`There is no team ${fullSlug}: call createTeam first.`);
  return team;
}

let key: string | undefined;

/** Making an RSA key takes a tenth of a second, so tests share one. */
function sharedKey(): string {
  key ??= generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs1", format: "pem" })
    .toString();
  return key;
}
