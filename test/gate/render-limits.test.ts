import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { render } from "../../src/gate/render.ts";
import type { Outcome, Verdict } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

/** Text of others, some of it very long, all of it unfriendly. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "@acme/all",
    "](https://evil.example)",
    "| x |",
    "\n### Countersigned\n",
    "`",
    "\\|",
    "<b>",
    "🤖".repeat(300),
  ),
  fc.constantFrom("#", "|", "`", "x ").map((part) => part.repeat(3000)),
);
const level = text;
const person = fc.record({ login: text, level });
const people = fc.oneof(
  fc.array(person, { maxLength: 3 }),
  fc.array(person, { minLength: 100, maxLength: 150 }),
);
const texts = fc.oneof(fc.array(text, { maxLength: 3 }), fc.array(text, { minLength: 100, maxLength: 150 }));

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant("undecidable" as const),
    problems: fc.array(fc.record({ what: text, repair: text }), { minLength: 1, maxLength: 30 }),
  }),
  fc.record({ kind: fc.constant("objected" as const), by: people }),
  fc.record({
    kind: fc.constant("waiting" as const),
    needs: fc.array(
      fc.record({ rule: text, approvals: fc.integer({ min: 1, max: 9 }), level, candidates: texts }),
      { minLength: 1, maxLength: 5 },
    ),
  }),
  fc.record({ kind: fc.constant("overridden" as const), by: person, reason: text }),
  fc.record({ kind: fc.constant("countersigned" as const), by: people }),
  fc.record({ kind: fc.constant("not-needed" as const), why: text }),
);

const rule = fc.record({
  policy: text,
  name: text,
  because: text,
  require: fc.record({ approvals: fc.integer({ min: 1, max: 9 }), level }),
  countersignedBy: people,
  missing: fc.integer({ min: 0, max: 9 }),
  candidates: texts,
});
const place = fc.oneof(
  fc.record({ kind: fc.constant("commit" as const), sha: text }),
  fc.record({
    kind: fc.constant("label" as const),
    by: fc.option(text),
    at: fc.option(text),
    removedBy: fc.option(text),
  }),
  fc.constant({ kind: "pull-request" } as const),
);
const evidence = fc
  .record({ tool: text, quote: text, place, remembered: fc.boolean() })
  .map((change) => small.evidence(change));
const contributor = fc
  .record({ name: text, level, source: text, parts: texts })
  .map((change) => small.contributor(change));

const verdict: fc.Arbitrary<Verdict> = fc
  .record({
    outcome,
    mode: fc.constantFrom("enforce" as const, "observe" as const),
    siblings: fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 100 }),
    evidence: fc.array(evidence, { maxLength: 100 }),
    contributors: fc.array(contributor, { maxLength: 20 }),
    rules: fc.array(rule, { maxLength: 20 }),
    refused: fc.array(fc.record({ reviewer: text, state: text, reason: text }), { maxLength: 100 }),
    notes: fc.array(text, { maxLength: 100 }),
  })
  .map((change) => small.verdict(change));

const runs = { numRuns: Number(process.env["FC_RUNS"] ?? 40) };

describe("whatever the verdict", () => {
  test("title and summary stay within GitHub's limits and keep the state", () => {
    fc.assert(
      fc.property(verdict, (verdict) => {
        const { title, summary } = render(verdict);
        const { outcome, mode } = verdict;
        const alone = render(small.verdict({ outcome, mode })).summary.split("\n")[0] ?? "";
        expect(title.length).toBeLessThanOrEqual(255);
        expect(summary.length).toBeLessThanOrEqual(65_535);
        expect(alone).toMatch(/^(\*\*Observe only:\*\* )?\S+ ./u);
        expect(summary.split("\n")[0]).toBe(alone);
      }),
      runs,
    );
  });

  test("headings are ours, rows have as many cells as their table, and nothing acts outside code spans", () => {
    fc.assert(
      fc.property(verdict, (verdict) => {
        let columns = 0;
        for (const line of render(verdict).summary.split("\n")) {
          if (/^#{1,6}(\s|$)/u.test(line))
            expect(line).toMatch(/^### (Rules|Reviews|Evidence|Contributors)[a-zA-Z ]*$/u);
          if (line.startsWith("|")) {
            const bars = line.match(/(?<!\\)(\\\\)*\|/gu)?.length ?? 0;
            columns ||= bars;
            expect(bars).toBe(columns);
          } else columns = 0;
          const bare = withoutOurs(line);
          expect(bare).not.toMatch(/@(?!\u2060)|[<>[\]]/u);
        }
      }),
      runs,
    );
  });

  test("a cut summary says so below the last table", () => {
    const refused = Array.from({ length: 50 }, () => ({
      reviewer: "x",
      state: "approval",
      reason: "|".repeat(400),
    }));
    const notes = Array.from({ length: 40 }, (_, at) => `${at} ${"#".repeat(900)}`);
    const { summary } = render(small.verdict({ refused, notes }));
    expect(summary.split("\n").slice(-2)).toEqual(["", "…cut: GitHub shows no longer summary."]);
  });
});

/** A line without escapes, code spans and the links the gate writes itself. */
function withoutOurs(line: string): string {
  return line
    .replace(/\\[!-/:-@[-`{-~]|(`+)(?!`).*?(?<!`)\1(?!`)/gu, "")
    .replace(/\[[^\]]*\]\(https:\/\/github\.com\/acme\/shop\/pull\/7[^) ]*\)/gu, "");
}
