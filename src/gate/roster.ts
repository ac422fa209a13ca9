import type { Account, GitIdentity, Read } from "./accounts.ts";

/** One person of the roster. `login` as written; compare with `sameLogin`. */
export type RosterPerson = {
  readonly login: string;
  readonly level: string;
  /** The id the account must have: from the roster, else the first one seen with this login, else null (not seen yet). */
  readonly id: number | null;
  readonly emails: readonly string[];
  /** Inclusive dates, `YYYY-MM-DD`, UTC. Who is away is not named among those who can, but may still approve. */
  readonly away: { readonly from: string; readonly until: string } | null;
};

/** `name` is `organisation/team-slug`. Members include those of child teams. */
type RosterTeam = {
  readonly name: string;
  readonly level: string;
  readonly members: Read<readonly Account[]>;
};

/** The roster in force. `levels` are lowest first and not empty; every level named elsewhere is one of them. */
export type Roster = {
  /** Where it was read, for people: `acme/.github › .github/countersign/roster.yml`. */
  readonly origin: string;
  readonly levels: readonly string[];
  /** The level of contributors (never approvers) who are not listed. */
  readonly unlisted: string;
  readonly people: readonly RosterPerson[];
  readonly teams: readonly RosterTeam[];
};

/** What the roster says of an account: its level and where that comes from, or why it has none. */
export type Standing =
  | { readonly kind: "listed"; readonly level: string; readonly source: string }
  | { readonly kind: "not-listed"; readonly why: string };

/** Whether two logins name the same account. GitHub compares logins without regard to case. */
export function sameLogin(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The place of `level` on the ladder, 0 the lowest; -1 when the roster has no such level, which is below every rung. */
export function rank(roster: Roster, level: string): number {
  return roster.levels.indexOf(level);
}

/** The ladder's lowest rung. */
export function lowestLevel(roster: Roster): string {
  return roster.levels[0] ?? roster.unlisted;
}

/**
 * What the roster says of `account`. An entry under people wins over teams; of several teams the highest counts.
 * Ids are compared wherever both are known, because a login that was given up can be claimed by anybody.
 */
export function standing(roster: Roster, account: Account): Standing {
  const person = findPerson(roster, account);
  if (person === undefined) return standingByTeam(roster, account);
  if (person.id === null || person.id === account.id)
    return { kind: "listed", level: person.level, source: "roster" };
  const has = account.id === null ? "GitHub does not say which this one has" : `this one has ${account.id}`;
  const why = `the login is on the roster for the account with id ${person.id}, ${has}`;
  return { kind: "not-listed", why };
}

/**
 * The roster entry that is about an account: the one with its id, else the one with its login. An entry of that login for
 * another id is found too; `standing` says what that means.
 */
export function findPerson(roster: Roster, account: Account): RosterPerson | undefined {
  const byId = roster.people.find((person) => person.id !== null && person.id === account.id);
  return byId ?? roster.people.find((person) => sameLogin(person.login, account.login));
}

/** The person whose roster e-mail a git identity carries; e-mails are compared without regard to case. */
export function findByEmail(roster: Roster, identity: GitIdentity): RosterPerson | undefined {
  const email = identity.email.toLowerCase();
  return roster.people.find((person) => person.emails.some((known) => known.toLowerCase() === email));
}

/** The accounts of people at `level` or above, highest rung last, people away on `day` (`YYYY-MM-DD`) left out. */
export function peopleAtOrAbove(roster: Roster, level: string, day: string): Account[] {
  const present = roster.people
    .filter((person) => !isAway(person, day))
    .map(({ login, id, level }) => {
      return { account: { login, id, kind: "User" } as const, level };
    });
  const members = roster.teams.flatMap(({ members, level }) =>
    members.kind === "read"
      ? members.value
          .filter((account) => account.kind === "User" && findPerson(roster, account) === undefined)
          .map((account) => ({ account, level }))
      : [],
  );
  const able = [...present, ...members].filter((entry) => rank(roster, entry.level) >= rank(roster, level));
  able.sort((one, other) => rank(roster, one.level) - rank(roster, other.level));
  return [...new Map(able.map(({ account }) => [account.login.toLowerCase(), account])).values()];
}

function standingByTeam(roster: Roster, account: Account): Standing {
  let best: { level: string; source: string } | undefined;
  const unread: string[] = [];
  for (const team of roster.teams) {
    if (team.members.kind !== "read") unread.push(team.name);
    else if (team.members.value.some((member) => isSame(member, account))) {
      if (best === undefined || rank(roster, team.level) > rank(roster, best.level)) {
        best = { level: team.level, source: `team ${team.name}` };
      }
    }
  }
  if (best !== undefined) return { kind: "listed", ...best };
  if (unread.length > 0) {
    return { kind: "not-listed", why: `is not listed, and could not be looked up in ${unread.join(", ")}` };
  }
  return { kind: "not-listed", why: "is not on the roster" };
}

/** Whether two accounts are one: by id where both are known, by login otherwise. */
export function isSame(one: Account, other: Account): boolean {
  return one.id !== null && other.id !== null ? one.id === other.id : sameLogin(one.login, other.login);
}

function isAway(person: RosterPerson, day: string): boolean {
  return person.away !== null && person.away.from <= day && day <= person.away.until;
}
