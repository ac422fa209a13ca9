import { sql } from "kysely";
import { z } from "zod";
import type { Outcome, Verdict } from "../gate/verdict.ts";
import { storedVerdict } from "./pulls.ts";
import { parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";

/** A verdict as the audit log has it. */
export type PastVerdict = {
  /** Ms since epoch. */
  readonly at: number;
  readonly sha: string;
  readonly mode: Verdict["mode"];
  /** Null where one look after another had failed: then nothing was decided. */
  readonly outcome: Outcome | null;
};

const person = z.object({ login: z.string(), level: z.string(), by: z.string().exactOptional() });
const need = z.object({
  rule: z.string(),
  approvals: z.number(),
  level: z.string(),
  candidates: z.array(z.string()),
});
const problem = z.object({ what: z.string(), repair: z.string() });
const outcome: z.ZodType<Outcome> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("undecidable"), problems: z.array(problem) }),
  z.object({ kind: z.literal("objected"), by: z.array(person) }),
  z.object({ kind: z.literal("waiting"), needs: z.array(need) }),
  z.object({ kind: z.literal("overridden"), by: person, reason: z.string() }),
  z.object({ kind: z.literal("countersigned"), by: z.array(person) }),
  z.object({ kind: z.literal("not-needed"), why: z.string() }),
]);
/** What `recordFailedLook` writes. */
const failed = z.strictObject({ kind: z.literal("undecidable") }).transform(() => null);
const verdictBody = z.object({ outcome: failed.or(outcome), mode: z.enum(["enforce", "observe"]) });

/** The verdicts on a pull request, newest first, and how many older ones there are besides. */
export async function pastVerdicts(
  { db }: Queryable,
  { repo, number, max }: { readonly repo: string; readonly number: number; readonly max: number },
): Promise<{ readonly verdicts: readonly PastVerdict[]; readonly older: number }> {
  const rows = await db
    .selectFrom("audit")
    .select(["seq", "at", "sha", "body"])
    .where((eb) => eb.and({ repo, number, kind: "verdict" }))
    .orderBy("seq", "desc")
    .execute();
  const verdicts = rows.slice(0, max).map(({ seq, at, sha, body }) => {
    const where = `Row ${seq} of the audit log`;
    return { at, sha: sha ?? "", ...parseStored(verdictBody, body, where) };
  });
  return { verdicts, older: rows.length - verdicts.length };
}

/** A pull request, with what was decided about it over time. */
export type Change = {
  /** `owner/name` in lower case. */
  readonly repo: string;
  readonly number: number;
  readonly open: boolean;
  /** When it was opened, ms since epoch; null where only an older version looked at it. */
  readonly openedAt: number | null;
  readonly verdict: Verdict;
  /** Oldest first, ms since epoch. Null: one look after another had failed. */
  readonly history: readonly { readonly at: number; readonly outcome: Outcome | null }[];
};

/** Something that was merged or pushed past the check, as the audit log has it. */
export type RecordedBypass = {
  readonly repo: string;
  /** Null for a push. */
  readonly number: number | null;
  readonly sha: string;
  readonly at: number;
};

/** What is asked for: repositories (`owner/name` in lower case, at most 10,000), and since when (ms since epoch). */
export type Asked = { readonly repos: readonly string[]; readonly since: number };

/**
 * Pull requests that are open or had a verdict since a time: first the open ones, of each kind those judged last first.
 * @param asked.max at most so many. @returns `cut`: there are more.
 */
export async function changesIn(
  { db }: Queryable,
  { repos, since, max }: Asked & { readonly max: number },
): Promise<{ readonly changes: readonly Change[]; readonly cut: boolean }> {
  if (repos.length === 0) return { changes: [], cut: false };
  // Verdicts and rows of the log are read only of those that are shown: most of a large store is not.
  const chosen = db
    .selectFrom("pulls")
    // A checkpoint may stand for the row.
    .leftJoin("audit", "audit.seq", "pulls.audit_seq")
    .select(["pulls.repo", "pulls.number", "pulls.open", "pulls.audit_seq"])
    .where("pulls.repo", "in", repos)
    .where("pulls.verdict", "is not", null)
    .where((where) => where.or([where("pulls.open", "=", 1), where("audit.at", ">=", since)]))
    .orderBy("pulls.open", "desc")
    .orderBy("pulls.audit_seq", "desc")
    .limit(max + 1)
    .as("chosen");
  const pulls = await db
    .selectFrom(chosen)
    .innerJoin("pulls", (join) =>
      join.onRef("pulls.repo", "=", "chosen.repo").onRef("pulls.number", "=", "chosen.number"),
    )
    .select(["pulls.repo", "pulls.number", "pulls.open", "pulls.opened_at", "pulls.verdict"])
    .orderBy("chosen.open", "desc")
    .orderBy("chosen.audit_seq", "desc")
    .execute();
  const named = pulls.map(({ repo, number }) => sql`(cast(${repo} as text), ${sql.lit(number)})`);
  if (named.length === 0) return { changes: [], cut: false };
  // Of every kind: an index has the rows of each pull request, and the one by kind would lead through the whole log.
  const rows = await db
    .selectFrom("audit")
    .select(["seq", "at", "kind", "repo", "number", "body"])
    .where(sql<boolean>`(repo, number) in (values ${sql.join(named)})`)
    .where("at", ">=", since)
    .orderBy("seq")
    .execute();
  const verdicts = rows.filter(({ kind }) => kind === "verdict");
  const histories = Map.groupBy(verdicts, ({ repo, number }) => `${repo}#${number}`);
  const changes = pulls.slice(0, max).flatMap(({ repo, number, open, opened_at: openedAt, verdict }) => {
    const name = `${repo}#${number}`;
    const history = (histories.get(name) ?? []).map(({ seq, at, body }) => ({
      at,
      outcome: parseStored(verdictBody, body, `Row ${seq} of the audit log`).outcome,
    }));
    if (verdict === null) return [];
    const judged = parseStored(storedVerdict, verdict, `The verdict on ${name}`);
    return [{ repo, number, open: open === 1, openedAt, verdict: judged, history }];
  });
  return { changes, cut: pulls.length > max };
}

/** What was merged or pushed past the check since a time, newest first. */
export async function bypassesIn({ db }: Queryable, { repos, since }: Asked): Promise<RecordedBypass[]> {
  if (repos.length === 0) return [];
  const rows = await db
    .selectFrom("audit")
    .select(["repo", "number", "sha", "at"])
    .where("kind", "=", "bypass")
    .where("repo", "in", repos)
    .where("at", ">=", since)
    .orderBy("seq", "desc")
    .execute();
  return rows.map(({ repo, number, sha, at }) => ({ repo: repo ?? "", number, sha: sha ?? "", at }));
}
