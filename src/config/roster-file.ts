/** `.github/countersign/roster.yml`: text -> roster. */
import { z } from "zod";
import type { Roster } from "../gate/roster.ts";
import { type Complaint, didYouMean, mapping, quote } from "./describe-issue.ts";
import { type Parsed, parseYamlFile } from "./yaml-file.ts";

/** The ladder of a roster that names none, lowest first. */
export const defaultLevels: readonly string[] = ["junior", "mid", "senior", "staff", "principal"];

/** Every key a roster may have; files whose name says nothing are told by them. */
export const rosterKeys: readonly string[] = ["levels", "unlisted", "people", "teams"];

/**
 * Reads a roster. `origin` says where the text came from, for people. Members of teams are absent: whoever can ask
 * GitHub fills them in. Levels are checked against the file's own; a person is any login once, whatever its case.
 */
export function parseRoster(text: string, origin: string): Parsed<Roster> {
  const parsed = parseYamlFile(text, (value) => rosterSchema(levelsIn(value)), sharedBetweenPeople);
  if (parsed.kind === "broken") return parsed;
  const { levels, unlisted, people, teams } = parsed.value;
  const roster: Roster = {
    origin,
    levels,
    unlisted: unlisted ?? levels[0] ?? "",
    people: Object.entries(people).map(([login, entry]) => {
      if (typeof entry === "string") return { login, level: entry, id: null, emails: [], away: null };
      return {
        login,
        level: entry.level,
        id: entry.id ?? null,
        emails: entry.emails ?? [],
        away: entry.away ?? null,
      };
    }),
    teams: Object.entries(teams).map(([name, level]) => ({ name, level, members: { kind: "absent" } })),
  };
  return { ...parsed, value: roster };
}

/** A level by name, one of `levels`; null: the levels are not known, any name will do. */
export function levelSchema(levels: readonly string[] | null) {
  return z
    .string({ error: "expected a level" })
    .refine((level) => levels === null || levels.includes(level), {
      error: ({ input }) => {
        const level = String(input);
        const known = levels ?? [];
        return `level ${quote(level)} does not exist${didYouMean(level, known) || ";"} the levels are ${known.join(", ")}`;
      },
    });
}

// A level is shown in titles of check runs, which hold 255 characters.
const levelName = z.string().regex(/^\S(.{0,38}\S)?$/u, {
  error: "expected a name of at most 40 characters without spaces around it",
});

const ladder = z
  .array(levelName)
  .min(1)
  .superRefine((levels, context) => {
    const seen = new Map<string, string>();
    for (const [at, level] of levels.entries()) {
      const before = seen.get(level.toLowerCase());
      if (before !== undefined) {
        const message = `level ${quote(level)} is already on the ladder as ${quote(before)}; remove one of the two`;
        context.addIssue({ code: "custom", path: [at], message, input: level });
      } else seen.set(level.toLowerCase(), level);
    }
  });

// What GitHub lets people have: letters, digits and hyphens, an underscore before an enterprise's short code. Old
// accounts may end in a hyphen or have two in a row. Both cases are written out: JSON Schema has no flags. (https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication)
const loginPattern = /^[A-Za-z\d][A-Za-z\d_-]{0,38}$/;
const login = z.string().regex(loginPattern, { error: ({ input }) => loginMessage(String(input)) });

const teamPattern = /^[A-Za-z\d][A-Za-z\d_-]{0,38}\/[A-Za-z\d._-]{1,100}$/;
const team = z.string().regex(teamPattern, {
  error: ({ input }) =>
    `${quote(String(input))} is not a team; write organisation/team-slug, such as acme/staff-engineers`,
});

const day = z.iso.date({ error: "expected a day that exists, written YYYY-MM-DD" });
const away = mapping({
  from: day.describe("The first day away, UTC."),
  until: day.describe("The last day away, UTC."),
}).refine(({ from, until }) => from <= until, {
  error: '"until" is before "from"; write the earlier day as "from"',
});

const idMessage = "expected the account's numeric GitHub id, a whole number of at least 1";
const id = z.int({ error: idMessage }).min(1, { error: idMessage });
const email = z.string().regex(/^[^\s@]+@[^\s@]+$/, { error: "expected an e-mail address" });

/** A roster as it is written. `levels` are the file's own, lowest first; null: they are not known, any level will do. */
export function rosterSchema(levels: readonly string[] | null) {
  const level = levelSchema(levels);
  const person = mapping({
    level: level.describe("One of the levels."),
    id: id.optional().describe("The account's numeric GitHub id; if given, the account must have it."),
    emails: z
      .array(email)
      .optional()
      .describe("Commits that carry one of these e-mails and belong to no account are this person's."),
    away: away
      .optional()
      .describe("Days on which the person is not named among those who can countersign; they still may."),
  });
  const entry = z
    .union([level, person], { error: "expected a level, or keys with values such as level: senior" })
    .describe("The person's level, or keys with it.");
  return mapping({
    levels: ladder
      .default([...defaultLevels])
      .describe("The ladder, lowest level first. One without senior needs a policy with rules."),
    unlisted: level
      .optional()
      .describe("The level of contributors who are not listed; they never countersign. Default: the lowest."),
    people: z.record(login, entry).default({}).describe("GitHub login, in any case: level."),
    teams: z
      .record(team, level)
      .default({})
      .describe(
        "organisation/team-slug: level of its members. Entries under people win; of several teams the highest.",
      ),
  }).meta({
    title: "Countersign roster",
    description: "Who has which level: .github/countersign/roster.yml",
  });
}

/** The file's levels; null when they are themselves broken: then every level in it would be reported for nothing. */
function levelsIn(value: unknown): readonly string[] | null {
  const found = z.object({ levels: ladder.default([...defaultLevels]) }).safeParse(value);
  return found.success ? found.data.levels : null;
}

function loginMessage(login: string): string {
  if (login.startsWith("@")) return `write the login without "@": ${quote(login.slice(1))}`;
  if (/\[bot\]$/i.test(login))
    return `${quote(login)} is a bot account, and bots never countersign; remove it`;
  if (login.includes("@"))
    return `${quote(login)} is not a GitHub login; write the login here and the address under emails`;
  return `${quote(login)} is not a GitHub login; those have letters, digits and hyphens, at most 39`;
}

/** What two entries may not have in common: login, id, e-mail, team. Takes the value as it stands, right or wrong. */
function sharedBetweenPeople(value: unknown): Complaint[] {
  const entries = z.object({ people: namedEntries, teams: namedEntries }).safeParse(value).data;
  if (entries === undefined) return [];
  const people = Object.entries(entries.people).map(([login, entry]) => ({
    login,
    ...personKeys.parse(entry),
  }));
  const named = (path: string) => (name: string) => ({
    key: name.toLowerCase(),
    name,
    at: "key" as const,
    path: [path, name],
  });
  return [
    ...repeats(
      people.map(({ login }) => named("people")(login)),
      (a, b) => {
        return `${quote(b)} is the same login as ${quote(a)}, case does not count; remove one of the two`;
      },
    ),
    ...repeats(Object.keys(entries.teams).map(named("teams")), (a, b) => {
      return `${quote(b)} is the same team as ${quote(a)}, case does not count; remove one of the two`;
    }),
    ...repeats(
      people.flatMap(({ login, id }) =>
        id === null
          ? []
          : [{ key: String(id), name: login, at: "value" as const, path: ["people", login, "id"] }],
      ),
      (a, b) => `${quote(a)} and ${quote(b)} have the same id; an id is one account`,
    ),
    ...repeats(
      people.flatMap(({ login, emails }) =>
        emails.map((email, at) => ({
          key: String(email).toLowerCase(),
          name: login,
          at: "value" as const,
          path: ["people", login, "emails", at],
        })),
      ),
      (a, b) =>
        a === b
          ? `${quote(a)} has this e-mail twice; remove one`
          : `${quote(a)} and ${quote(b)} have the same e-mail; an e-mail is one person`,
    ),
  ];
}

const namedEntries = z.record(z.string(), z.unknown()).catch({});
const personKeys = z
  .object({
    id: z.number().nullable().catch(null).default(null),
    emails: z.array(z.unknown()).catch([]).default([]),
  })
  .catch({ id: null, emails: [] });

type Named = {
  readonly key: string;
  readonly name: string;
  readonly at: "key" | "value";
  readonly path: readonly PropertyKey[];
};

function repeats(entries: readonly Named[], message: (first: string, second: string) => string): Complaint[] {
  const first = new Map<string, string>();
  return entries.flatMap(({ key, name, at, path }) => {
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, name);
      return [];
    }
    return [{ path, at, message: message(before, name) }];
  });
}
