import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import type { ConfigChange } from "../../src/gate/facts.ts";
import { configProblems, guardPolicy, raisesLevelOf, whyGuarded } from "../../src/gate/guard.ts";
import { defaultPolicy, type Policy } from "../../src/gate/policy.ts";
import type { Roster } from "../../src/gate/roster.ts";
import * as small from "./world.ts";

const nina = small.user("nina", 300);
const name = small.smallRoster.origin;

function changed(...proposals: readonly ConfigChange["proposal"][]) {
  return small.pull({
    configChanges: proposals.map((proposal, at) => ({ file: "roster", name: `${name}${at}`, proposal })),
  });
}

/** Whether a roster that is this one with a few keys changed raises somebody. */
function raises(account: Account, change: Partial<Roster>, present: Partial<Roster> = {}): boolean {
  const roster = { ...small.smallRoster, ...present };
  const proposed = { ...small.smallRoster, ...change };
  return raisesLevelOf(account, changed({ kind: "roster", roster: proposed }), roster);
}

describe("the guard's policy", () => {
  const asksFor = (roster: Roster, ...policies: readonly Policy[]) =>
    guardPolicy(changed({ kind: "removed" }), roster, policies)?.rules[0]?.require.level;
  const naming = (level: string) =>
    small.policy({ rules: [small.rule({ require: { approvals: 1, level } })] });

  test("has one rule, and nothing else that could apply", () => {
    expect(guardPolicy(changed({ kind: "removed" }), small.smallRoster, [defaultPolicy])).toEqual({
      ...defaultPolicy,
      ai: { ...defaultPolicy.ai, labels: [] },
      origin: "Countersign itself",
      branches: ["~ALL"],
      rules: [small.rule({ name: "The rules guard themselves", when: { provenance: "any" } })],
    });
  });

  test("asks for the level of the built-in rule where no policy is in force", () => {
    expect(asksFor(small.smallRoster)).toBe("senior");
  });

  test("asks for the top of the ladder where a policy names no level, however short the ladder", () => {
    const silent = small.policy({ rules: [] });
    expect(asksFor(small.smallRoster, naming("mid"), silent)).toBe("principal");
    expect(asksFor({ ...small.smallRoster, levels: ["member"] }, silent)).toBe("member");
  });

  test("asks for a level the roster does not have where no policy names another", () => {
    expect(asksFor(small.smallRoster, naming("wizard"))).toBe("wizard");
  });

  test("says which files are changed", () => {
    expect(whyGuarded(changed({ kind: "removed" }, { kind: "removed" }))).toBe(`changes ${name}0, ${name}1`);
  });

  test("comes with all problems of the files", () => {
    const facts = changed(
      { kind: "policy" },
      { kind: "broken", problems: ["1:1: one", "2:1: two"] },
      { kind: "unreadable", why: "it is no text." },
    );
    expect(configProblems(facts, small.config())).toEqual([
      {
        what: `${name}1 would be broken by this pull request: 1:1: one; 2:1: two.`,
        repair: "Repair the file in this pull request.",
      },
      {
        what: `What this pull request makes of ${name}2 could not be read: it is no text.`,
        repair: "Repair the file in this pull request.",
      },
    ]);
  });
});

describe("a changed roster", () => {
  const withMilo = (level: string) => ({
    people: [
      ...small.smallRoster.people.filter(({ login }) => login !== "milo"),
      small.entry(small.milo, level),
    ],
  });

  test.each([
    ["junior", false],
    ["mid", false],
    ["senior", true],
  ])("in which milo, who is mid, is %s: raised is %j", (level, expected) => {
    expect(raises(small.milo, withMilo(level))).toBe(expected);
  });

  test("raises whom it lists, and nobody else who is not listed", () => {
    const people = [...small.smallRoster.people, small.entry(nina, "junior")];
    expect(raises(nina, { people })).toBe(true);
    expect(raises(small.mallory, { people })).toBe(false);
  });

  test("counts beside a changed policy", () => {
    const proposed = { kind: "roster", roster: { ...small.smallRoster, ...withMilo("staff") } } as const;
    expect(raisesLevelOf(small.milo, changed({ kind: "policy" }, proposed), small.smallRoster)).toBe(true);
  });

  test("has the members that its teams have now, whatever the case of their names", () => {
    const members = small.read([nina]);
    const teams = [{ name: "acme/seniors", level: "senior", members }];
    const again = (level: string) => [{ name: "Acme/Seniors", level, members: { kind: "absent" } as const }];
    expect(raises(nina, { teams: again("senior") }, { teams })).toBe(false);
    expect(raises(nina, { teams: again("staff") }, { teams })).toBe(true);
  });

  test("may raise anybody by a team whose members nobody knows yet", () => {
    const teams = [{ name: "acme/new", level: "senior", members: { kind: "absent" } as const }];
    expect(raises(nina, { teams })).toBe(true);
    expect(raises(small.milo, { teams })).toBe(false);
  });

  test("raises who leaves a rung that is gone for one that stays", () => {
    const present = { levels: ["apprentice", "junior", "senior"], people: [small.entry(nina, "apprentice")] };
    const proposed = (level: string) => ({
      levels: ["junior", "senior"],
      people: [small.entry(nina, level)],
    });
    expect(raises(nina, proposed("junior"), present)).toBe(true);
    expect(raises(nina, proposed("senior"), present)).toBe(true);
  });

  test.each([
    ["one", false],
    ["two", false],
    ["three", true],
  ])("with rungs of other names is compared by the distance from the top: %s, %j", (level, expected) => {
    const proposed = { levels: ["one", "two", "three"], people: [small.entry(small.stan, level)] };
    expect(raises(small.stan, proposed)).toBe(expected);
  });
});
