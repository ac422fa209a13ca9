/** How many looks that nobody waits for an installation can afford, so that people who wait have theirs. */

/** The part of an hour's GraphQL points that is left to people who wait. */
const keptShare = 0.2;

/**
 * What the query of a look costs. By GitHub's reckoning it is 256 requests, most of them for the authors and parents of 100
 * commits; a hundred are a point, and it is rounded.
 * https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#predicting-the-point-value-of-a-query
 */
const pointsPerLook = 3;

const hourMs = 60 * 60_000;

type Points = { readonly remaining: number; readonly limit: number };

/** Looks that this hour's points still allow. */
export function affordableLooks({ remaining, limit }: Points): number {
  return Math.max(0, Math.floor((remaining - limit * keptShare) / pointsPerLook));
}

/**
 * When the look at this place of a queue is due (ms since epoch): now as long as this hour's points last, then hour by hour.
 * @param place 0 for the first. @param quota.resetAt when the next hour begins.
 */
export function dueTime(place: number, quota: Points & { readonly resetAt: number }, now: number): number {
  const later = place - affordableLooks(quota);
  if (later < 0) return now;
  const eachHour = Math.max(1, affordableLooks({ ...quota, remaining: quota.limit }));
  return quota.resetAt + Math.floor(later / eachHour) * hourMs;
}
