/** Accounts and teams as GitHub's GraphQL API shows them. */
import { requirePermission, type Scope } from "./graphql-access.ts";
import { connection, type Page } from "./graphql-connection.ts";
import {
  type Account,
  accountById,
  accountForEmail,
  nodeId,
  type Signature,
  type Team,
  type World,
} from "./world.ts";

/**
 * An actor or owner. Unlike in REST, a bot's login has no `[bot]` at its end.
 * @param id null for an account that is gone, which GitHub shows as null.
 */
export function renderActor(scope: Scope, id: number | null): Record<string, unknown> | null {
  if (id === null) return null;
  const account = accountById(scope.world, id);
  const login = account.type === "Bot" ? account.login.replace(/\[bot\]$/, "") : account.login;
  return { __typename: account.type, ...renderAccountFields(scope, account), login };
}

/** Who a commit names, and the account GitHub finds for the e-mail. Whether that is a bot shows only in its login. */
export function renderGitActor(
  scope: Scope,
  identity: Pick<Signature, "name" | "email"> & { date?: string },
) {
  const account = accountForEmail(scope.world, identity.email);
  return {
    name: identity.name,
    email: identity.email,
    date: identity.date ?? null,
    // The field can only hold a User: GitHub puts bots into it under their full name, `dependabot[bot]`.
    user: account === undefined ? null : { __typename: "User", ...renderAccountFields(scope, account) },
  };
}

/** An organization with its teams; what lists members needs `members: read`. */
export function renderOrganization(scope: Scope, account: Account): Record<string, unknown> {
  return {
    ...renderActor(scope, account.id),
    team: ({ slug }: { slug: string }) => {
      requirePermission(scope, "members");
      const teams = [...scope.world.teams.values()];
      const team = teams.find((one) => one.organizationId === account.id && one.slug === slug);
      return team === undefined ? null : renderTeam(scope, team);
    },
  };
}

function renderTeam(scope: Scope, team: Team): Record<string, unknown> {
  return {
    id: nodeId("T", team.id),
    databaseId: team.id,
    name: team.name,
    slug: team.slug,
    members: (args: Page & { membership: "ALL" | "CHILD_TEAM" | "IMMEDIATE" }) => {
      const members = teamMembers(scope.world, team).filter((member) => {
        const immediate = team.memberIds.has(member.id);
        return args.membership === "ALL" || immediate === (args.membership === "IMMEDIATE");
      });
      return connection("members", args, members, (member) => renderActor(scope, member.id));
    },
  };
}

function renderAccountFields(scope: Scope, account: Account): Record<string, unknown> {
  return {
    id: nodeId("U", account.id),
    databaseId: account.id,
    login: account.login,
    name: account.name,
    url: `${scope.world.url}/${account.login}`,
  };
}

/** Members of a team and of its child teams, as GitHub lists them. */
function teamMembers(world: World, team: Team): Account[] {
  const ids = new Set(team.memberIds);
  for (const child of world.teams.values()) {
    if (child.parentId === team.id) for (const member of teamMembers(world, child)) ids.add(member.id);
  }
  return [...ids].map((id) => accountById(world, id));
}
