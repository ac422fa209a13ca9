/** Accounts, repositories, apps and what hangs on them as GitHub's REST API shows them. Pull requests: render-pull.ts. */
import {
  type Account,
  accountById,
  type App,
  covers,
  fullName,
  type Installation,
  isoSeconds,
  type Label,
  nodeId,
  type Repository,
  type Team,
  type World,
} from "./world.ts";

/** The start of every REST link. */
export function apiUrl(world: World): string {
  return `${world.url}/api/v3`;
}

/** The start of every REST link of a repository. */
export function repositoryUrl(world: World, repository: Repository): string {
  return `${apiUrl(world)}/repos/${fullName(world, repository)}`;
}

/** GitHub's "simple user". */
export function renderAccount(world: World, account: Account) {
  const login = encodeURIComponent(account.login);
  const url = `${apiUrl(world)}/users/${login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId("U", account.id),
    avatar_url: `${world.url}/avatars/u/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.url}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    site_admin: false,
  };
}

/** The link templates every repository object carries: key without `_url` -> end of the link. */
const REPOSITORY_LINKS = {
  archive: "/{archive_format}{/ref}",
  assignees: "/assignees{/user}",
  blobs: "/git/blobs{/sha}",
  branches: "/branches{/branch}",
  collaborators: "/collaborators{/collaborator}",
  comments: "/comments{/number}",
  commits: "/commits{/sha}",
  compare: "/compare/{base}...{head}",
  contents: "/contents/{+path}",
  contributors: "/contributors",
  deployments: "/deployments",
  downloads: "/downloads",
  events: "/events",
  forks: "/forks",
  git_commits: "/git/commits{/sha}",
  git_refs: "/git/refs{/sha}",
  git_tags: "/git/tags{/sha}",
  hooks: "/hooks",
  issue_comment: "/issues/comments{/number}",
  issue_events: "/issues/events{/number}",
  issues: "/issues{/number}",
  keys: "/keys{/key_id}",
  labels: "/labels{/name}",
  languages: "/languages",
  merges: "/merges",
  milestones: "/milestones{/number}",
  notifications: "/notifications{?since,all,participating}",
  pulls: "/pulls{/number}",
  releases: "/releases{/id}",
  stargazers: "/stargazers",
  statuses: "/statuses/{sha}",
  subscribers: "/subscribers",
  subscription: "/subscription",
  tags: "/tags",
  teams: "/teams",
  trees: "/git/trees{/sha}",
};

/** A repository; one object with all that REST answers and webhook payloads ask for. */
export function renderRepository(world: World, repository: Repository) {
  const url = repositoryUrl(world, repository);
  const html = `${world.url}/${fullName(world, repository)}`;
  const openPulls = [...repository.pulls.values()].filter((pull) => pull.state === "open").length;
  const links: Record<string, string> = Object.fromEntries(
    Object.entries(REPOSITORY_LINKS).map(([name, end]) => [`${name}_url`, `${url}${end}`]),
  );
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName(world, repository),
    private: repository.private,
    visibility: repository.private ? "private" : "public",
    owner: renderAccount(world, accountById(world, repository.ownerId)),
    html_url: html,
    description: null,
    fork: false,
    url,
    ...links,
    git_url: `git://${new URL(html).host}/${fullName(world, repository)}.git`,
    ssh_url: `git@${new URL(html).hostname}:${fullName(world, repository)}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    size: 0,
    default_branch: repository.defaultBranch,
    open_issues: openPulls,
    open_issues_count: openPulls,
    has_issues: true,
    has_projects: true,
    has_wiki: true,
    has_pages: false,
    has_downloads: true,
    has_discussions: false,
    is_template: false,
    web_commit_signoff_required: false,
    archived: false,
    disabled: false,
    allow_forking: true,
    topics: [],
    pushed_at: repository.pushedAt,
    created_at: repository.createdAt,
    updated_at: repository.pushedAt,
    custom_properties: {},
  };
}

/** The short form in webhook payloads. */
export function renderOrganization(world: World, account: Account) {
  const url = `${apiUrl(world)}/orgs/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId("O", account.id),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.url}/avatars/u/${account.id}`,
    description: null,
  };
}

/** An app, as GET /app and check runs show it. */
export function renderApp(world: World, app: App) {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId("A", app.id),
    client_id: `Iv1.${app.id}`,
    owner: renderAccount(world, accountById(world, app.ownerId)),
    name: app.name,
    description: null,
    external_url: world.url,
    html_url: `${world.url}/apps/${app.slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions: app.permissions,
    events: app.events,
  };
}

/** An installation, as REST lists it and installation payloads carry it. */
export function renderInstallation(world: World, installation: Installation) {
  const account = accountById(world, installation.accountId);
  const app = world.apps.get(installation.appId);
  return {
    id: installation.id,
    client_id: `Iv1.${installation.appId}`,
    account: renderAccount(world, account),
    repository_selection: installation.selection,
    access_tokens_url: `${apiUrl(world)}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${apiUrl(world)}/installation/repositories`,
    html_url: `${world.url}/organizations/${account.login}/settings/installations/${installation.id}`,
    app_id: installation.appId,
    app_slug: app?.slug ?? "",
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: app?.events ?? [],
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: installation.suspendedAt,
  };
}

/** The repositories an installation covers, in the order they were made. */
export function repositoriesOf(world: World, installation: Installation): Repository[] {
  return [...world.repositories.values()].filter((repository) => covers(installation, repository));
}

/** The short form in installation payloads. */
export function renderRepositoryName(world: World, repository: Repository) {
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName(world, repository),
    private: repository.private,
  };
}

/** A label of the repository. */
export function renderLabel(world: World, repository: Repository, label: Label) {
  return {
    id: label.id,
    node_id: nodeId("LA", label.id),
    url: `${repositoryUrl(world, repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: label.description,
  };
}

/** A team with its parents, as in webhook payloads. */
export function renderTeam(world: World, team: Team): Record<string, unknown> {
  const organization = accountById(world, team.organizationId);
  const parent = team.parentId === null ? undefined : world.teams.get(team.parentId);
  const url = `${apiUrl(world)}/organizations/${organization.id}/team/${team.id}`;
  return {
    id: team.id,
    node_id: nodeId("T", team.id),
    name: team.name,
    slug: team.slug,
    description: null,
    privacy: "closed",
    notification_setting: "notifications_enabled",
    permission: "pull",
    type: "organization",
    organization_id: organization.id,
    url,
    html_url: `${world.url}/orgs/${organization.login}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    parent: parent ? renderTeam(world, parent) : null,
  };
}

/** An hour of a quota: what was asked for in it, and when it ends, ms since epoch. */
export type Hour = { used: number; readonly endsAt: number };

/** Rate-limit headers as on every answer; what is left only counts down, nobody is ever stopped (use `fault`). */
export function rateLimitHeaders(
  { used, endsAt }: Hour,
  limit: number,
  resource: "core" | "graphql",
): Record<string, string> {
  return {
    "x-github-request-id": `FAKE:${used}`,
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(Math.max(0, limit - used)),
    "x-ratelimit-used": String(Math.min(limit, used)),
    "x-ratelimit-reset": String(Math.ceil(endsAt / 1000)),
    "x-ratelimit-resource": resource,
  };
}

/** One hour, the life of an installation token. */
export function tokenExpiry(world: World): { readonly at: number; readonly text: string } {
  const at = world.now() + 3_600_000;
  return { at, text: isoSeconds(at) };
}
