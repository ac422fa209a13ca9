import { describe, expect, test } from "vitest";
import { pool } from "../../src/gate/pool.ts";
import * as small from "./world.ts";

const at = "2026-11-20T09:00:00Z";
const approval = small.review(small.sara);
const push = { kind: "push", actor: small.milo, before: null, after: small.headSha, at } as const;
const seen = { kind: "review", reviewId: "1", sha: small.headSha, base: "main" } as const;
const label = { kind: "label", action: "labeled", label: "ai-assisted", actor: null, at } as const;
const labeled = { kind: "labeled", label: "ai-assisted", actor: null, at } as const;
const forced = { kind: "force-pushed", actor: small.milo, before: null, after: null, at } as const;

const one = small.pull({ number: 7 });
const other = small.pull({
  number: 8,
  author: small.milo,
  assignees: [small.stan],
  reviews: small.read([approval]),
  observations: [push, seen, label, { kind: "evidence", evidence: small.evidence() }],
  timeline: small.read([labeled, forced, { ...labeled, kind: "unlabeled" }]),
  labels: small.read(["ai-assisted"]),
});

describe("pull requests with one head SHA", () => {
  test("and one base share reviews, people and what moves them, but neither labels nor evidence", () => {
    expect(pool([one, other])).toEqual([
      {
        ...one,
        otherAuthors: [small.milo],
        assignees: [small.stan],
        reviews: small.read([approval]),
        timeline: small.read([forced]),
        observations: [push, seen],
      },
      { ...other, otherAuthors: [small.june] },
    ]);
  });

  test("and different bases share nothing", () => {
    const elsewhere = { ...other, base: "next" };
    expect(pool([one, elsewhere])).toEqual([one, elsewhere]);
  });

  test("and a closed one gives nothing to those that are open", () => {
    const closed = { ...other, open: false };
    expect(pool([one, closed])[0]).toEqual(one);
  });

  test("are unreadable together, because half of the reviews would pass for all of them", () => {
    const broken = { kind: "unreadable", why: "GitHub answered 502" } as const;
    const pooled = pool([
      { ...one, reviews: broken },
      { ...other, timeline: broken },
    ]);
    expect(pooled.map(({ reviews, timeline }) => [reviews, timeline])).toEqual([
      [broken, broken],
      [broken, broken],
    ]);
  });

  test("leave a single one as it is", () => {
    expect(pool([other])).toEqual([other]);
  });
});
