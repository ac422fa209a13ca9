import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { expect, it } from "vitest";
import type { Place, Store } from "../../src/store/store.ts";
import { tryToWrite } from "../../src/store/store.ts";
import type { WorkingDay } from "../delivery/working-day.ts";
import { until } from "../end-to-end/until.ts";
import { freshPlace } from "../store/fresh-store.ts";
import { endConnections, wireTo } from "../store/wire.ts";
import { type Delivery, handIn, openPostRoom } from "./post-room.ts";
import { randomFrom, seeds } from "./random.ts";
import { expectAllRight } from "./settled.ts";
import { tellStory } from "./story.ts";

const stories = Number(process.env["COUNTERSIGN_STORIES"] ?? 1);
const actsMax = 60;

/** Takes the database away, and says how to give it back. */
type Outage = (store: Store) => Promise<() => Promise<void>>;

/** A place for a store, and the ways in which it is lost. */
async function placeToLose(): Promise<{ place: Place; outages: Readonly<Record<string, Outage>> }> {
  const { dataDir, databaseUrl = null } = await freshPlace();
  const pragma = async ({ db }: Store, text: string) => void (await sql.raw(`pragma ${text}`).execute(db));
  if (databaseUrl === null) {
    const readOnly: Outage = async (store) => {
      await pragma(store, "query_only = 1");
      return async () => pragma(store, "query_only = 0");
    };
    const full: Outage = async (store) => {
      await pragma(store, "max_page_count = 1");
      return async () => pragma(store, "max_page_count = 1000000");
    };
    return { place: { dataDir, databaseUrl }, outages: { readOnly, full } };
  }
  const wire = await wireTo(databaseUrl);
  const cut: Outage = async () => {
    wire.cut();
    return async () => wire.mend();
  };
  const ended: Outage = async () => {
    await endConnections(databaseUrl);
    return async () => {};
  };
  return { place: { dataDir, databaseUrl: wire.url }, outages: { cut, ended } };
}

it.each(seeds(stories))(
  "is right when the database could not be used again and again, seed %i",
  async (seed) => {
    const random = randomFrom(seed);
    const { place, outages } = await placeToLose();
    const day = await openPostRoom({ latencyMs: 10, place });
    day.work();
    const story = tellStory(day.github, random, 12);
    let seen = day.github.deliveries.length;
    let unheard: readonly Delivery[] = day.github.deliveries.slice(0, seen);
    let refused = 0;
    for (let acts = 0; acts < actsMax; ) {
      for (const enough = acts + 1 + random.whole(3); acts < enough; acts += 1) await story.goOn();
      const fresh = [...unheard, ...day.github.deliveries.slice(seen)];
      seen = day.github.deliveries.length;
      const giveBack = random.whole(2) === 0 ? await random.oneOf(Object.values(outages))(day.store) : null;
      unheard = await handInAll(day, fresh);
      refused += unheard.length;
      // Looks begin, are in the midst, or end.
      await pause(random.number(80));
      await giveBack?.();
    }
    expect(refused).toBeGreaterThan(0);
    await until("the store to be written again", async () => canWrite(day.store));
    expect(await handInAll(day, unheard)).toEqual([]);
    await settleAfterOutages(day);

    await expectAllRight(day.github, story, day.store);
  },
);

/** Hands deliveries in one by one, as GitHub sends them. Returns those that were not taken. */
async function handInAll(day: WorkingDay, deliveries: readonly Delivery[]): Promise<Delivery[]> {
  const failed: Delivery[] = [];
  for (const delivery of deliveries) await handIn(day, [delivery]).catch(() => failed.push(delivery));
  return failed;
}

async function canWrite(store: Store): Promise<boolean> {
  return tryToWrite(store).then(
    () => true,
    () => false,
  );
}

/** Time goes by: what a look could not give back is free once its lease has run out. */
async function settleAfterOutages({ store, later }: WorkingDay): Promise<void> {
  await until("the marks to be worked off", async () => {
    later(100);
    return (await store.db.selectFrom("marks").select("target").execute()).length === 0;
  });
}
