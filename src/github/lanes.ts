/** Keeps requests within limits of GitHub's: so many at once, so many points within a time. */

type Limit = { readonly max: number; readonly ms: number };

/** Counts points against a limit that holds for any stretch of `ms`, not only for each of a clock's. */
export type Tally = {
  /** How long it takes until so many more are allowed; 0: now. */
  readonly waitMs: (points: number) => number;
  readonly count: (points: number) => void;
};

export function createTally({ max, ms }: Limit): Tally {
  // What was counted within the last `ms`, oldest first, and its sum.
  const counted: { readonly at: number; readonly points: number }[] = [];
  let sum = 0;
  const forget = () => {
    for (let oldest = counted[0]; oldest && oldest.at + ms <= performance.now(); oldest = counted[0]) {
      sum -= oldest.points;
      counted.shift();
    }
  };
  return {
    waitMs: (points) => {
      forget();
      let over = sum + points - max;
      let wait = 0;
      for (const { at, points: freed } of counted) {
        if (over <= 0) break;
        over -= freed;
        wait = at + ms - performance.now();
      }
      return wait;
    },
    count: (points) => {
      counted.push({ at: performance.now(), points });
      sum += points;
    },
  };
}

/** Does something as soon as the lane has room for it, and returns or throws what that does. */
type Lane = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A lane in which `concurrentMax` are under way at once, each of which costs `points` of a tally that other lanes may share. Who
 * finds no room waits, first come first served. What finds room begins at once, without a timer: a look would wait for each of
 * its requests.
 */
export function createLane(room: { concurrentMax: number; points: number; tally: Tally }): Lane {
  const { concurrentMax, points, tally } = room;
  const waiting: (() => void)[] = [];
  let running = 0;
  let timer: NodeJS.Timeout | null = null;
  const beginNext = () => {
    while (waiting.length > 0 && running < concurrentMax) {
      const waitMs = tally.waitMs(points);
      if (waitMs > 0) {
        timer ??= setTimeout(() => {
          timer = null;
          beginNext();
        }, waitMs);
        return;
      }
      tally.count(points);
      running += 1;
      waiting.shift()?.();
    }
  };
  return async (work) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      beginNext();
    });
    try {
      return await work();
    } finally {
      running -= 1;
      beginNext();
    }
  };
}
