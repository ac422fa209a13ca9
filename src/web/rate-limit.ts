/** How many pages are made in a minute, for one address and for all together. */

/** A person turns no more pages. */
const perAddressMax = 60;
/** What one server makes beside its work: each page reads a few rows and costs about a millisecond. */
const inAllMax = 1_200;
const windowMs = 60_000;

/**
 * Counts requests by whom they come from, minute by minute. Whoever can choose the address only gets past the first limit.
 * @returns null, or for how many seconds the one who asks has to wait.
 */
export function createRateLimit(now: () => number): (address: string) => number | null {
  let began = 0;
  let counts = new Map<string, number>();
  let all = 0;
  return (address) => {
    if (now() - began >= windowMs) {
      began = now();
      counts = new Map();
      all = 0;
    }
    const count = (counts.get(address) ?? 0) + 1;
    if (count > perAddressMax || all >= inAllMax) return Math.ceil((began + windowMs - now()) / 1000);
    counts.set(address, count);
    all += 1;
    return null;
  };
}
