import { toolIdentity } from "./detect.ts";
import type { Account, GitIdentity } from "./accounts.ts";
import type { Commit, Facts } from "./facts.ts";
import {
  findByEmail,
  findPerson,
  isSame,
  lowestLevel,
  rank,
  type Roster,
  type RosterPerson,
  standing,
} from "./roster.ts";
import type { Contributor } from "./verdict.ts";

/**
 * Everybody who shaped the change (design: "Whose change is it"): the author of the pull request, authors, committers and
 * co-authors of its commits, everybody seen pushing to its head branch, and the people behind an agent that opened it.
 * Tools and bots are not contributors. Git's names and e-mails are claims: they can lower the level, never raise it.
 */
export function contributors(facts: Facts, roster: Roster): Contributor[] {
  const found: Found[] = [];
  noteAuthor(found, facts.author, "opened the pull request");
  for (const author of facts.otherAuthors)
    noteAuthor(found, author, "opened another pull request of this change");
  if (openedByBot(facts)) {
    for (const account of facts.assignees)
      noteAccount(found, account, "is assigned to the bot's pull request");
  }
  for (const commit of facts.commits.kind === "read" ? facts.commits.value : [])
    noteCommit(found, commit, roster);
  for (const seen of facts.observations) {
    if (seen.kind === "push") noteAccount(found, seen.actor, `pushed ${seen.after.slice(0, 7)}`);
  }
  for (const event of facts.timeline.kind === "read" ? facts.timeline.value : []) {
    if (event.kind === "force-pushed" && event.actor !== null) {
      noteAccount(found, event.actor, `force-pushed ${event.after?.slice(0, 7) ?? "the head branch"}`);
    }
  }
  return found.map((entry) => describe(entry, roster));
}

/** The level of the change: its lowest contributor's; the ladder's lowest when a bot opened it or nobody is known. */
export function changeLevel(facts: Facts, people: readonly Contributor[], roster: Roster): string {
  if (openedByBot(facts) || people.length === 0) return lowestLevel(roster);
  return people.reduce(
    (low, person) => (rank(roster, person.level) < rank(roster, low) ? person.level : low),
    people[0]?.level ?? "",
  );
}

/** What the account did for the change; empty when it is no contributor. Found by id where known, or through a roster e-mail. */
export function partsBy(account: Account, people: readonly Contributor[], roster: Roster): string[] {
  const entry = findPerson(roster, account);
  return people
    .filter(
      (person) =>
        (person.account !== null && isSame(person.account, account)) ||
        (entry !== undefined && person.account === null && person.name === entry.login),
    )
    .flatMap(({ parts }) => parts);
}

/** Whether a bot, or an agent with an ordinary account, opened one of the pull requests: such a change has the lowest level. */
export function openedByBot(facts: Facts): boolean {
  return [facts.author, ...facts.otherAuthors].some((author) => author !== null && isTool(author));
}

function isTool(account: Account): boolean {
  return account.kind === "Bot" || toolIdentity({ name: account.login, email: "", account }) !== null;
}

type Found = { who: Account | GitIdentity | RosterPerson; parts: string[] };

const ghost: GitIdentity = { name: "a deleted account", email: "", account: null };

function noteAuthor(found: Found[], author: Account | null, part: string): void {
  if (author === null) note(found, ghost, part);
  else noteAccount(found, author, part);
}

function noteCommit(found: Found[], commit: Commit, roster: Roster): void {
  const short = commit.sha.slice(0, 7);
  noteIdentity(found, commit.author, `author of ${short}`, roster);
  for (const identity of commit.coAuthors) noteIdentity(found, identity, `co-author of ${short}`, roster);
  if (!isWebFlow(commit.committer)) noteIdentity(found, commit.committer, `committer of ${short}`, roster);
}

/** The account GitHub commits with for people who used the browser. As an author it hides who wrote the change. */
const webFlow = "web-flow";

function noteIdentity(found: Found[], identity: GitIdentity, part: string, roster: Roster): void {
  if (toolIdentity(identity) !== null) return;
  if (identity.account !== null && identity.account.login !== webFlow)
    noteAccount(found, identity.account, part);
  else note(found, findByEmail(roster, identity) ?? identity, part);
}

function noteAccount(found: Found[], account: Account, part: string): void {
  if (!isTool(account)) note(found, account, part);
}

function note(found: Found[], who: Found["who"], part: string): void {
  const known = found.find((entry) => isSameContributor(entry.who, who));
  if (known === undefined) found.push({ who, parts: [part] });
  else if (!known.parts.includes(part)) known.parts.push(part);
}

/** GitHub's own committer for merges and edits made in the browser: it says who pressed no button. */
function isWebFlow(identity: GitIdentity): boolean {
  return identity.account?.login === webFlow || identity.email.toLowerCase() === "noreply@github.com";
}

function isSameContributor(one: Found["who"], other: Found["who"]): boolean {
  if ("kind" in one && "kind" in other) return isSame(one, other);
  if ("level" in one && "level" in other) return one.login === other.login;
  return (
    "email" in one &&
    "email" in other &&
    one.email.toLowerCase() === other.email.toLowerCase() &&
    one.name === other.name
  );
}

function describe({ who, parts }: Found, roster: Roster): Contributor {
  if ("level" in who) {
    return { name: who.login, account: null, level: who.level, source: "roster, by e-mail", parts };
  }
  if ("kind" in who) {
    const said = standing(roster, who);
    if (said.kind === "listed")
      return { name: who.login, account: who, level: said.level, source: said.source, parts };
    // A team that could not be read may hold them at any level: nothing but the lowest is safe to assume.
    const level = roster.teams.some((team) => team.members.kind !== "read")
      ? lowestLevel(roster)
      : roster.unlisted;
    return { name: who.login, account: who, level, source: said.why.replace(/^is /u, ""), parts };
  }
  const name = who.email === "" ? who.name : `${who.name} <${who.email}>`;
  return {
    name,
    account: null,
    level: roster.unlisted,
    source: "no GitHub account, not on the roster",
    parts,
  };
}
