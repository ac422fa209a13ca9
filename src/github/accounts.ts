import { z } from "zod";
import type { Account, GitIdentity } from "../gate/accounts.ts";

/** GraphQL's `Actor`: only users and bots tell their id; a deleted account is null. */
export const actorSchema = z
  .object({ __typename: z.string(), login: z.string(), databaseId: z.number().nullish() })
  .nullable();

/** REST's and the webhooks' user object. */
export const userSchema = z.object({ login: z.string(), id: z.number(), type: z.string().optional() });

export const gitActorSchema = z.object({
  name: z.string().nullable(),
  email: z.string().nullable(),
  user: z.object({ login: z.string(), databaseId: z.number().nullable() }).nullable(),
});

/** An account from GraphQL, where a bot's login lacks the `[bot]` that REST and people write. */
export function accountOfActor(actor: z.infer<typeof actorSchema>): Account | null {
  if (actor === null) return null;
  const id = actor.databaseId ?? null;
  if (actor.__typename === "Bot") return { login: withSuffix(actor.login), id, kind: "Bot" };
  return { login: actor.login, id, kind: kindOf(actor.__typename, actor.login) };
}

/** An account from REST or a webhook. */
export function accountOfUser(user: z.infer<typeof userSchema>): Account {
  return { login: user.login, id: user.id, kind: kindOf(user.type ?? "User", user.login) };
}

/** A commit's author or committer. GitHub resolves bots there too, as users whose login ends in `[bot]`. */
export function identityOf(actor: z.infer<typeof gitActorSchema>): GitIdentity {
  const { user } = actor;
  const account =
    user === null
      ? null
      : ({ login: user.login, id: user.databaseId, kind: kindOf("User", user.login) } as const);
  return { name: actor.name ?? "", email: actor.email ?? "", account };
}

/** Whatever is no user, bot or organisation (an enterprise account, a new type) is treated as one that never counts. */
function kindOf(type: string, login: string): Account["kind"] {
  if (type === "Bot" || login.endsWith("[bot]")) return "Bot";
  return type === "User" || type === "Organization" ? type : "Mannequin";
}

function withSuffix(login: string): string {
  return login.endsWith("[bot]") ? login : `${login}[bot]`;
}
