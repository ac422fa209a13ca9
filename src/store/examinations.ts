/** What was found when it was last examined whether the gate is closed: a row for each repository, and for each owner. */
import { z } from "zod";
import { eachOnce } from "../gate/installation-findings.ts";
import { type Finding, findingKinds } from "../gate/protection.ts";
import type { Queryable } from "./store.ts";

/** A row that another version wrote in other words tells nothing until the place is examined again, within a day. */
const findingsSchema = z
  .array(
    z.object({
      kind: z.enum(findingKinds),
      severity: z.enum(["error", "warning", "note"]),
      owner: z.string(),
      repository: z.string().nullable(),
      branch: z.string().nullable(),
      environment: z.string().nullable(),
      what: z.string(),
      repair: z.object({ page: z.string(), api: z.string().nullable() }),
    }),
  )
  .catch([]);

/** `place` is `owner/name`, or an owner alone; in any case. `at`: ms since epoch. */
type Examination = {
  readonly place: string;
  readonly at: number;
  readonly findings: readonly Finding[];
};

/** Keeps what was found in a place, instead of what was found there before. */
export async function recordExamination(
  { db }: Queryable,
  { place, at, findings }: Examination,
): Promise<void> {
  const found = { at, findings: JSON.stringify(findings) };
  await db
    .insertInto("examinations")
    .values({ place: place.toLowerCase(), ...found })
    .onConflict((conflict) => conflict.column("place").doUpdateSet(found))
    .execute();
}

/** When each place was examined last, ms since epoch, by its name in lower case. */
export async function examinedAt({ db }: Queryable): Promise<ReadonlyMap<string, number>> {
  const rows = await db.selectFrom("examinations").select(["place", "at"]).execute();
  return new Map(rows.map(({ place, at }) => [place, at]));
}

/** Forgets a place: it is not the app's any more. */
export async function forgetExamination({ db }: Queryable, place: string): Promise<void> {
  await db.deleteFrom("examinations").where("place", "=", place).execute();
}

/** The repositories that were examined, in lower case, and what was found there, each once: what is wrong for a whole owner is found with every repository. */
export async function lastFindings({ db }: Queryable): Promise<{
  readonly repositories: readonly string[];
  readonly findings: readonly Finding[];
}> {
  const places = await db.selectFrom("examinations").select("place").execute();
  const open = await db
    .selectFrom("examinations")
    .select("findings")
    .where("findings", "<>", "[]")
    .orderBy("place")
    .execute();
  return {
    repositories: places.flatMap(({ place }) => (place.includes("/") ? place : [])),
    findings: eachOnce(open.flatMap(({ findings }) => findingsSchema.parse(JSON.parse(findings)))),
  };
}
