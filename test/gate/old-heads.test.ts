import { describe, expect, test } from "vitest";
import type { Facts, TimelineEvent } from "../../src/gate/facts.ts";
import { headsScanned, isNews, oldHeadsToRead } from "../../src/gate/old-heads.ts";
import * as small from "./world.ts";

const [one, two, three] = [small.sha("01de4"), small.sha("02de4"), small.sha("03de4")];

function forced(before: string | null, after: string | null): TimelineEvent {
  return { kind: "force-pushed", actor: small.june, before, after, at: "2026-11-20T10:00:00Z" };
}

function scanned(sha: string): Facts["observations"][number] {
  return { kind: "scanned", sha };
}

describe("an old head is read", () => {
  test("when a force-push replaced it or brought it, each once", () => {
    const timeline = small.read([forced(one, two), forced(two, three), forced(three, small.headSha)]);
    expect(oldHeadsToRead(small.pull({ timeline }))).toEqual([one, two, three]);
  });

  test("when any push had brought it, before the pull request was opened, too, and its commits are gone", () => {
    const push = (before: string | null, after: string) =>
      ({ kind: "push", actor: small.june, before, after, at: "2026-11-20T10:00:00Z" }) as const;
    const observations = [push(null, one), push(one, two), push(two, one), push(one, small.headSha)];
    expect(oldHeadsToRead(small.pull({ observations }))).toEqual([one, two]);
  });

  test.each([
    ["nothing was force-pushed", {}],
    [
      "it was scanned while it was the head",
      { timeline: [forced(one, small.headSha)], observations: [scanned(one)] },
    ],
    ["its commits are still there", { timeline: [forced(small.headSha, null)] }],
    ["GitHub does not say which it was", { timeline: [forced(null, null)] }],
  ] as const)(
    "but not when %s",
    (_why, { timeline = [], ...change }: { timeline?: readonly TimelineEvent[] }) => {
      expect(oldHeadsToRead(small.pull({ ...change, timeline: small.read(timeline) }))).toEqual([]);
    },
  );

  test("but not while the pull request has it as one of its commits", () => {
    const commits = small.read([small.commit({ sha: one }), small.commit()]);
    const timeline = small.read([forced(one, two)]);
    expect(oldHeadsToRead(small.pull({ commits, timeline }))).toEqual([two]);
    const unread = { kind: "unreadable", why: "502" } as const;
    expect(oldHeadsToRead(small.pull({ commits: unread, timeline }))).toEqual([one, two]);
  });

  test("though somebody reviewed it or overrode there, which is no search, and whatever else happened", () => {
    const at = "2026-11-20T09:00:00Z";
    const by = small.stan;
    const observations: Facts["observations"] = [
      { kind: "review", reviewId: "1", sha: one, base: "main" },
      { kind: "override", comment: "2", by, reason: "It burns", sha: two, at },
    ];
    const labeled = { kind: "labeled", label: "docs", actor: small.june, at } as const;
    const timeline = small.read([forced(one, two), labeled, forced(two, small.headSha)]);
    expect(oldHeadsToRead(small.pull({ observations, timeline }))).toEqual([one, two]);
  });

  test("but not when nobody could read the timeline, which is reason enough not to decide", () => {
    expect(oldHeadsToRead(small.pull({ timeline: { kind: "unreadable", why: "502" } }))).toEqual([]);
  });
});

describe("a look has scanned", () => {
  const read = small.read([small.plainCommit({ sha: one })]);

  test("the head, and the old heads it could read", () => {
    const lost = { kind: "unreadable", why: "502" } as const;
    const oldHeads = [
      { sha: one, commits: read },
      { sha: two, commits: lost },
      { sha: three, commits: { kind: "absent" } as const },
    ];
    const config = small.config(small.policy());
    expect(headsScanned(small.pull({ oldHeads }), config)).toEqual([scanned(small.headSha), scanned(one)]);
  });

  test("of what was merged only the head: whether an earlier one was merged with it nobody knows, and it is not read again", () => {
    const later = { kind: "scanned-later", sha: one } as const;
    const merged = { merged: true, oldHeads: [{ sha: one, commits: read }] };
    expect([
      headsScanned(small.pull(merged), small.config()),
      headsScanned(small.pull({ ...merged, observations: [later] }), small.config()),
      oldHeadsToRead(small.pull({ observations: [later], timeline: small.read([forced(one, two)]) })),
    ]).toEqual([[scanned(small.headSha), later], [scanned(small.headSha)], [two]]);
  });

  test("a head that somebody only reviewed before", () => {
    const review = { kind: "review", reviewId: "1", sha: small.headSha, base: "main" } as const;
    const heads = headsScanned(small.pull({ observations: [review] }), small.config());
    expect(heads).toEqual([scanned(small.headSha)]);
  });

  test("nothing new when it was all scanned before", () => {
    const observations = [scanned(small.headSha)];
    expect(headsScanned(small.pull({ observations }), small.config())).toEqual([]);
  });

  test.each([
    ["the commits", { commits: { kind: "unreadable", why: "502" } }],
    ["the timeline, in which further heads may stand,", { timeline: { kind: "unreadable", why: "502" } }],
  ] as const)("nothing while %s could not be read", (_what, change) => {
    const oldHeads = [{ sha: one, commits: read }];
    expect(headsScanned(small.pull({ ...change, oldHeads }), small.config())).toEqual([]);
  });

  test("nothing while a policy is broken, which may name markers", () => {
    const config = { ...small.config(), policies: [{ kind: "unreadable", why: "broken" } as const] };
    expect(headsScanned(small.pull(), config)).toEqual([]);
  });
});

describe("it is news when a look saw", () => {
  const config = small.config();
  const seen = (change: Parameters<typeof small.evidence>[0] = {}): Facts["observations"][number] => ({
    kind: "evidence",
    evidence: small.evidence(change),
  });

  test("a head that none had scanned, and not when all were", () => {
    expect(isNews(small.pull(), [], config)).toBe(true);
    expect(isNews(small.pull({ observations: [scanned(small.headSha)] }), [], config)).toBe(false);
  });

  test("a sign that was not remembered of this pull request itself", () => {
    const sign = small.evidence();
    const about = (...observations: Facts["observations"]) =>
      isNews(small.pull({ observations: [scanned(small.headSha), ...observations] }), [sign], config);
    expect([about(), about(seen()), about(seen({ seenOn: 3 })), about(seen({ quote: "another" }))]).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  test("one new sign beside one that is known", () => {
    const observations = [scanned(small.headSha), seen()];
    const both = [small.evidence(), small.evidence({ quote: "another" })];
    expect(isNews(small.pull({ observations }), both, config)).toBe(true);
  });
});
