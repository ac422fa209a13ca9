import { setImmediate } from "node:timers/promises";
import { sql } from "kysely";
import { appendAudit } from "./audit.ts";
import { type NewBranchPush, rememberPushes } from "./branch-pushes.ts";
import { hasOneConnection } from "./dialect.ts";
import { type DeploymentHint, hintDeployments } from "./deployments.ts";
import { type GroupHint, hintGroups } from "./groups.ts";
import { putMarks } from "./marks.ts";
import type { Mark } from "./marks.ts";
import { rememberObservations } from "./observations.ts";
import type { NewObservation } from "./observations.ts";
import { hintPulls } from "./pulls.ts";
import type { PullHint } from "./pulls.ts";
import { carryOver, marksCarried, type Rename } from "./renames.ts";
import { inTransaction } from "./store.ts";
import type { Queryable } from "./store.ts";

export type Delivery = {
  /** The `X-GitHub-Delivery` header; a redelivery carries the same. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly at: number;
};

/** What a delivery leads to. `outcome` says in a word what became of it, for the counts. */
type DeliveryEffects = {
  readonly marks: readonly Mark[];
  readonly observations: readonly NewObservation[];
  readonly pulls: readonly PullHint[];
  readonly groups?: readonly GroupHint[];
  readonly deployments?: readonly DeploymentHint[];
  readonly renames?: readonly Rename[];
  readonly pushes?: readonly NewBranchPush[];
  readonly outcome: string;
};

/**
 * Stores a delivery and all its effects in one transaction: when this returns they are on disk, and GitHub may be told
 * so. A guid already stored has no effect again; the repeat is counted. Where there is one connection, what comes while others are
 * being stored goes into the next transaction together: waiting for the disk takes longer than everything else.
 */
export async function acceptDelivery(
  store: Queryable,
  delivery: Delivery,
  effects: DeliveryEffects,
): Promise<Accepted> {
  if (store.db.isTransaction || !hasOneConnection(store.db))
    return inTransaction(store, async (transaction) => accept(transaction, { delivery, effects }));
  const queue = queues.get(store.db) ?? [];
  queues.set(store.db, queue);
  const stored = Promise.withResolvers<Accepted>();
  queue.push({ delivery, effects, ...stored });
  if (queue.length === 1) void acceptWaiting(store, queue);
  return stored.promise;
}

type Accepted = "accepted" | "repeated";
type Waiting = PromiseWithResolvers<Accepted> & {
  readonly delivery: Delivery;
  readonly effects: DeliveryEffects;
};

/** What waits to be stored, those first that are being stored. */
const queues = new WeakMap<Queryable["db"], Waiting[]>();

/** So many take a few hundredths of a second, which is how long everybody else waits for the connection. */
const togetherMax = 100;

async function acceptWaiting(store: Queryable, queue: Waiting[]): Promise<void> {
  while (queue.length > 0) {
    // A transaction leaves no room for anything else; deliveries that have arrived are read first, and go into this one.
    await setImmediate();
    const together = queue.slice(0, togetherMax);
    await acceptTogether(store, together);
    queue.splice(0, together.length);
  }
}

/** Never throws. Where one cannot be stored each is tried alone, so that it keeps none of the others out. */
async function acceptTogether(store: Queryable, together: readonly Waiting[]): Promise<void> {
  try {
    const accepted = await inTransaction(store, async (transaction) => {
      const all: (readonly [Waiting, Accepted])[] = [];
      for (const waiting of together) all.push([waiting, await accept(transaction, waiting)]);
      return all;
    });
    for (const [{ resolve }, outcome] of accepted) resolve(outcome);
  } catch (error) {
    if (together.length === 1) together[0]?.reject(error);
    else for (const waiting of together) await acceptTogether(store, [waiting]);
  }
}

async function accept(
  transaction: Queryable,
  { delivery, effects }: Pick<Waiting, "delivery" | "effects">,
): Promise<Accepted> {
  const { guid, at, event, action } = delivery;
  const { repeats } = await transaction.db
    .insertInto("deliveries")
    .values({ guid, at, event, action, outcome: effects.outcome, repeats: 0 })
    .onConflict((conflict) => conflict.column("guid").doUpdateSet({ repeats: sql`deliveries.repeats + 1` }))
    .returning("repeats")
    .executeTakeFirstOrThrow();
  if (repeats > 0) return "repeated";
  await carryOver(transaction, effects.renames ?? [], guid);
  await rememberObservations(transaction, effects.observations);
  await recordOverrides(transaction, effects.observations, at);
  await hintPulls(transaction, effects.pulls);
  await rememberPushes(transaction, effects.pushes ?? [], at);
  await hintGroups(transaction, effects.groups ?? []);
  await hintDeployments(transaction, effects.deployments ?? [], at);
  const carried = await marksCarried(transaction, effects.renames ?? [], effects.marks);
  await putMarks(transaction, [...effects.marks, ...carried], at);
  return "accepted";
}

/** One audit row for each override that is for some head. Whether it counts, the verdicts on that head tell. */
async function recordOverrides(
  store: Queryable,
  observations: readonly NewObservation[],
  at: number,
): Promise<void> {
  for (const { repo, number, observation } of observations) {
    if (observation.kind !== "override" || observation.sha === null) continue;
    const { sha, by, reason, comment } = observation;
    const body = { by: by.login, reason, comment };
    await appendAudit(store, { at, kind: "override", repo, number, sha, actorId: by.id, body });
  }
}

/** Forgets the deliveries taken in before a time (ms since epoch). */
export async function forgetDeliveries({ db }: Queryable, before: number): Promise<void> {
  await db.deleteFrom("deliveries").where("at", "<", before).execute();
}

/** Whether a delivery was taken in. */
export async function isStored({ db }: Queryable, guid: string): Promise<boolean> {
  const row = await db.selectFrom("deliveries").select("guid").where("guid", "=", guid).executeTakeFirst();
  return row !== undefined;
}
