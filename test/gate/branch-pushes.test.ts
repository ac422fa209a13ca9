import { describe, expect, test } from "vitest";
import {
  asObservation,
  type BranchPush,
  pushesSinceBase,
  untoldHeads,
} from "../../src/gate/branch-pushes.ts";
import type { Facts } from "../../src/gate/facts.ts";
import * as small from "./world.ts";

const names = ["june", "milo", "sara", "stan"] as const;
const accounts = { june: small.june, milo: small.milo, sara: small.sara, stan: small.stan };

/** `june topic: . -> a1` as a push; `.` is where there was no branch, `+>` is forced. */
function pushes(lines: readonly string[]): BranchPush[] {
  return lines.map((line) => {
    const [, who = "", branch = "", before = "", arrow, after = ""] =
      /^(\w+) (\w+): (\S+) (\S+) (\w+)$/u.exec(line) ?? [];
    const name = names.find((one) => one === who);
    if (name === undefined) throw new Error(`${line}: nobody`);
    const from = before === "." ? null : small.sha(before);
    const to = { before: from, after: small.sha(after), forced: arrow === "+>" };
    return { branch, actor: accounts[name], ...to, at: "2026-11-20T09:00:00Z" };
  });
}

/** Who pushed what since the head left the base, as the lines are written. */
function found(facts: Partial<Facts>, lines: readonly string[]): string[] {
  const all = pushes(lines);
  const counted = pushesSinceBase(small.pull({ headRef: "topic", ...facts }), all);
  return lines.filter((_, at) => counted.some((push) => push === all[at]));
}

/** A head with these commits in its range, the head first. */
function range(...shas: string[]): Partial<Facts> {
  const commits = small.read(shas.map((sha) => small.commit({ sha: small.sha(sha) })));
  return { headSha: small.sha(shas[0] ?? ""), commits };
}

describe("the pushes since the head left the base", () => {
  test("are all that lead from its creation to the head, in whatever order they were told of", () => {
    const lines = ["sara topic: a2 -> a3", "june topic: . -> a1", "milo topic: a1 -> a2"];
    expect(found(range("a3", "a2", "a1"), lines)).toEqual(lines);
  });

  test("are those that were replaced, too", () => {
    const lines = ["june topic: . -> a1", "sara topic: a1 +> b1", "june topic: b1 +> c1"];
    expect(found(range("c1"), lines)).toEqual(lines);
  });

  test("are none from before the branch stood on a commit of the base", () => {
    const lines = [
      "sara topic: . -> a1",
      "stan topic: a1 -> ba5e",
      "june topic: ba5e -> b1",
      "milo topic: b1 -> b2",
    ];
    expect(found(range("b2", "b1"), lines)).toEqual(lines.slice(2));
  });

  test("are none from an earlier life of a branch that was deleted", () => {
    const lines = ["sara topic: . -> a1", "stan topic: a1 -> a2", "june topic: . -> b1"];
    expect(found(range("b1"), lines)).toEqual(lines.slice(2));
  });

  test("are those of an earlier life if the branch goes on from where that ended", () => {
    const lines = ["sara topic: . -> a1", "june topic: . -> a1", "june topic: a1 -> a2"];
    expect(found(range("a2", "a1"), lines)).toEqual(lines);
  });

  test("are those to the branch that it was made from or renamed from, and not later ones", () => {
    const before = ["sara draft: . -> a1", "june topic: . -> a1"];
    expect(found(range("a1"), [...before, "stan staging: . -> a1"])).toEqual(before);
    expect(found(range("a2", "a1"), ["sara draft: . -> a1", "june topic: a1 -> a2"])).toEqual([
      "sara draft: . -> a1",
      "june topic: a1 -> a2",
    ]);
  });

  test("are followed back over one that only the pull request was told of so far", () => {
    const lines = ["sara draft: . -> a1", "june topic: . -> a1"];
    const push = { kind: "push", actor: small.june, at: "2026-11-20T09:00:00Z" } as const;
    const told = { ...push, before: small.sha("a1"), after: small.sha("a2") };
    expect(found({ ...range("a2", "a1"), observations: [told] }, lines)).toEqual(lines);
    const timeline = small.read([{ ...told, kind: "force-pushed" } as const]);
    expect(found({ ...range("a2"), timeline }, lines)).toEqual(lines);
  });

  test("are all ever seen to the branch where one that led to the head was not told of", () => {
    const lines = ["sara topic: . -> a1", "stan other: . -> b1", "june topic: a2 -> a3"];
    expect(found(range("a3", "a2", "a1"), lines)).toEqual(["sara topic: . -> a1", "june topic: a2 -> a3"]);
    expect(found(range("a4"), lines)).toEqual(["sara topic: . -> a1", "june topic: a2 -> a3"]);
  });

  test("are found in a circle, and where the commits could not be read", () => {
    const lines = ["june topic: . -> a1", "sara topic: a1 +> b1", "june topic: b1 +> a1"];
    expect(found(range("a1"), lines)).toEqual(lines);
    expect(found({ ...range("a1"), commits: { kind: "unreadable", why: "no" } }, lines)).toEqual(lines);
  });
});

/** Of which heads since the base nobody told who pushed them, where the pull request was told of these pushes. */
function untold(facts: Partial<Facts>, lines: readonly string[]): string[] {
  const names_ = new Map(["a1", "a2", "a3", "b1"].map((name) => [small.sha(name), name]));
  const observations = pushes(lines).map(asObservation);
  return untoldHeads(small.pull({ headRef: "topic", ...facts, observations })).map(
    (sha) => names_.get(sha) ?? sha,
  );
}

describe("a head of which nobody told who pushed it", () => {
  test("is none where every push was told, back to the base or the creation of the branch", () => {
    expect(untold(range("a2", "a1"), ["june topic: . -> a1", "sara topic: a1 -> a2"])).toEqual([]);
    expect(untold(range("a2", "a1"), ["june topic: ba5e -> a1", "sara topic: a1 -> a2"])).toEqual([]);
  });

  test("is the head, or one that a push began at", () => {
    expect(untold(range("a2", "a1"), ["june topic: . -> a1"])).toEqual(["a2"]);
    expect(untold(range("a3", "a2", "a1"), ["june topic: . -> a1", "sara topic: a2 -> a3"])).toEqual(["a2"]);
  });

  test("is one that was replaced, and is none that the timeline tells of", () => {
    const forced = { kind: "force-pushed", actor: small.june, at: "2026-11-20T09:00:00Z" } as const;
    const timeline = small.read([{ ...forced, before: small.sha("a1"), after: small.sha("b1") }]);
    expect(untold({ ...range("b1"), timeline }, [])).toEqual(["a1"]);
    expect(untold({ ...range("b1"), timeline }, ["june topic: . -> a1"])).toEqual([]);
  });
});
