import { z } from "zod";
import type { Outcome, Verdict } from "../gate/verdict.ts";
import { parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";

/** A verdict as the audit log has it. */
export type PastVerdict = {
  readonly seq: number;
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
    .where("repo", "=", repo)
    .where("number", "=", number)
    .where("kind", "=", "verdict")
    .orderBy("seq", "desc")
    .execute();
  const verdicts = rows.slice(0, max).map(({ seq, at, sha, body }) => {
    const where = `Row ${seq} of the audit log`;
    return { seq, at, sha: sha ?? "", ...parseStored(verdictBody, body, where) };
  });
  return { verdicts, older: rows.length - verdicts.length };
}
