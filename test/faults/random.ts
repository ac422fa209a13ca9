/** Chance that can be had again: the same seed gives the same numbers. */
export type Random = {
  /** At least 0, less than `below`. */
  readonly number: (below: number) => number;
  readonly whole: (below: number) => number;
  readonly oneOf: <T>(things: readonly T[]) => T;
  readonly shuffled: <T>(things: readonly T[]) => T[];
};

/** The seeds of a test: `count` of them, or the one in COUNTERSIGN_SEED, with which a failure can be tried again. */
export function seeds(count: number): number[] {
  const given = process.env["COUNTERSIGN_SEED"];
  if (given !== undefined) return [Number(given)];
  return Array.from({ length: count }, () => Math.trunc(Math.random() * 2 ** 31));
}

/** mulberry32: few lines, and even enough for a story. */
export function randomFrom(seed: number): Random {
  let state = seed;
  const number = (below: number) => {
    state = Math.trunc(state + 0x6d2b79f5);
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below;
  };
  const whole = (below: number) => Math.floor(number(below));
  return {
    number,
    whole,
    oneOf: (things) => {
      const thing = things[whole(things.length)];
      if (thing === undefined) throw new Error("There is nothing to choose from.");
      return thing;
    },
    shuffled: (things) =>
      things
        .map((thing) => ({ thing, at: number(1) }))
        .toSorted((one, other) => one.at - other.at)
        .map(({ thing }) => thing),
  };
}
