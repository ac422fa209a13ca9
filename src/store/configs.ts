/**
 * What was learnt about configuration and has to outlive an answer GitHub cannot give: versions of rosters and
 * policies, the id first seen with a login, members of teams, fingerprints of patches. All in one table; logins and
 * teams have no repository.
 */
import { sql } from "kysely";
import { z } from "zod";
import type { Account } from "../gate/accounts.ts";
import { account } from "./observations.ts";
import { inTransaction, parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";
import type { Tables } from "./tables.ts";

type ConfigVersion = {
  readonly owner: string;
  /** The repository's name without its owner, in lower case. */
  readonly repo: string;
  readonly path: string;
  /** What tells versions of the file apart: its blob SHA. */
  readonly version: string;
  readonly text: string;
  /** Whether it was understood without an error. */
  readonly valid: boolean;
  readonly now: number;
};

type Key = Pick<ConfigVersion, "owner" | "repo" | "path" | "version">;

/** Rows that hold no version of a file have one version, under this name, and no repository. */
const only = { repo: "", version: "" };

/** Stores that this version of a file is in force at `now`. */
export async function rememberConfig(store: Queryable, config: ConfigVersion): Promise<void> {
  const { owner, repo, path, version, valid, now } = config;
  // PostgreSQL's text holds every character but this one, which means nothing in YAML.
  const text = config.text.replaceAll("\0", "\u{FFFD}");
  await store.db
    .insertInto("configs")
    .values({ owner, repo, path, version, text, valid: valid ? 1 : 0, seen_at: now })
    .onConflict((conflict) =>
      conflict.columns(["owner", "repo", "path", "version"]).doUpdateSet({
        valid: sql`excluded.valid`,
        // Looks of two replicas may arrive out of order.
        seen_at: sql`case when excluded.seen_at > configs.seen_at then excluded.seen_at else configs.seen_at end`,
      }),
    )
    .execute();
}

/** The valid version of a file that was in force last, and when it was last seen so; null if there never was one. */
export async function lastGoodConfig(
  store: Queryable,
  owner: string,
  repo: string,
  path: string,
): Promise<{ version: string; text: string; seenAt: number } | null> {
  const row = await store.db
    .selectFrom("configs")
    .select(["version", "text", "seen_at as seenAt"])
    .where((eb) => eb.and({ owner, repo, path, valid: 1 }))
    .orderBy("seen_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The text of one version of a file; null where it was never in force. */
export async function configText({ db }: Queryable, file: Key): Promise<string | null> {
  const { owner, repo, path, version } = file;
  const row = await db
    .selectFrom("configs")
    .select("text")
    .where((eb) => eb.and({ owner, repo, path, version }))
    .executeTakeFirst();
  return row?.text ?? null;
}

/** Whether any version of the file was ever seen, valid or not. */
export async function configWasSeen(
  store: Queryable,
  owner: string,
  repo: string,
  path: string,
): Promise<boolean> {
  const row = await store.db
    .selectFrom("configs")
    .select("version")
    .where((eb) => eb.and({ owner, repo, path }))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Binds each login to the first id ever seen with it under this owner, and returns the ids so bound, by lower-case
 * login. A login that changed hands keeps its first id. Writes nothing when all are known. At most 30,000 accounts
 * (SQLite takes 32,766 values in a statement).
 */
export async function bindLogins(
  store: Queryable,
  owner: string,
  accounts: readonly { readonly login: string; readonly id: number }[],
  now: number,
): Promise<Map<string, number>> {
  if (accounts.length === 0) return new Map();
  const wanted = accounts.map(({ login, id }) => ({ login: login.toLowerCase(), id }));
  const logins = wanted.map(({ login }) => login);
  const known = await boundLogins(store, owner, logins);
  const fresh = wanted.filter(({ login }) => !known.has(login));
  if (fresh.length === 0) return known;
  return inTransaction(store, async (transaction) => {
    for (const { login, id } of fresh) {
      const key = { owner, ...only, path: `login:${login}` };
      await keepFirst(transaction, { ...key, text: String(id), seen_at: now });
    }
    return boundLogins(transaction, owner, logins);
  });
}

/** The ids bound to these logins so far, by lower-case login. As many as for `bindLogins`. */
export async function boundLogins(
  { db }: Queryable,
  owner: string,
  logins: readonly string[],
): Promise<Map<string, number>> {
  if (logins.length === 0) return new Map();
  const rows = await db
    .selectFrom("configs")
    .select(["path", "text"])
    .where((eb) => eb.and({ owner, repo: only.repo }))
    .where(
      "path",
      "in",
      logins.map((login) => `login:${login.toLowerCase()}`),
    )
    .execute();
  return new Map(rows.map(({ path, text }) => [path.slice("login:".length), Number(text)]));
}

/** The members of team `organisation/slug` if they were cached at `since` or later, else null. */
export async function cachedTeam(store: Queryable, team: string, since: number): Promise<Account[] | null> {
  const { owner, path } = teamKey(team);
  const row = await store.db
    .selectFrom("configs")
    .select("text")
    .where((eb) => eb.and({ owner, repo: only.repo, path }))
    .where("seen_at", ">=", since)
    .executeTakeFirst();
  return row === undefined ? null : parseStored(z.array(account), row.text, `The members of ${team}`);
}

/** Stores the members of team `organisation/slug` as read at `now`, in place of earlier ones. */
export async function cacheTeam(
  store: Queryable,
  team: string,
  members: readonly Account[],
  now: number,
): Promise<void> {
  const read = { text: JSON.stringify(members), seen_at: now };
  await store.db
    .insertInto("configs")
    .values({ ...teamKey(team), ...only, ...read, valid: 1 })
    .onConflict((conflict) => conflict.columns(["owner", "repo", "path", "version"]).doUpdateSet(read))
    .execute();
}

/** Drops every cached team of an organisation: one of them changed. */
export async function forgetTeams(store: Queryable, owner: string): Promise<void> {
  await store.db
    .deleteFrom("configs")
    .where("owner", "=", owner.toLowerCase())
    .where("repo", "=", only.repo)
    .where("path", "like", "team:%")
    .execute();
}

/** Fingerprints of what a commit changes against a merge base. They hold for ever: both are SHAs. @param repo `owner/name`. */
export function patchCache(store: Queryable, repo: string, now: () => number) {
  const key = (mergeBase: string, head: string) => keyIn(repo, `patch:${mergeBase}`, head);
  return {
    recall: async (mergeBase: string, head: string) => configText(store, key(mergeBase, head)),
    keep: async (mergeBase: string, head: string, fingerprint: string) =>
      keepFirst(store, { ...key(mergeBase, head), text: fingerprint, seen_at: now() }),
  };
}

/** Which commits were once found in a base branch. What has landed stays there. @param repo `owner/name`. */
export function landedCache(store: Queryable, repo: string, base: string, now: () => number) {
  const key = (sha: string) => keyIn(repo, `landed:${base}`, sha);
  return {
    recall: async (sha: string) => (await configText(store, key(sha))) !== null,
    keep: async (sha: string) => keepFirst(store, { ...key(sha), text: "", seen_at: now() }),
  };
}

/** Stores a row unless there is one with its key. */
async function keepFirst({ db }: Queryable, row: Omit<Tables["configs"], "valid">): Promise<void> {
  await db
    .insertInto("configs")
    .values({ ...row, valid: 1 })
    .onConflict((conflict) => conflict.columns(["owner", "repo", "path", "version"]).doNothing())
    .execute();
}

function teamKey(team: string): { owner: string; path: string } {
  const [owner = "", slug = ""] = team.toLowerCase().split("/");
  return { owner, path: `team:${slug}` };
}

function keyIn(repository: string, path: string, version: string): Key {
  const [owner = "", repo = ""] = repository.toLowerCase().split("/");
  return { owner, repo, path, version };
}
