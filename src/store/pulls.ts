import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { z } from "zod";
import type { Facts } from "../gate/facts.ts";
import type { Verdict } from "../gate/verdict.ts";
import { parseStored, StoreError } from "./store.ts";
import type { Queryable } from "./store.ts";
import { pullsFromBranch } from "./traces.ts";

/** What a delivery says of a pull request in passing. The next look corrects one that came late. */
export type PullHint = {
  readonly repo: string;
  readonly number: number;
  readonly installation: number;
  readonly headSha: string;
  /** The base branch's name, without `refs/heads/`. */
  readonly base: string;
  readonly open: boolean;
  readonly merged: boolean;
};

/** Path or name of each configuration file that was in force, with its version. */
export type ConfigVersions = Readonly<Record<string, string>>;

/** What the last look at a pull request read and decided. */
export type StoredPull = PullHint & {
  /** GitHub's words for when the pull request had changed last; null where only another one's look read it. */
  readonly updatedAt: string | null;
  readonly facts: Facts;
  readonly verdict: Verdict;
  readonly configVersions: ConfigVersions;
};

// Facts and verdicts are JSON that Countersign itself wrote: the outer shape tells a row of another version, and the
// rest is as it was when it was judged.
const factsShape = z.looseObject({
  owner: z.string(),
  repo: z.string(),
  number: z.number(),
  headSha: z.string(),
  base: z.string(),
  commits: z.looseObject({ kind: z.enum(["read", "absent", "unreadable"]) }),
  observations: z.array(z.unknown()),
  readAt: z.string(),
});
const verdictShape = z.looseObject({
  outcome: z.looseObject({
    kind: z.enum(["undecidable", "objected", "waiting", "overridden", "countersigned", "not-needed"]),
  }),
  mode: z.enum(["enforce", "observe"]),
  number: z.number(),
  headSha: z.string(),
  evidence: z.array(z.unknown()),
  contributors: z.array(z.unknown()),
  rules: z.array(z.unknown()),
  refused: z.array(z.unknown()),
  notes: z.array(z.unknown()),
});
const storedFacts = z.custom<Facts>((value) => factsShape.safeParse(value).success, "not facts");
/** A verdict as it stands in a row. */
export const storedVerdict = z.custom<Verdict>(
  (value) => verdictShape.safeParse(value).success,
  "not a verdict",
);
/** What facts lack that were stored before there was a ledger. */
const beforeLedger = { cleared: [], merge: null } as const;
const storedVersions = z.record(z.string(), z.string());

/** Stores what deliveries say; facts and verdict of the last look stay. */
export async function hintPulls(store: Queryable, pulls: readonly PullHint[]): Promise<void> {
  for (const { repo, number, installation, headSha, base, open, merged } of pulls) {
    const said = { installation, head_sha: headSha, base, open: open ? 1 : 0, merged: merged ? 1 : 0 };
    await store.db
      .insertInto("pulls")
      .values({ repo, number, ...said })
      .onConflict((conflict) => conflict.columns(["repo", "number"]).doUpdateSet(said))
      .execute();
  }
}

/**
 * Stores what a look read, gated or not. `updatedAt` and `openedAt` are GitHub's own, so that a sweep finds what changed since. Without a verdict
 * the facts of an earlier one are dropped: they are not what was read last.
 */
export async function noteRead(
  store: Queryable,
  read: PullHint & Record<"updatedAt" | "openedAt", string> & { readonly judged: boolean },
): Promise<void> {
  await hintPulls(store, [read]);
  const unjudged = { facts: null, verdict: null, config_versions: null };
  await store.db
    .updateTable("pulls")
    .set({ updated_at: read.updatedAt, opened_at: Date.parse(read.openedAt), ...(!read.judged && unjudged) })
    .where((eb) => eb.and({ repo: read.repo, number: read.number }))
    .execute();
}

/** Counts a pull request as closed that GitHub does not show any more. */
export async function forgetOpen({ db }: Queryable, repo: string, number: number): Promise<void> {
  await db
    .updateTable("pulls")
    .set({ open: 0 })
    .where((eb) => eb.and({ repo, number }))
    .execute();
}

/** Where a pull request was when it was looked at or heard of last. `mode` is null before the first look. */
export async function lastLook(
  { db }: Queryable,
  repo: string,
  number: number,
): Promise<{ headSha: string; base: string; mode: Verdict["mode"] | "not-gated" | null } | null> {
  const row = await db
    .selectFrom("pulls")
    .select(["head_sha", "base", "verdict", "updated_at"])
    .where((eb) => eb.and({ repo, number }))
    .executeTakeFirst();
  if (row === undefined) return null;
  const { head_sha: headSha, base, verdict } = row;
  const never = row.updated_at === null ? null : "not-gated";
  const mode =
    verdict === null ? never : parseStored(storedVerdict, verdict, `The verdict on ${repo}#${number}`).mode;
  return { headSha, base, mode };
}

/** What is known of a pull request without reading its facts. */
export type KnownPull = {
  readonly repo: string;
  readonly number: number;
  readonly headSha: string;
  readonly base: string;
  /** As the last look read it; null before the first. */
  readonly updatedAt: string | null;
  /** Whether there is a verdict on it, so that a check run should stand. */
  readonly judged: boolean;
};

/** Every open pull request of an installation that was ever heard of. */
export async function knownPulls({ db }: Queryable, installation: number): Promise<KnownPull[]> {
  const rows = await db
    .selectFrom("pulls")
    .select(["repo", "number", "head_sha", "base", "updated_at", "audit_seq"])
    .where((eb) => eb.and({ installation, open: 1 }))
    .execute();
  return rows.map((row) => ({
    repo: row.repo,
    number: row.number,
    headSha: row.head_sha,
    base: row.base,
    updatedAt: row.updated_at,
    judged: row.audit_seq !== null,
  }));
}

/** The newest head SHA a delivery or look told us, null for a pull request never heard of. */
export async function knownHead(store: Queryable, repo: string, number: number): Promise<string | null> {
  const row = await store.db
    .selectFrom("pulls")
    .select("head_sha")
    .where((eb) => eb.and({ repo, number }))
    .executeTakeFirst();
  return row?.head_sha ?? null;
}

/** The numbers of the repository's open pull requests with this head SHA, lowest first, as far as we have heard of them. */
export async function openPullsWithHead(store: Queryable, repo: string, sha: string): Promise<number[]> {
  const rows = await openPulls(store, repo).where("head_sha", "=", sha).execute();
  return rows.map(({ number }) => number);
}

/** A query for the numbers of a repository's open pull requests, lowest first, as far as we have heard of them. */
export function openPulls({ db }: Queryable, repo: string) {
  const numbers = db.selectFrom("pulls").select("number").orderBy("number");
  return numbers.where((eb) => eb.and({ repo, open: 1 }));
}

/** The open pull requests of an installation whose facts are stored, those that changed last first. */
export async function judgedOpenPulls(
  { db }: Queryable,
  installation: number,
): Promise<{ repo: string; number: number }[]> {
  return db
    .selectFrom("pulls")
    .select(["repo", "number"])
    .where((eb) => eb.and({ installation, open: 1 }))
    .where("facts", "is not", null)
    .orderBy("updated_at", "desc")
    .orderBy("repo")
    .orderBy("number", "desc")
    .execute();
}

/**
 * The numbers of the repository's open pull requests from one of its gated branches, lowest first: those whose head is a commit that
 * the ledger has there, and those whose head branch it was when they were looked at.
 */
export async function openPullsFrom({ db }: Queryable, repo: string, branch: string): Promise<number[]> {
  const landed = db.selectFrom("landed").select("sha").where("repo", "=", repo).where("branch", "=", branch);
  const rows = await openPulls({ db }, repo)
    .where((eb) =>
      eb.or([eb("head_sha", "in", landed), eb("number", "in", pullsFromBranch({ db }, repo, branch))]),
    )
    .execute();
  return rows.map(({ number }) => number);
}

/** The same as `storedPull`, and null also for a row that this version does not understand: a look writes it anew. */
export async function understoodPull(
  store: Queryable,
  repo: string,
  number: number,
): Promise<StoredPull | null> {
  try {
    return await storedPull(store, repo, number);
  } catch (error) {
    if (error instanceof StoreError) return null;
    throw error;
  }
}

/** What the last look at a pull request read and decided; null before the first. Throws StoreError on a row it does not understand. */
export async function storedPull(store: Queryable, repo: string, number: number): Promise<StoredPull | null> {
  const row = await store.db
    .selectFrom("pulls")
    .selectAll()
    .where((eb) => eb.and({ repo, number }))
    .executeTakeFirst();
  if (!row || row.facts === null || row.verdict === null || row.config_versions === null) return null;
  const name = `${repo}#${number}`;
  const facts = (await promisify(gunzip)(row.facts)).toString();
  return {
    repo,
    number,
    installation: row.installation,
    headSha: row.head_sha,
    base: row.base,
    open: row.open === 1,
    merged: row.merged === 1,
    updatedAt: row.updated_at,
    facts: { ...beforeLedger, ...parseStored(storedFacts, facts, `The facts of ${name}`) },
    verdict: parseStored(storedVerdict, row.verdict, `The verdict on ${name}`),
    configVersions: parseStored(storedVersions, row.config_versions, `The versions of ${name}`),
  };
}
