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

  test("name at most three of the parts of a contributor", () => {
    const parts = ["one", "two", "three", "four", "five"];
    const people = [small.contributor({ name: "sara", account: small.sara, parts })];
    const { refused } = weighReviews(small.reviewed(small.review(small.sara)), people, small.smallRoster);
    expect(refused.map(({ reason }) => reason)).toEqual([
      "is a contributor to this change (one, two, three and 2 more)",
    ]);
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
