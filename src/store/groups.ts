/**
 * Merge groups that are open: a row from `checks_requested` to `destroyed`, or until a look finds the group gone.
 */
import { z } from "zod";
import { parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";

/** What a delivery said of a merge group. `open` is false when it was destroyed. */
export type GroupHint = {
  readonly repo: string;
  readonly sha: string;
  /** `refs/heads/gh-readonly-queue/…` */
  readonly headRef: string;
  /** The base branch's name, without `refs/heads/`. */
  readonly base: string;
  readonly open: boolean;
};

/** Stores that groups were opened or destroyed. */
export async function hintGroups(store: Queryable, groups: readonly GroupHint[]): Promise<void> {
  for (const { repo, sha, headRef, base, open } of groups) {
    if (!open) {
      await closeGroup(store, repo, sha);
      continue;
    }
    await store.db
      .insertInto("groups")
      .values({ repo, sha, head_ref: headRef, base, pulls: null })
      .onConflict((conflict) => conflict.columns(["repo", "sha"]).doNothing())
      .execute();
  }
}

/** Forgets a group that is gone. */
export async function closeGroup(store: Queryable, repo: string, sha: string): Promise<void> {
  await store.db.deleteFrom("groups").where("repo", "=", repo).where("sha", "=", sha).execute();
}

/** The open group with this head SHA; null when there is none. */
export async function openGroup(
  store: Queryable,
  repo: string,
  sha: string,
): Promise<{ headRef: string; base: string } | null> {
  const row = await store.db
    .selectFrom("groups")
    .select(["head_ref as headRef", "base"])
    .where((eb) => eb.and({ repo, sha }))
    .executeTakeFirst();
  return row ?? null;
}

/** Stores which pull requests would land with a group. */
export async function rememberGroupPulls(
  store: Queryable,
  repo: string,
  sha: string,
  pulls: readonly number[],
): Promise<void> {
  await store.db
    .updateTable("groups")
    .set({ pulls: JSON.stringify(pulls) })
    .where((eb) => eb.and({ repo, sha }))
    .execute();
}

const numbers = z.array(z.number());

/**
 * The head SHAs of the open groups of a repository that would land any of these pull requests; with null of all of them. A group
 * that was not read yet is among them: it may. Throws StoreError on a row it does not understand.
 */
export async function openGroupsWith(
  store: Queryable,
  repo: string,
  landing: readonly number[] | null,
): Promise<string[]> {
  const rows = await store.db
    .selectFrom("groups")
    .select(["sha", "pulls"])
    .where("repo", "=", repo)
    .orderBy("sha")
    .execute();
  return rows.flatMap(({ sha, pulls }) => {
    if (landing === null || pulls === null) return [sha];
    const known = parseStored(numbers, pulls, `The merge group ${sha} of ${repo}`);
    return landing.some((number) => known.includes(number)) ? [sha] : [];
  });
}
