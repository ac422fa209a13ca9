/**
 * Bypasses: what landed on a gated branch without the countersignature it needed.
 *
 * open, without an issue -> open, asked for an issue -> open, with one -> closed: somebody countersigned it afterwards
 */
import type { Queryable } from "./store.ts";
import type { Tables } from "./tables.ts";

export type Bypass = {
  readonly repo: string;
  readonly branch: string;
  /** The last of the commits that landed. */
  readonly sha: string;
  /** The pull request they came through; null for a direct push. */
  readonly number: number | null;
  /** What the issue about it says: its title is the first line, the rest is Markdown. */
  readonly text: string;
  /** The issue about it; null while there is none. */
  readonly issue: number | null;
  /** Whether GitHub may have been asked for an issue, though there is none known. */
  readonly asked: boolean;
  readonly open: boolean;
  /** The row of the audit log that the ledger's rows of its commits name. */
  readonly auditSeq: number;
  readonly at: number;
};

/** Stores a bypass, without an issue. */
export async function insertBypass(
  { db }: Queryable,
  { auditSeq, ...bypass }: Omit<Bypass, "issue" | "asked" | "open">,
): Promise<void> {
  const row = { ...bypass, audit_seq: auditSeq, issue: null, asked: 0, open: 1 };
  await db.insertInto("bypasses").values(row).execute();
}

/** The open bypasses of a branch, oldest first. */
export async function openBypasses({ db }: Queryable, repo: string, branch: string): Promise<Bypass[]> {
  const rows = await db
    .selectFrom("bypasses")
    .selectAll()
    .where((eb) => eb.and({ repo, branch, open: 1 }))
    .orderBy("at")
    .orderBy("sha")
    .execute();
  return rows.map(toBypass);
}

/**
 * The bypass that ended with this commit on this branch, or that an issue is about, or of a pull request: open or not, null where
 * there is none.
 */
export async function findBypass(
  { db }: Queryable,
  of: { repo: string } & ({ branch: string; sha: string } | { issue: number } | { number: number }),
): Promise<Bypass | null> {
  const query = db.selectFrom("bypasses").selectAll();
  const row = await query.where((eb) => eb.and(of)).executeTakeFirst();
  return row === undefined ? null : toBypass(row);
}

/** Stores that GitHub is about to be asked for the issue, that there is one, or that somebody countersigned. */
export async function changeBypass(
  { db }: Queryable,
  { repo, branch, sha }: Pick<Bypass, "repo" | "branch" | "sha">,
  change: { readonly asked: true } | { readonly issue: number } | { readonly open: false },
): Promise<void> {
  const set = "asked" in change ? { asked: 1 } : "open" in change ? { open: 0 } : change;
  await db
    .updateTable("bypasses")
    .set(set)
    .where((eb) => eb.and({ repo, branch, sha }))
    .execute();
}

function toBypass({ asked, open, audit_seq: auditSeq, ...row }: Tables["bypasses"]): Bypass {
  return { ...row, asked: asked === 1, open: open === 1, auditSeq };
}
