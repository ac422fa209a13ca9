import { expect, it } from "vitest";
import { createRateLimit } from "../../src/web/rate-limit.ts";

it("lets each address have 60 a minute and all together 1,200, and says when the minute is over", () => {
  let now = 100_000;
  const limit = createRateLimit(() => now);
  const ask = (address: string, count: number) => Array.from({ length: count }, () => limit(address));

  expect(ask("one", 61).filter((wait) => wait !== null)).toEqual([60]);
  now += 59_500;
  for (let other = 0; other < 19; other++) expect(ask(`other ${other}`, 60)).not.toContain(1);
  expect(limit("late")).toBe(1);
  now += 500;
  expect([limit("late"), limit("one")]).toEqual([null, null]);
});
