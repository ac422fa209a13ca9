import { describe, expect, test } from "vitest";
import { blocks, strictest } from "../../src/gate/strictest.ts";
import type { Outcome, Verdict } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const sara = { login: "sara", level: "senior" };
const need = { rule: "Senior sign-off", approvals: 1, level: "senior", candidates: ["sara"] };
const outcomes: readonly Outcome[] = [
  { kind: "undecidable", problems: [{ what: "No reviews.", repair: "Wait." }] },
  { kind: "objected", by: [sara] },
  { kind: "waiting", needs: [need] },
  { kind: "overridden", by: sara, reason: "outage" },
  { kind: "countersigned", by: [sara] },
  { kind: "not-needed", why: "no sign of AI assistance" },
];
const pairs = outcomes.flatMap((outcome, at) =>
  outcomes.slice(at + 1).map((other) => [outcome, other] as const),
);

const ofAnotherPull: Partial<Verdict> = { number: 8, url: "https://github.com/acme/shop/pull/8" };

describe("the strictest verdict", () => {
  test.each(pairs)("of $0.kind and $1.kind is the former, in either order", (stricter, other) => {
    const verdicts = [
      small.verdict({ outcome: other }),
      small.verdict({ outcome: stricter, ...ofAnotherPull }),
    ];
    const expected = { ...small.verdict({ outcome: stricter, ...ofAnotherPull }), siblings: [7] };
    expect(strictest(verdicts)).toEqual(expected);
    expect(strictest(verdicts.toReversed())).toEqual(expected);
  });

  test("is one that blocks, whatever an observing policy says", () => {
    const waiting = small.verdict({ outcome: { kind: "waiting", needs: [need] } });
    const observing = small.verdict({ outcome: { kind: "undecidable", problems: [] }, mode: "observe" });
    expect(strictest([observing, waiting])).toEqual(waiting);
    expect([waiting, observing].map(blocks)).toEqual([true, false]);
  });

  test.each(outcomes)("of kind $kind blocks only if somebody has to do something", (outcome) => {
    const held = ["undecidable", "objected", "waiting"].includes(outcome.kind);
    expect(blocks(small.verdict({ outcome }))).toBe(held);
    expect(blocks(small.verdict({ outcome, mode: "observe" }))).toBe(false);
  });

  test("names the other pull requests by number, whatever is said of them", () => {
    const verdicts = outcomes.map((outcome, at) => small.verdict({ outcome, number: 12 - at }));
    expect(strictest(verdicts)).toMatchObject({ number: 12, siblings: [7, 8, 9, 10, 11] });
  });

  test("of two that are countersigned names everybody who did", () => {
    const by = (login: string) =>
      small.verdict({ outcome: { kind: "countersigned", by: [{ login, level: "senior" }] } });
    expect(strictest([by("stan"), by("sara"), by("stan")]).outcome).toEqual({
      kind: "countersigned",
      by: [sara, { login: "stan", level: "senior" }],
    });
  });

  test("of equals is that of the lower number", () => {
    const verdicts = [
      small.verdict({ number: 9 }),
      small.verdict({ number: 7 }),
      small.verdict({ number: 8 }),
    ];
    expect(strictest(verdicts)).toEqual(small.verdict({ number: 7, siblings: [8, 9] }));
  });

  test("of one pull request says what every policy found and asks for", () => {
    const other = { ...need, rule: "Large change", level: "staff" };
    const parts = { evidence: [small.evidence()], contributors: [small.contributor()], notes: ["stale"] };
    const waiting = small.verdict({ outcome: { kind: "waiting", needs: [need] }, ...parts });
    const also = small.verdict({
      outcome: { kind: "waiting", needs: [other, need] },
      refused: [],
      notes: ["more"],
    });
    const passing = small.verdict({ refused: [{ reviewer: "milo", state: "approval", reason: "is mid" }] });
    const result = strictest([waiting, passing, also]);
    const needs = result.outcome.kind === "waiting" ? result.outcome.needs : [];
    expect(needs.map(({ rule }) => rule).toSorted()).toEqual(["Large change", "Senior sign-off"]);
    expect(result.notes.toSorted()).toEqual(["more", "stale"]);
    expect([result.evidence, result.contributors]).toEqual([parts.evidence, parts.contributors]);
    expect(result.refused).toEqual(passing.refused);
    expect(strictest([also, waiting, passing])).toEqual(result);
  });

  test("keeps what is said about other pull requests out of this one", () => {
    const other = small.verdict({ ...ofAnotherPull, notes: ["about 8"], evidence: [small.evidence()] });
    const first = small.verdict({ outcome: { kind: "objected", by: [sara] } });
    expect(strictest([other, first])).toEqual({ ...first, siblings: [8] });
  });

  test("of none is a mistake of the caller", () => {
    expect(() => strictest([])).toThrow("at least one verdict");
  });
});
