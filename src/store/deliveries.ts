import { sql } from "kysely";
import { type NewBranchPush, rememberPushes } from "./branch-pushes.ts";
import { type GroupHint, hintGroups } from "./groups.ts";
import { putMarks } from "./marks.ts";
import type { Mark } from "./marks.ts";
import { rememberObservations } from "./observations.ts";
import type { NewObservation } from "./observations.ts";
import { hintPulls } from "./pulls.ts";
import type { PullHint } from "./pulls.ts";
import { carryOver, type Rename } from "./renames.ts";
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
export type DeliveryEffects = {
  readonly marks: readonly Mark[];
  readonly observations: readonly NewObservation[];
  readonly pulls: readonly PullHint[];
  readonly groups?: readonly GroupHint[];
  readonly renames?: readonly Rename[];
  readonly pushes?: readonly NewBranchPush[];
  readonly outcome: string;
};

/**
 * Stores a delivery and all its effects in one transaction: when this returns they are on disk, and GitHub may be told
 * so. A guid already stored has no effect again; the repeat is counted.
 */
export async function acceptDelivery(
  store: Queryable,
  delivery: Delivery,
  effects: DeliveryEffects,
): Promise<"accepted" | "repeated"> {
  const { guid, at, event, action } = delivery;
  return inTransaction(store, async (transaction) => {
    const { repeats } = await transaction.db
      .insertInto("deliveries")
      .values({ guid, at, event, action, outcome: effects.outcome, repeats: 0 })
      .onConflict((conflict) => conflict.column("guid").doUpdateSet({ repeats: sql`deliveries.repeats + 1` }))
      .returning("repeats")
      .executeTakeFirstOrThrow();
    if (repeats > 0) return "repeated";
    await carryOver(transaction, effects.renames ?? []);
    await rememberObservations(transaction, effects.observations);
    await hintPulls(transaction, effects.pulls);
    await rememberPushes(transaction, effects.pushes ?? [], at);
    await hintGroups(transaction, effects.groups ?? []);
    await putMarks(transaction, effects.marks, at);
    return "accepted";
  });
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
