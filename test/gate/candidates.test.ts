import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import { judge } from "../../src/gate/judge.ts";
import type { Policy } from "../../src/gate/policy.ts";
import * as small from "./world.ts";

const override = { level: "staff" };
const gate = "gate the branch its commits come from, so that they are countersigned there and arrive cleared";
const split = "split the change, so that somebody is no contributor to a part of it";
const add = "add people to the roster";
const comment =
  "have somebody at staff or above who is no contributor comment /countersign override <reason>";
const tooFew =
  "Too few people can countersign: the others are contributors to this change, away, or below the level asked for.";

/** A rule that asks for so many approvals. */
function asking(approvals: number, name = "Two eyes") {
  return small.rule({ name, require: { approvals, level: "senior" } });
}

function notes(policy: Partial<Policy>, pushers: readonly Account[] = [], people = small.smallRoster.people) {
  const observations = pushers.map(
    (actor) =>
      ({ kind: "push", actor, before: null, after: small.headSha, at: "2026-11-20T09:00:00Z" }) as const,
  );
  return judge(small.pull({ observations }), {
    roster: small.read({ ...small.smallRoster, people }),
    policies: [small.read(small.policy(policy))],
  })?.notes;
}

describe("the ways out", () => {
  test("are not told where just enough people can countersign", () => {
    expect(notes({ rules: [asking(3)] })).toEqual([]);
  });

  test("are to add people where there are too few", () => {
    expect(notes({ rules: [asking(4)] })).toEqual([
      `No way to satisfy Two eyes as it stands. ${tooFew} Ways out: ${add}.`,
    ]);
  });

  test("are two where somebody may override", () => {
    expect(notes({ rules: [asking(4)], override })).toEqual([
      `No way to satisfy Two eyes as it stands. ${tooFew} Ways out: ${add}; or ${comment}.`,
    ]);
  });

  test("are all of them where everybody who could is a contributor", () => {
    const rules = [asking(1, "Two eyes"), asking(2, "Four eyes")];
    expect(notes({ mode: "observe", rules, override }, [small.sara, small.stan, small.paula])).toEqual([
      `Observing only: No way to satisfy Two eyes, Four eyes as it stands. Everybody who could countersign is a contributor to this change: sara, stan, paula. Ways out: ${gate}; ${split}; ${add}; or ${comment}.`,
    ]);
  });

  test.each([
    [10, "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9"],
    [12, "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 and 2 more"],
  ])("name ten people at most: of %i", (count, named) => {
    const seniors = Array.from({ length: count }, (_, at) => small.user(`s${at}`, 1000 + at));
    const people = [small.june, ...seniors].map((account) =>
      small.entry(account, account === small.june ? "junior" : "senior"),
    );
    expect(notes({ rules: [asking(1)] }, seniors, people)).toEqual([
      `No way to satisfy Two eyes as it stands. Everybody who could countersign is a contributor to this change: ${named}. Ways out: ${gate}; ${split}; or ${add}.`,
    ]);
  });
});
