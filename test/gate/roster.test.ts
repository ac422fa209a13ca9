import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import {
  findByEmail,
  findPerson,
  isSame,
  lowestLevel,
  peopleAtOrAbove,
  type Roster,
  rank,
  sameLogin,
  standing,
} from "../../src/gate/roster.ts";
import * as small from "./world.ts";

const nina = small.user("nina", 300);

function roster(change: Partial<Roster>): Roster {
  return { ...small.smallRoster, ...change };
}

function team(level: string, ...members: readonly Account[]) {
  return { name: `acme/${level}s`, level, members: small.read(members) };
}

describe("the roster", () => {
  test("ranks levels from the lowest, and a level it does not have below all of them", () => {
    expect(["junior", "principal", "wizard"].map((level) => rank(small.smallRoster, level))).toEqual([
      0, 4, -1,
    ]);
    expect(lowestLevel(small.smallRoster)).toBe("junior");
  });

  test("compares logins without case, and accounts by id where both are known", () => {
    expect(sameLogin("Ada", "aDA")).toBe(true);
    expect(isSame(small.user("ada", 1), small.user("grace", 1))).toBe(true);
    expect(isSame(small.user("ada", 1), small.user("ada", 2))).toBe(false);
    expect(isSame(small.user("ada", 1), small.user("ADA", null))).toBe(true);
  });

  test("finds a person by id before login", () => {
    const renamed = small.user("sara", small.stan.id);
    expect(findPerson(small.smallRoster, renamed)?.login).toBe("stan");
  });

  test("finds the person of an e-mail whatever its case", () => {
    const people = [small.entry(small.sara, "senior", { emails: ["sara@acme.dev"] })];
    const identity = { name: "", email: "SARA@acme.dev", account: null };
    expect(findByEmail(roster({ people }), identity)?.login).toBe("sara");
    expect(findByEmail(roster({ people }), { ...identity, email: "" })).toBeUndefined();
  });
});

describe("the standing", () => {
  test("of a listed person is their level", () => {
    expect(standing(small.smallRoster, small.sara)).toEqual({
      kind: "listed",
      level: "senior",
      source: "roster",
    });
  });

  test("of an entry that has no id yet is that of its login", () => {
    const people = [small.entry(small.user("Sara", null), "senior")];
    expect(standing(roster({ people }), small.sara)).toEqual({
      kind: "listed",
      level: "senior",
      source: "roster",
    });
  });

  test.each([
    [9999, "the login is on the roster for the account with id 103, this one has 9999"],
    [null, "the login is on the roster for the account with id 103, GitHub does not say which this one has"],
  ])("of an account with a listed login and id %j is none, in no team either", (id, why) => {
    const impostor = small.user("SARA", id);
    const teams = [team("staff", impostor)];
    expect(standing(roster({ teams }), impostor)).toEqual({ kind: "not-listed", why });
  });

  test("of a member of several teams is the highest", () => {
    const teams = [team("mid", nina), team("staff", nina), team("senior", nina)];
    expect(standing(roster({ teams }), nina)).toEqual({
      kind: "listed",
      level: "staff",
      source: "team acme/staffs",
    });
  });

  test("of a person who is also in a higher team is that of the entry", () => {
    const teams = [team("principal", small.milo)];
    expect(standing(roster({ teams }), small.milo)).toEqual({
      kind: "listed",
      level: "mid",
      source: "roster",
    });
  });

  test("of a member of two teams of one level comes from the first", () => {
    const second = { ...team("senior", nina), name: "acme/architects" };
    expect(standing(roster({ teams: [team("senior", nina), second] }), nina)).toEqual({
      kind: "listed",
      level: "senior",
      source: "team acme/seniors",
    });
  });

  test("of somebody in no team says which teams could not be read", () => {
    const teams = ["acme/seniors", "acme/staff"].map((name) => {
      return { name, level: "senior", members: { kind: "absent" } as const };
    });
    expect(standing(roster({ teams: [...teams, team("staff", small.stan)] }), nina)).toEqual({
      kind: "not-listed",
      why: "is not listed, and could not be looked up in acme/seniors, acme/staff",
    });
    const others = [team("staff", small.stan)];
    expect(standing(roster({ teams: others }), nina)).toEqual({
      kind: "not-listed",
      why: "is not on the roster",
    });
  });
});

describe("who could countersign", () => {
  const logins = (of: Roster, level = "senior", day = "2026-11-20") =>
    peopleAtOrAbove(of, level, day).map(({ login }) => login);

  test("is everybody at the level or above, the lowest level first", () => {
    expect(logins(roster({ people: small.smallRoster.people.toReversed() }))).toEqual([
      "sara",
      "stan",
      "paula",
    ]);
  });

  test.each([
    ["2026-11-19", ["sara"]],
    ["2026-11-20", []],
    ["2026-11-22", []],
    ["2026-11-23", ["sara"]],
  ])("on %s, around an absence from 20 to 22, is %j", (day, expected) => {
    const away = { from: "2026-11-20", until: "2026-11-22" };
    expect(logins(roster({ people: [small.entry(small.sara, "senior", { away })] }), "senior", day)).toEqual(
      expected,
    );
  });

  test("includes members of teams once, and neither bots nor people the roster lists lower", () => {
    const renamedMilo = small.user("milo-smith", small.milo.id);
    const teams = [team("senior", nina, small.dependabot, renamedMilo), team("staff", nina, small.milo)];
    expect(logins(roster({ teams, people: [small.entry(small.milo, "mid")] }))).toEqual(["nina"]);
  });
});
