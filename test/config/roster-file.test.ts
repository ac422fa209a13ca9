import { describe, expect, test } from "vitest";
import { defaultLevels, parseRoster } from "../../src/config/roster-file.ts";
import { formatProblem } from "../../src/config/yaml-file.ts";

function problemsOf(text: string): string[] {
  const parsed = parseRoster(text, "acme/.github");
  return parsed.kind === "ok" ? [] : parsed.problems.map((problem) => formatProblem("roster.yml", problem));
}

function rosterOf(text: string) {
  const parsed = parseRoster(text, "acme/.github");
  if (parsed.kind === "broken") throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const everyKey = `
levels: [junior, mid, senior, staff, principal]
unlisted: mid
people:
  ada: principal
  Grace-Hopper_acme:
    level: senior
    id: 1024
    emails: [grace@acme.dev, 1024+grace@users.noreply.github.com]
    away: { from: 2026-12-20, until: 2027-01-03 }
teams:
  acme/staff-engineers: staff
`;

describe("a roster", () => {
  test("with every key is read as written", () => {
    expect(rosterOf(everyKey)).toEqual({
      origin: "acme/.github",
      levels: ["junior", "mid", "senior", "staff", "principal"],
      unlisted: "mid",
      people: [
        { login: "ada", level: "principal", id: null, emails: [], away: null },
        {
          login: "Grace-Hopper_acme",
          level: "senior",
          id: 1024,
          emails: ["grace@acme.dev", "1024+grace@users.noreply.github.com"],
          away: { from: "2026-12-20", until: "2027-01-03" },
        },
      ],
      teams: [{ name: "acme/staff-engineers", level: "staff", members: { kind: "absent" } }],
    });
  });

  test("without levels has the default ladder, and its lowest for who is not listed", () => {
    expect(rosterOf("people: { ada: senior }")).toEqual({
      origin: "acme/.github",
      levels: defaultLevels,
      unlisted: "junior",
      people: [{ login: "ada", level: "senior", id: null, emails: [], away: null }],
      teams: [],
    });
  });

  test("with levels of its own has their lowest for who is not listed", () => {
    const { levels, unlisted } = rosterOf("levels: [L1, L2]\npeople: { ada: L2 }");
    expect({ levels, unlisted }).toEqual({ levels: ["L1", "L2"], unlisted: "L1" });
  });

  test("keeps logins that look like numbers", () => {
    expect(
      rosterOf("people: { 007: senior, 1e3: mid }")
        .people.map(({ login }) => login)
        .toSorted(),
    ).toEqual(["007", "1e3"]);
  });

  test("may say one day that is away, and a leap day that exists", () => {
    const { people } = rosterOf(
      "people: { ada: { level: senior, away: { from: 2028-02-29, until: 2028-02-29 } } }",
    );
    expect(people[0]?.away).toEqual({ from: "2028-02-29", until: "2028-02-29" });
  });
});

test("all problems of a roster come at once, in the order of the file", () => {
  const text = `unlisted: jnior
people:
  ada: seniour
  grace:
    level: 3
    id: x
    emial: 1
    emails: [foo]
  "a b": mid
  eve: {}
  sam: 5
  kim:
peple: 1
`;
  const levels = "the levels are junior, mid, senior, staff, principal";
  expect(problemsOf(text)).toEqual([
    `roster.yml:1:11: unlisted: level "jnior" does not exist; did you mean "junior"? ${levels}`,
    `roster.yml:3:8: people.ada: level "seniour" does not exist; did you mean "senior"? ${levels}`,
    "roster.yml:5:12: people.grace.level: expected a level, got the number 3; write it in quotes",
    `roster.yml:6:9: people.grace.id: expected the account's numeric GitHub id, a whole number of at least 1, got "x"`,
    'roster.yml:7:5: people.grace.emial: unknown key "emial"; the keys here are level, id, emails, away',
    'roster.yml:8:14: people.grace.emails[0]: expected an e-mail address, got "foo"',
    'roster.yml:9:3: people["a b"]: "a b" is not a GitHub login; those have letters, digits and hyphens, at most 39',
    'roster.yml:10:8: people.eve: the key "level" is missing; expected a level',
    "roster.yml:11:8: people.sam: expected a level, or keys with values such as level: senior, got 5",
    "roster.yml:12:7: people.kim: expected a level, or keys with values such as level: senior, got nothing; fill it in or remove the key",
    'roster.yml:13:1: peple: unknown key "peple"; did you mean "people"? the keys here are levels, unlisted, people, teams',
  ]);
});

describe("a roster is broken by", () => {
  test.each([
    [
      "a level that is on the ladder twice, whatever its case",
      "levels: [mid, Mid]",
      'roster.yml:1:15: levels[1]: level "Mid" is already on the ladder as "mid"; remove one of the two',
    ],
    [
      "an empty ladder",
      "levels: []",
      "roster.yml:1:9: levels: expected at least one entry, got an empty list",
    ],
    [
      "a level without a name",
      'levels: [""]',
      'roster.yml:1:10: levels[0]: expected a name of at most 40 characters without spaces around it, got ""',
    ],
    [
      "a level of the default ladder when it has its own",
      "levels: [L1]\npeople: { ada: senior }",
      'roster.yml:2:16: people.ada: level "senior" does not exist; the levels are L1',
    ],
    [
      "a login with @",
      "people: { '@ada': mid }",
      'roster.yml:1:11: people.@ada: write the login without "@": "ada"',
    ],
    [
      "a bot",
      "people: { 'dependabot[bot]': mid }",
      'roster.yml:1:11: people["dependabot[bot]"]: "dependabot[bot]" is a bot account, and bots never countersign; remove it',
    ],
    [
      "an e-mail for a login",
      "people: { ada@acme.dev: mid }",
      'roster.yml:1:11: people["ada@acme.dev"]: "ada@acme.dev" is not a GitHub login; write the login here and the address under emails',
    ],
    [
      "a login of 40 characters",
      `people: { ${"a".repeat(40)}: mid }`,
      `roster.yml:1:11: people.${"a".repeat(40)}: "${"a".repeat(40)}" is not a GitHub login; those have letters, digits and hyphens, at most 39`,
    ],
    [
      "the same login in another case",
      "people: { ada: mid, Ada: senior }",
      'roster.yml:1:21: people.Ada: "Ada" is the same login as "ada", case does not count; remove one of the two',
    ],
    [
      "the same login twice",
      "people:\n  ada: mid\n  ada: senior\n",
      'roster.yml:3:3: people.ada: duplicate key: "ada" already stands on line 2; remove one of the two',
    ],
    [
      "the same id for two",
      "people: { ada: { level: mid, id: 7 }, bob: { level: mid, id: 7 } }",
      'roster.yml:1:62: people.bob.id: "ada" and "bob" have the same id; an id is one account',
    ],
    [
      "the same e-mail for two",
      "people: { ada: { level: mid, emails: [a@b] }, bob: { level: mid, emails: [A@B] } }",
      'roster.yml:1:75: people.bob.emails[0]: "ada" and "bob" have the same e-mail; an e-mail is one person',
    ],
    [
      "the same e-mail twice",
      "people: { ada: { level: mid, emails: [a@b, a@b] } }",
      'roster.yml:1:44: people.ada.emails[1]: "ada" has this e-mail twice; remove one',
    ],
    [
      "an id of nought",
      "people: { ada: { level: mid, id: 0 } }",
      "roster.yml:1:34: people.ada.id: expected the account's numeric GitHub id, a whole number of at least 1, got 0",
    ],
    [
      "a day that is not on the calendar",
      "people: { ada: { level: mid, away: { from: 2026-02-29, until: 2026-03-01 } } }",
      'roster.yml:1:44: people.ada.away.from: expected a day that exists, written YYYY-MM-DD, got "2026-02-29"',
    ],
    [
      "days the wrong way round",
      "people: { ada: { level: mid, away: { from: 2026-03-02, until: 2026-03-01 } } }",
      'roster.yml:1:36: people.ada.away: "until" is before "from"; write the earlier day as "from"',
    ],
    [
      "a team without organisation",
      "teams: { staff: staff }",
      'roster.yml:1:10: teams.staff: "staff" is not a team; write organisation/team-slug, such as acme/staff-engineers',
    ],
    [
      "the same team in another case",
      "teams: { acme/a: mid, Acme/a: mid }",
      'roster.yml:1:23: teams.Acme/a: "Acme/a" is the same team as "acme/a", case does not count; remove one of the two',
    ],
    ["people as a list", "people: [ada]", "roster.yml:1:9: people: expected keys with values, got a list"],
    [
      "people left empty",
      "people:\n",
      "roster.yml:1:8: people: expected keys with values, got nothing; fill it in or remove the key",
    ],
  ])("%s", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });
});
