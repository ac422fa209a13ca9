import { expect, it } from "vitest";
import { sweep } from "../../src/delivery/sweep.ts";
import type { WorkingDay } from "../delivery/working-day.ts";
import { checkOn } from "../end-to-end/company.ts";
import { openPull, pushMore, review } from "../end-to-end/pull-request.ts";
import { type Delivery, handIn, openPostRoom, settleDay } from "./post-room.ts";
import { type Random, randomFrom, seeds } from "./random.ts";
import { expectAllRight } from "./settled.ts";
import { type Story, tellStory } from "./story.ts";

/** How many stories are told for each way. */
const stories = Number(process.env["COUNTERSIGN_STORIES"] ?? 1);
const actsMax = 60;

/** What becomes of the deliveries about the last few things that happened, and of those that were kept back until now. */
type Mail = (random: Random, fresh: readonly Delivery[], kept: readonly Delivery[]) => Sorted;
type Sorted = { readonly now: readonly Delivery[]; readonly later: readonly Delivery[] };

const ways: Readonly<Record<string, Mail>> = {
  "come twice": (_random, fresh) => ({ now: fresh.flatMap((one) => [one, one]), later: [] }),
  "come in any order": (random, fresh) => ({ now: random.shuffled(fresh), later: [] }),
  "come late, after others": (random, fresh, kept) => {
    const late = (one: Delivery) => [one, random.whole(3) === 0] as const;
    const sorted = [...fresh, ...kept].map(late);
    const those = (wanted: boolean) => sorted.flatMap(([one, isLate]) => (isLate === wanted ? [one] : []));
    return { now: those(false), later: those(true) };
  },
  "come late, in any order, some twice": (random, fresh, kept) => {
    const all = random.shuffled([...fresh, ...kept]);
    const later = all.filter(() => random.whole(3) === 0);
    const again = all.filter(() => random.whole(4) === 0);
    return { now: [...all.filter((one) => !later.includes(one)), ...again], later };
  },
};

const cases = Object.keys(ways).flatMap((way) => seeds(stories).map((seed) => ({ way, seed })));

it.each(cases)("is right when deliveries $way, seed $seed", async ({ way, seed }) => {
  const { day, story, random } = await begin(seed);
  let kept: readonly Delivery[] = [];
  await play({ day, story, random }, async (fresh) => {
    const { now, later } = ways[way]?.(random, fresh, kept) ?? { now: [], later: [] };
    kept = later;
    await handIn(day, now);
    return kept.length === 0;
  });
  await handIn(day, kept);
  await settleDay(day);

  await expectAllRight(day.github, story, day.store);
});

it.each(seeds(stories))("is right after a sweep when deliveries were lost, seed %i", async (seed) => {
  const { day, story, random } = await begin(seed);
  const lost: Delivery[] = [];
  await play({ day, story, random }, async (fresh) => {
    const dropped = fresh.filter(({ event }) => !event.startsWith("installation") && random.whole(3) === 0);
    lost.push(...dropped);
    await handIn(
      day,
      fresh.filter((one) => !dropped.includes(one)),
    );
    return false;
  });
  await settleDay(day);
  await sweep(day.upkeep);
  await settleDay(day);

  // Nobody can tell what a review was given on whose delivery was lost, if head or base were changed later.
  const mayBeStricter = (sha: string) =>
    story.pullsAt(sha).some(({ moved }) => moved) &&
    lost.some(({ event }) => event === "pull_request_review");
  expect(lost.length).toBeGreaterThan(0);
  await expectAllRight(day.github, story, day.store, { mayBeStricter });
});

async function begin(seed: number) {
  // Looks take longer than what happens meanwhile, so that most things happen during one.
  const day = await openPostRoom({ latencyMs: 15 });
  day.work();
  const random = randomFrom(seed);
  return { day, random, story: tellStory(day.github, random, 12) };
}

it("does not count the approval of who pushed though the deliveries about the push are late", async () => {
  const day = await openPostRoom();
  day.work();
  const pull = await openPull(day);
  await handIn(day, [...day.github.deliveries]);
  await settleDay(day);
  const from = day.github.deliveries.length;
  const sha = pushMore(day, pull, { pusher: "grace", author: "juno" });
  await review(day, pull, "grace");
  const fresh = day.github.deliveries.slice(from);
  await handIn(
    day,
    fresh.filter(({ event }) => event === "pull_request_review"),
  );
  await settleDay(day);

  expect(await checkOn(day.github, sha)).toMatchObject({ conclusion: "action_required" });
});

/**
 * Lets things happen, a few at a time, and has the deliveries about them brought. Sometimes everything is looked at between; it has
 * to be right then if `bring` says that nothing was kept back.
 */
async function play(
  { day, story, random }: { day: WorkingDay; story: Story; random: Random },
  bring: (fresh: readonly Delivery[]) => Promise<boolean>,
): Promise<void> {
  let seen = day.github.deliveries.length;
  for (let acts = 0; acts < actsMax; ) {
    for (const enough = acts + 1 + random.whole(3); acts < enough; acts += 1) await story.goOn();
    const fresh = day.github.deliveries.slice(seen);
    seen = day.github.deliveries.length;
    const all = await bring(fresh);
    if (random.whole(4) > 0) continue;
    await settleDay(day);
    if (all) await expectAllRight(day.github, story, day.store);
  }
}
