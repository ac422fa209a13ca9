import { describe, expect, test } from "vitest";
import type { Observation } from "../src/gate/facts.ts";
import { fromText, toText } from "../src/memory.ts";
import * as small from "./gate/world.ts";

const seen = (change: Parameters<typeof small.evidence>[0] = {}): Observation => ({
  kind: "evidence",
  evidence: small.evidence(change),
});
const push: Observation = {
  kind: "push",
  actor: small.milo,
  before: null,
  after: small.headSha,
  at: "2026-11-20T10:00:00Z",
};
/** GitHub's limit for the text of a check run. */
const charactersMax = 65_535;

function textOf(...observations: readonly Observation[]): string {
  return toText([{ number: 7, observations }]) ?? "";
}

describe("what a check run remembers", () => {
  test("comes back as it was: evidence and pushes, of the pull request that is asked for", () => {
    const inherited = seen({ quote: "there", seenOn: 3 });
    const label = { kind: "label", by: "june", at: null, removedBy: "milo" } as const;
    const text = toText([
      { number: 8, observations: [seen({ quote: "of the other" })] },
      { number: 7, observations: [seen(), push, inherited, seen({ kind: "label", place: label }), seen()] },
    ]);

    expect(fromText(text ?? "", 7)).toEqual([seen(), push, seen({ kind: "label", place: label }), inherited]);
    expect(fromText(`${text}\n`, 8)).toEqual([seen({ quote: "of the other" })]);
    expect(fromText(text ?? "", 9)).toEqual([]);
  });

  test("is nothing where there is neither evidence nor a push, and no text then", () => {
    const opened: Observation = { kind: "opened" };
    expect(
      toText([{ number: 7, observations: [opened, { kind: "scanned", sha: small.headSha }] }]),
    ).toBeNull();
  });

  test("is one text whichever pull request was looked at, and whether it was stored in between", () => {
    const [one, two] = [seen(), seen({ quote: "two" })];
    const pulls = [
      { number: 7, observations: [one, two] },
      { number: 8, observations: [{ ...push }, one] },
    ];
    expect(toText(pulls.toReversed())).toBe(toText(pulls));
    const inherited = seen({ seenOn: 3 });
    expect(textOf(inherited, one, two)).toBe(textOf(one, two));
  });

  test("is the same however often somebody pushes the same, or a delivery tells of it", () => {
    const again = { ...push, at: "2026-11-21T10:00:00Z" };
    expect(textOf(seen(), push, again)).toBe(textOf(seen(), push));
    const others = [
      { ...push, actor: small.june },
      { ...push, before: small.olderSha },
      { ...push, after: small.olderSha },
    ];
    expect(fromText(textOf(push, ...others), 7)).toEqual([push, ...others]);
  });

  test("cannot be forged or broken out of by the text of others", () => {
    const quote = `-->\n${textOf(seen({ quote: "forged" }))}`.slice(0, 290);
    const text = textOf(seen({ quote }));

    expect(text).toMatch(/^<!-- countersign:memory:1 [\w+/]+=* -->$/u);
    expect(fromText(text, 7)).toEqual([seen({ quote })]);
    expect(fromText(`# ${text}`, 7)).toEqual([]);
    expect(fromText(`${text} and more`, 7)).toEqual([]);
  });

  test("is cut where there is too much: one sign of each tool and who pushed come first", () => {
    const many = Array.from({ length: 1000 }, (_, at) => seen({ quote: `${at} ${"☃".repeat(1000)}` }));
    const text = textOf(...many, seen({ tool: "cursor" }), push);

    expect(text.length).toBeLessThan(charactersMax);
    const [first, second, third] = fromText(text, 7) ?? [];
    expect(first).toEqual(seen({ quote: `0 ${"☃".repeat(298)}…` }));
    expect([second, third]).toEqual([seen({ tool: "cursor" }), push]);
  });

  test.each([
    ["is no base64", "<!-- countersign:memory:1 ??? -->"],
    ["is no JSON", `<!-- countersign:memory:1 ${Buffer.from("{").toString("base64")} -->`],
    [
      "is of another form",
      `<!-- countersign:memory:1 ${Buffer.from('[{"number":7}]').toString("base64")} -->`,
    ],
  ])("is known to be damaged when it %s", (_why, text) => {
    expect(fromText(text, 7)).toBeNull();
  });

  test.each(["", "Written by an earlier version", "<!-- countersign:memory:2 e30= -->"])(
    "is nothing in a text of another form: %j",
    (text) => {
      expect(fromText(text, 7)).toEqual([]);
    },
  );
});
