import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createLane, createTally } from "../../src/github/lanes.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** A lane of requests that cost a point each. */
const laneOf = ({ concurrentMax, perMinuteMax }: { concurrentMax: number; perMinuteMax: number }) =>
  createLane({ concurrentMax, points: 1, tally: createTally({ max: perMinuteMax, ms: 60_000 }) });

/** Enters a lane so often with what ends when it is told to; `begun` has the numbers in the order in which they began. */
function enter(lane: ReturnType<typeof createLane>, times: number) {
  const begun: number[] = [];
  const ends = Array.from({ length: times }, () => Promise.withResolvers<void>());
  const entered = ends.map(async ({ promise }, number) =>
    lane(async () => {
      begun.push(number);
      await promise;
      return number;
    }),
  );
  return { begun, ends, entered };
}

/** Lets everything go on that waits for no timer. */
const settle = async () => vi.advanceTimersByTimeAsync(0);

describe("a lane", () => {
  test("lets what finds room begin without any timer", async () => {
    const { begun } = enter(laneOf({ concurrentMax: 5, perMinuteMax: 5 }), 5);
    expect(vi.getTimerCount()).toBe(0);
    for (let turns = 0; turns < 5; turns += 1) await Promise.resolve();
    expect(begun).toEqual([0, 1, 2, 3, 4]);
  });

  test("lets so many be under way at once, and the next in the order in which they came", async () => {
    const { begun, ends, entered } = enter(laneOf({ concurrentMax: 2, perMinuteMax: 100 }), 4);
    await settle();
    expect(begun).toEqual([0, 1]);
    ends[1]?.resolve();
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    for (const { resolve } of ends) resolve();
    expect(await Promise.all(entered)).toEqual([0, 1, 2, 3]);
  });

  test("gives the room of what failed to the next, and throws its error", async () => {
    const { begun, ends, entered } = enter(laneOf({ concurrentMax: 1, perMinuteMax: 100 }), 2);
    ends[0]?.reject(new Error("refused"));
    await expect(entered[0]).rejects.toThrow("refused");
    await settle();
    expect(begun).toEqual([0, 1]);
  });

  test("lets so many begin in any minute, not only in each of a clock's", async () => {
    const lane = laneOf({ concurrentMax: 100, perMinuteMax: 2 });
    const first = enter(lane, 1);
    await vi.advanceTimersByTimeAsync(50_000);
    const { begun } = enter(lane, 4);
    await settle();
    expect([first.begun, begun]).toEqual([[0], [0]]);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(begun).toEqual([0]);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual([0, 1]);
    await vi.advanceTimersByTimeAsync(49_999);
    expect(begun).toEqual([0, 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual([0, 1, 2]);
  });

  test("goes on by itself when a minute is over, however many wait", async () => {
    const { begun, entered, ends } = enter(laneOf({ concurrentMax: 3, perMinuteMax: 3 }), 10);
    for (const { resolve } of ends) resolve();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(await Promise.all(entered)).toHaveLength(10);
    expect(begun).toHaveLength(10);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("two lanes share what one tally allows, and what costs more takes more of it", async () => {
  const tally = createTally({ max: 10, ms: 60_000 });
  const reads = enter(createLane({ concurrentMax: 100, points: 1, tally }), 4);
  await settle();
  const writes = enter(createLane({ concurrentMax: 100, points: 5, tally }), 2);
  await settle();
  expect([reads.begun, writes.begun]).toEqual([[0, 1, 2, 3], [0]]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(writes.begun).toEqual([0, 1]);
});

test("a tally says how long it takes until so many more are allowed", () => {
  const tally = createTally({ max: 3, ms: 1000 });
  tally.count(2);
  vi.advanceTimersByTime(400);
  expect([tally.waitMs(1), tally.waitMs(2)]).toEqual([0, 600]);
  tally.count(1);
  expect([tally.waitMs(1), tally.waitMs(2), tally.waitMs(3)]).toEqual([600, 600, 1000]);
  vi.advanceTimersByTime(600);
  expect([tally.waitMs(2), tally.waitMs(3)]).toEqual([0, 400]);
});
