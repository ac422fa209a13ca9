import { describe, expect, test } from "vitest";
import { atLevel, weighReviews } from "../../src/gate/approvals.ts";
import type { Facts } from "../../src/gate/facts.ts";
import * as small from "./world.ts";

const june = [small.contributor()];

function weigh(facts: Facts) {
  const { approvals, objections, refused } = weighReviews(facts, june, small.smallRoster);
  return {
    approvals: approvals.map(({ person }) => person.login),
    objections: objections.map(({ person, dismissedBy }) => [
      person.login,
      dismissedBy?.actor?.login ?? null,
    ]),
    refused: refused.map(({ reviewer, state, reason }) => `${reviewer} (${state}): ${reason}`),
  };
}

describe("reviews", () => {
  test("are weighed by time, not by the order they are listed in", () => {
    const later = small.review(small.sara, {
      id: "1",
      state: "CHANGES_REQUESTED",
      submittedAt: "2026-11-20T11:00:00Z",
    });
    const earlier = small.review(small.sara, { id: "2", submittedAt: "2026-11-20T10:00:00Z" });
    expect(weigh(small.pull({ reviews: small.read([later, earlier]) }))).toEqual({
      approvals: [],
      objections: [["sara", null]],
      refused: [],
    });
  });

  test("of one second are weighed by their number, however many digits it has", () => {
    const first = small.review(small.sara, { id: "9", state: "CHANGES_REQUESTED" });
    const second = small.review(small.sara, { id: "10" });
    expect(weigh(small.pull({ reviews: small.read([second, first]) })).approvals).toEqual(["sara"]);
  });

  test("of one person under two spellings are those of one person", () => {
    const facts = small.reviewed(small.review(small.sara), small.review(small.user("SARA", null)));
    expect(weigh(facts).approvals).toEqual([]);
    expect(weigh(facts).refused).toHaveLength(1);
  });

  test("that were dismissed by a deleted account are taken for objections", () => {
    const facts = small.reviewed(small.review(small.sara, { state: "DISMISSED" }));
    const event = {
      kind: "review-dismissed",
      reviewId: "1",
      actor: null,
      at: "2026-11-20T11:00:00Z",
    } as const;
    const dismissed = {
      ...facts,
      timeline: small.read([{ ...event, previousState: "CHANGES_REQUESTED" as const }]),
    };
    expect(weigh(dismissed)).toEqual({
      approvals: [],
      objections: [["sara", null]],
      refused: ["sara (request for changes): was dismissed"],
    });
  });

  test("cannot be tied to a commit without the timeline, unless their delivery was seen", () => {
    const facts: Facts = { ...small.reviewed(small.review(small.sara)), timeline: { kind: "absent" } };
    expect(weigh(facts).refused).toEqual([
      "sara (approval): cannot be tied to a commit, because the timeline could not be read; it has to be given again",
    ]);
    const seen = { kind: "review", reviewId: "1", sha: small.headSha, base: "main" } as const;
    expect(weigh({ ...facts, observations: [seen] }).approvals).toEqual(["sara"]);
  });

  test("at one second with a force-push are taken for older", () => {
    const facts = small.reviewed(small.review(small.sara));
    const event = { kind: "force-pushed", actor: small.june, before: null, after: null } as const;
    const moved = { ...facts, timeline: small.read([{ ...event, at: "2026-11-20T10:00:00Z" }]) };
    expect(weigh(moved).approvals).toEqual([]);
  });

  test.each([
    [["one", "two", "three"], "one, two, three"],
    [["one", "two", "three", "four", "five"], "one, two, three and 2 more"],
  ])("name at most three of the parts of a contributor: %j", (parts, named) => {
    const people = [small.contributor({ name: "sara", account: small.sara, parts })];
    const { refused } = weighReviews(small.reviewed(small.review(small.sara)), people, small.smallRoster);
    expect(refused.map(({ reason }) => reason)).toEqual([`is a contributor to this change (${named})`]);
  });

  test("by deleted accounts are told where they decide something", () => {
    const states = ["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"] as const;
    expect(weigh(small.reviewed(...states.map((state) => small.review(null, { state }))))).toEqual({
      approvals: [],
      objections: [],
      refused: [
        "a deleted account (approval): is by nobody on the roster any more",
        "a deleted account (request for changes): is by nobody on the roster any more",
      ],
    });
  });

  test("are none where they could not be read", () => {
    expect(weigh(small.pull({ reviews: { kind: "absent" } }))).toEqual({
      approvals: [],
      objections: [],
      refused: [],
    });
  });

  test("have each the commit that their own delivery named", () => {
    const facts = small.reviewed(small.review(small.sara), small.review(small.stan));
    const seen = (reviewId: string, sha: string) =>
      ({ kind: "review", reviewId, sha, base: "main" }) as const;
    const observations = [seen("2", small.olderSha), seen("1", small.headSha)];
    expect(weigh({ ...facts, observations })).toEqual({
      approvals: ["sara"],
      objections: [],
      refused: ["stan (approval): approved 01de400, the head is now c0ffee1"],
    });
  });
});

describe("dismissed reviews", () => {
  const at = "2026-11-20T11:00:00Z";
  const dismissed = { kind: "review-dismissed", at } as const;
  const all = small.reviewed(
    small.review(small.sara, { state: "DISMISSED" }),
    small.review(small.stan, { state: "DISMISSED" }),
  );

  test("are told apart by their dismissals, of which the last one counts", () => {
    const timeline = small.read([
      { ...dismissed, reviewId: "1", previousState: "APPROVED", actor: small.milo },
      { ...dismissed, reviewId: "1", previousState: "APPROVED", actor: small.june },
      { ...dismissed, reviewId: "2", previousState: "CHANGES_REQUESTED", actor: small.paula },
      { kind: "labeled", label: "docs", actor: small.june, at },
    ] as const);
    expect(weigh({ ...all, timeline })).toEqual({
      approvals: [],
      objections: [["stan", "paula"]],
      refused: [
        "sara (approval): was dismissed by june",
        "stan (request for changes): was dismissed by paula",
      ],
    });
  });

  test("are taken for objections where the timeline could not be read", () => {
    expect(weigh({ ...all, timeline: { kind: "absent" } })).toEqual({
      approvals: [],
      objections: [
        ["sara", null],
        ["stan", null],
      ],
      refused: ["sara (review): was dismissed", "stan (review): was dismissed"],
    });
  });

  test("are no objections of people who have no say", () => {
    const facts = small.reviewed(small.review(small.mallory, { state: "DISMISSED" }));
    expect(weigh(facts)).toEqual({
      approvals: [],
      objections: [],
      refused: ["mallory (review): was dismissed"],
    });
  });

  test.each([
    ["COMMENTED", "comment"],
    ["PENDING", "review"],
    ["DISMISSED", "review"],
  ] as const)("that were %s are each called a %s", (previousState, state) => {
    const facts = small.reviewed(small.review(small.sara, { state: "DISMISSED" }));
    const timeline = small.read([{ ...dismissed, reviewId: "1", previousState, actor: small.june }]);
    expect(weigh({ ...facts, timeline }).refused).toEqual([`sara (${state}): was dismissed by june`]);
  });
});

describe("approvals at a level", () => {
  test("are those of people at that level or above", () => {
    const facts = small.reviewed(
      small.review(small.milo),
      small.review(small.sara),
      small.review(small.paula),
    );
    const { approvals } = weighReviews(facts, june, small.smallRoster);
    expect(atLevel(approvals, "senior", small.smallRoster).map(({ person }) => person.login)).toEqual([
      "sara",
      "paula",
    ]);
  });
});
