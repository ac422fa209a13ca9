import { z } from "zod";
import type { Evidence } from "../gate/evidence.ts";
import type { Observation } from "../gate/facts.ts";
import { canonicalJson, sha256 } from "./canonical-json.ts";
import { inTransaction, parseStored } from "./store.ts";
import type { Queryable } from "./store.ts";

export type NewObservation = {
  readonly repo: string;
  readonly number: number;
  /** Tells observations of one kind on one pull request apart; one with a key already known is dropped. */
  readonly key: string;
  readonly at: number;
  readonly observation: Observation;
};

/** How an account stands in a row. */
export const account = z.object({
  login: z.string(),
  id: z.number().nullable(),
  kind: z.enum(["User", "Bot", "Mannequin", "Organization"]),
});

const evidence = z.object({
  tool: z.string(),
  kind: z.enum(["trailer", "author", "committer", "login", "label", "branch", "body", "note", "undeclared"]),
  role: z.enum(["wrote", "assisted", "suggestion", "session", "trigger", "review-only", "none"]),
  confidence: z.enum(["official", "observed", "convention", "reported"]),
  place: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("commit"), sha: z.string() }),
    z.object({
      kind: z.literal("label"),
      by: z.string().nullable(),
      at: z.string().nullable(),
      removedBy: z.string().nullable(),
    }),
    z.object({ kind: z.literal("pull-request") }),
  ]),
  quote: z.string(),
  remembered: z.boolean(),
  seenOn: z.int().exactOptional(),
});

/** How an observation stands in a row. */
export const observation: z.ZodType<Observation> = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("review"), reviewId: z.string(), sha: z.string(), base: z.string() }),
  z.object({
    kind: z.literal("push"),
    actor: account,
    before: z.string().nullable(),
    after: z.string(),
    at: z.string(),
  }),
  z.object({
    kind: z.literal("label"),
    action: z.enum(["labeled", "unlabeled"]),
    label: z.string(),
    actor: account.nullable(),
    at: z.string(),
  }),
  z.object({ kind: z.literal("evidence"), evidence }),
  z.object({ kind: z.literal("opened") }),
  z.object({ kind: z.enum(["scanned", "scanned-later"]), sha: z.string() }),
  z.object({
    kind: z.literal("override"),
    comment: z.string(),
    by: account,
    reason: z.string(),
    sha: z.string().nullable(),
    at: z.string(),
  }),
  z.object({ kind: z.literal("accept"), comment: z.string(), by: account, sha: z.string(), at: z.string() }),
  z.object({ kind: z.literal("command"), comment: z.string(), by: account, at: z.string() }),
  z.object({
    kind: z.literal("answer"),
    to: account,
    sha: z.string(),
    comments: z.array(z.string()),
    said: z.boolean(),
  }),
]);

/** Everything ever observed on a pull request, in the order it was stored. Throws StoreError on a row it does not understand. */
export async function recall(store: Queryable, repo: string, number: number): Promise<Observation[]> {
  const rows = await store.db
    .selectFrom("observations")
    .select(["id", "body"])
    .where("repo", "=", repo)
    .where("number", "=", number)
    .orderBy("id")
    .execute();
  return rows.map(({ id, body }) => parseStored(observation, body, `Observation ${id} (${repo}#${number})`));
}

/**
 * The first push that brought a branch to one of these commits, or with null to any; null where none was seen. Pushes to branches are observed under
 * the number 0, which no pull request has, with the branch before the first blank of their key. @throws StoreError as `recall`
 */
export async function pushTo(
  { db }: Queryable,
  repo: string,
  branch: string,
  shas: readonly string[] | null,
): Promise<Extract<Observation, { kind: "push" }> | null> {
  if (shas?.length === 0) return null;
  const rows = await db
    .selectFrom("observations")
    .select(["id", "body", "key"])
    .where((eb) => eb.and({ repo, number: 0, kind: "push" }))
    .$if(shas !== null, (query) => query.where("sha", "in", shas ?? []))
    .orderBy("id")
    .execute();
  for (const { id, body, key } of rows) {
    const seen = parseStored(observation, body, `Observation ${id} (a push to ${repo})`);
    if (seen.kind === "push" && key.startsWith(`${branch} `)) return seen;
  }
  return null;
}

/** Stores observations for good. The first with a key stays, whatever comes later. */
export async function rememberObservations(
  store: Queryable,
  observations: readonly NewObservation[],
): Promise<void> {
  if (observations.length === 0) return;
  await inTransaction(store, async ({ db }) => {
    for (const { repo, number, key, at, observation } of observations) {
      await db
        .insertInto("observations")
        .values({ repo, number, key, at, ...rowOf(observation) })
        .onConflict((conflict) => conflict.columns(["repo", "number", "kind", "key"]).doNothing())
        .execute();
    }
  });
}

/** The observation that a piece of evidence was seen. Who put a label on or took it off does not make it another one. */
export function evidenceObservation(
  repo: string,
  number: number,
  evidence: Evidence,
  at: number,
): NewObservation {
  const { tool, kind, role, confidence, place, quote } = evidence;
  const where = place.kind === "commit" ? place.sha : place.kind;
  // A quote may be long; a key need not.
  const key = sha256(canonicalJson([tool, kind, role, confidence, where, quote]));
  return { repo, number, key, at, observation: { kind: "evidence", evidence } };
}

/**
 * Takes the right to deal with commands, for good: to answer a person on a pull request and head SHA there is one, to pass over
 * a command in silence as well. Returns whether it was still there to take, for this caller alone.
 */
export async function claimAnswer(
  store: Queryable,
  { repo, number, at }: { repo: string; number: number; at: number },
  answer: Extract<Observation, { kind: "answer" }>,
): Promise<boolean> {
  const { to, sha, comments, said } = answer;
  const key = said ? `${sha} to ${to.id ?? to.login}` : comments.join(" ");
  const claimed = await store.db
    .insertInto("observations")
    .values({ repo, number, key, at, ...rowOf(answer) })
    .onConflict((conflict) => conflict.columns(["repo", "number", "kind", "key"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return claimed !== undefined;
}

function rowOf(observation: Observation) {
  return {
    kind: observation.kind,
    sha: shaOf(observation),
    actor_id: actorIdOf(observation),
    body: canonicalJson(observation),
  };
}

function shaOf(observation: Observation): string | null {
  switch (observation.kind) {
    case "review":
    case "override":
    case "accept":
    case "answer":
    case "scanned":
    case "scanned-later":
      return observation.sha;
    case "push":
      return observation.after;
    case "label":
    case "command":
    case "opened":
      return null;
    case "evidence":
      return observation.evidence.place.kind === "commit" ? observation.evidence.place.sha : null;
  }
}

function actorIdOf(observation: Observation): number | null {
  switch (observation.kind) {
    case "push":
    case "label":
      return observation.actor?.id ?? null;
    case "override":
    case "accept":
    case "command":
      return observation.by.id;
    case "answer":
      return observation.to.id;
    case "review":
    case "evidence":
    case "opened":
    case "scanned":
    case "scanned-later":
      return null;
  }
}
