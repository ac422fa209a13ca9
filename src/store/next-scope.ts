/**
 * Whose turn it is. The marks of one repository are a scope; an installation's own marks are one, too. Scopes are few where marks
 * are many, so they are compared with each other and no mark is looked at but the best of each.
 */
import { type RawBuilder, sql } from "kysely";
import type { Queryable } from "./store.ts";

/**
 * Looks of one installation, and of one repository, that run at once while others wait; more only when nobody else does. A
 * server runs eight, so there is always room for somebody else, and what is urgent in one place delays the rest of the world
 * but does not keep it out for ever.
 */
export const installationLooksMax = 6;
export const repositoryLooksMax = 4;

/** Whose marks nobody takes now. */
export type Waiting = { readonly installations: readonly number[]; readonly scopes: readonly string[] };

/** Nobody has to wait. */
export const nobody: Waiting = { installations: [], scopes: [] };

/** Of the table `marks`: whether a mark may be taken. */
export function mayBeTaken({ installations, scopes }: Waiting): RawBuilder<boolean> {
  const taken = [
    ...(installations.length > 0 ? [sql`marks.installation not in (${sql.join(installations)})`] : []),
    ...(scopes.length > 0 ? [sql`marks.scope not in (${sql.join(scopes)})`] : []),
  ];
  return taken.length > 0 ? sql<boolean>`${sql.join(taken, sql` and `)}` : sql<boolean>`1 = 1`;
}

/** The scope of a mark: `7 acme/shop`, and `7 7` for installation 7 itself. */
export function scopeOf({ installation, target }: { installation: number | string; target: string }): string {
  return `${installation} ${target.split(":")[1] ?? ""}`;
}

/**
 * The scope whose best mark comes next, null when none has a mark that is due, free and not `waiting`: first those that do not have as many
 * looks running as they may while others wait; then by priority; then that with the fewest running, of the installation and of
 * the scope itself; then the one due longest.
 */
export async function nextScope(
  { db }: Queryable,
  now: number,
  waiting: Waiting = nobody,
): Promise<string | null> {
  // Neither engine finds the distinct values of an index's first column by itself without reading all of it.
  // `lease_until > 0` says nothing new, but lets the index of the few that are running be used.
  const { rows } = await sql<{ scope: string }>`
    with recursive scopes(scope) as (
      select min(scope) from marks
      union all
      select (select min(marks.scope) from marks where marks.scope > scopes.scope) from scopes where scopes.scope is not null
    ),
    best(scope, target) as (
      select scope, (
        select target from marks where marks.scope = scopes.scope and due_at <= ${now} and lease_until <= ${now}
        order by priority, due_at limit 1
      ) from scopes
    ),
    running(scope, installation) as (
      select scope, installation from marks where lease_until > 0 and lease_until > ${now}
    ),
    candidates(scope, priority, due_at, beside, own) as (
      select best.scope, marks.priority, marks.due_at,
        (select count(*) from running where running.installation = marks.installation),
        (select count(*) from running where running.scope = best.scope)
      from best join marks on marks.target = best.target
      where ${mayBeTaken(waiting)}
    )
    select scope from candidates
    order by case when beside >= ${sql.lit(installationLooksMax)} or own >= ${sql.lit(repositoryLooksMax)} then 1 else 0 end,
      priority, beside, own, due_at
    limit 1`.execute(db);
  return rows[0]?.scope ?? null;
}
