import { z } from "zod";
import type { Account, Read } from "../gate/accounts.ts";
import type { GitHub } from "./client.ts";
import { query } from "./query.ts";

/** 50 pages: a team of more people is no list of seniors. */
const membersMax = 5000;

const teamQuery = `
query Team($organization: String!, $slug: String!, $after: String) {
  organization(login: $organization) { team(slug: $slug) {
    members(first: 100, after: $after, membership: ALL) {
      pageInfo { hasNextPage endCursor }
      nodes { login databaseId }
    }
  } }
}`;

const teamSchema = z.object({
  organization: z
    .object({
      team: z
        .object({
          members: z.object({
            pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
            nodes: z.array(z.object({ login: z.string(), databaseId: z.number().nullable() })),
          }),
        })
        .nullable(),
    })
    .nullable(),
});

/**
 * The members of a team, those of child teams included.
 * @param name `organisation/team-slug`.
 * @returns unreadable, with the reason, when the team does not exist or the app may not see it: GitHub does not say which.
 * @throws GitHubError when GitHub could not answer at all.
 */
export async function readTeam(github: GitHub, name: string, now: number): Promise<Read<readonly Account[]>> {
  const [organization = "", slug = ""] = name.split("/");
  const members: Account[] = [];
  let after: string | null = null;
  do {
    const page = await readPage(github, { organization, slug, after }, now);
    if (page.kind !== "read")
      return { kind: "unreadable", why: `The team ${name} could not be read: ${page.why}` };
    const { nodes, pageInfo } = page.value;
    for (const { login, databaseId } of nodes) members.push({ login, id: databaseId, kind: "User" });
    if (members.length > membersMax) {
      return { kind: "unreadable", why: `The team ${name} has more than ${membersMax} members.` };
    }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
  return { kind: "read", value: members };
}

type Page = NonNullable<NonNullable<z.infer<typeof teamSchema>["organization"]>["team"]>["members"];

async function readPage(
  github: GitHub,
  variables: { organization: string; slug: string; after: string | null },
  now: number,
): Promise<{ kind: "read"; value: Page } | { kind: "unreadable"; why: string }> {
  const { data, problems } = await query(github, { text: teamQuery, variables, schema: teamSchema, now });
  const team = data.organization?.team ?? null;
  if (team !== null) return { kind: "read", value: team.members };
  const unseen = "it does not exist, or the app may not see it (it needs the permission Members: read)";
  return { kind: "unreadable", why: problems[0]?.message ?? unseen };
}
