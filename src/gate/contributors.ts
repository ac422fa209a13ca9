import { toolIdentity } from "./detect.ts";
import { type Cleared, nothingCleared } from "./cleared.ts";
import type { Account, GitIdentity } from "./accounts.ts";
import type { Commit, Facts, TimelineEvent } from "./facts.ts";
import { ancestorsInRange, keepsPatch, pushesOf, type Rewrite, updateMergesOf } from "./patches.ts";
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
 * co-authors of its commits, everybody seen pushing to its head branch, and the people behind an agent that took part.
 * Tools and bots are not contributors. Git's names and e-mails are claims: they can lower the level, never raise it.
 * @param cleared commits that are not in question any more, and with them those who only wrote or pushed these.
 */
export function contributors(facts: Facts, roster: Roster, cleared: Cleared): Contributor[] {
  return found(facts, roster, cleared)
    .filter(({ parts }) => !parts.every(({ excuse }) => excuse !== null && keepsPatch(facts, excuse)))
    .map((entry) => describe(entry, roster));
}

/**
 * The pushes and merges that would have to be proven the same patch for somebody not to be a contributor: people whose every
 * part is one. Reading the patches can only take such people out.
 */
export function excusesToProve(facts: Facts, roster: Roster): Rewrite[] {
  // Which commits are cleared, each policy says for itself: here none is.
  return found(facts, roster, nothingCleared).flatMap(({ parts }) => {
    const excuses = parts.flatMap(({ excuse }) => excuse ?? []);
    return excuses.length < parts.length ? [] : excuses;
  });
}

/** Whether some co-author may only have left a suggestion, which the reviews would have to tell. */
export function wantsSuggestions(facts: Facts): boolean {
  return commitsOf(facts).some((commit) => commit.coAuthors.some((identity) => maySuggest(commit, identity)));
}

function found(facts: Facts, roster: Roster, cleared: Cleared): Found[] {
  const found: Found[] = [];
  noteAuthor(found, facts.author, "opened the pull request");
  for (const author of facts.otherAuthors)
    noteAuthor(found, author, "opened another pull request of this change");
  if (openedByBot(facts)) {
    for (const account of facts.assignees)
      noteAccount(found, account, { text: "is assigned to the bot's pull request", excuse: null });
  }
  const rewritten = rewritesByCommit(facts);
  const asking = commitsOf(facts).filter(({ sha }) => !cleared.commits.has(sha));
  for (const commit of asking) noteCommit(found, { facts, roster, rewritten }, commit);
  const nameless = asking.filter(namesNobody);
  for (const seen of facts.observations) {
    if (seen.kind !== "push" || broughtOnly(facts, seen, cleared)) continue;
    noteAccount(found, seen.actor, {
      text: `pushed ${seen.after.slice(0, 7)}`,
      excuse: bringsAny(facts, seen, nameless) ? null : seen,
    });
  }
  for (const event of facts.timeline.kind === "read" ? facts.timeline.value : []) {
    if (event.kind === "assigned") noteAssigned(found, facts, event);
    if (event.kind === "force-pushed" && !broughtOnly(facts, event, cleared))
      noteForcePush(found, facts, event, nameless);
  }
  if (!openedByBot(facts)) noteUnseenPushers(found, facts, nameless);
  return found;
}

type EventOf<Kind extends TimelineEvent["kind"]> = Extract<TimelineEvent, { kind: Kind }>;

function noteForcePush(
  found: Found[],
  facts: Facts,
  { actor, before, after }: EventOf<"force-pushed">,
  nameless: readonly Commit[],
): void {
  const push = before === null || after === null ? null : { actor, before, after };
  const excuse = push === null || bringsAny(facts, push, nameless) ? null : push;
  const part = { text: `force-pushed ${after?.slice(0, 7) ?? "the head branch"}`, excuse };
  if (actor === null) note(found, ghost, part);
  else noteAccount(found, actor, part);
}

/** Who was assigned to a bot's pull request stays behind it when taken off again, and so does who assigned an agent to any. */
function noteAssigned(found: Found[], facts: Facts, { actor, account }: EventOf<"assigned">): void {
  if (account === null) return;
  if (isTool(account)) {
    if (actor !== null) noteAccount(found, actor, { text: `assigned ${account.login}`, excuse: null });
  } else if (openedByBot(facts) && !facts.assignees.some((other) => isSame(other, account))) {
    noteAccount(found, account, { text: "was assigned to the bot's pull request", excuse: null });
  }
}

/**
 * Whether git names nothing but a tool for a commit: then somebody else is behind it. Its co-authors are left out: anybody may
 * be named as one, and whoever is counts anyway.
 */
function namesNobody({ author, committer }: Commit): boolean {
  return toolIdentity(author) !== null && (toolIdentity(committer) !== null || isWebFlow(committer));
}

function bringsAny(facts: Facts, push: Rewrite, commits: readonly Commit[]): boolean {
  if (commits.length === 0) return false;
  const brought = broughtBy(facts, push);
  return commits.some(({ sha }) => brought.has(sha));
}

/** Whether all that a push brought was cleared. One of which the range shows nothing may have brought anything. */
function broughtOnly(
  facts: Facts,
  { before, after }: { readonly before: string | null; readonly after: string | null },
  cleared: Cleared,
): boolean {
  if (cleared.commits.size === 0 || after === null) return false;
  const brought = broughtBy(facts, { actor: null, before, after });
  return brought.size > 0 && [...brought].every((sha) => cleared.commits.has(sha));
}

/** The commits a push brought: as far as the range shows, what was there before did not have them. */
function broughtBy(facts: Facts, { before, after }: Rewrite): ReadonlySet<string> {
  const there = before === null ? new Set<string>() : ancestorsInRange(facts, before);
  return new Set([...ancestorsInRange(facts, after)].filter((sha) => !there.has(sha)));
}

/**
 * A tool's commit that nobody was seen pushing, and that names no co-author, was made by whom git hides: that can lower the
 * level, as any claim of git may. An agent's own pull request has the lowest level anyway.
 */
function noteUnseenPushers(found: Found[], facts: Facts, nameless: readonly Commit[]): void {
  if (nameless.length === 0) return;
  const seen = new Set(pushesOf(facts).flatMap((push) => [...broughtBy(facts, push)]));
  for (const commit of nameless) {
    if (seen.has(commit.sha)) continue;
    if (commit.coAuthors.some((identity) => toolIdentity(identity) === null)) continue;
    const text = `pushed ${commit.sha.slice(0, 7)}, which names nobody but ${toolIdentity(commit.author)}`;
    note(found, unseen, { text, excuse: null });
  }
}

function commitsOf(facts: Facts): readonly Commit[] {
  return facts.commits.kind === "read" ? facts.commits.value : [];
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

/** What somebody did; `excuse`: it does not count if that push or merge is proven to have left the patch as it was. */
type Part = { readonly text: string; readonly excuse: Rewrite | null };
/** Somebody and what they did. Parts with one text may be several: short SHAs can be made alike, and a push can be repeated. */
type Found = { readonly who: Account | GitIdentity | RosterPerson; readonly parts: Part[] };

const ghost: GitIdentity = { name: "a deleted account", email: "", account: null };
const unseen: GitIdentity = { name: "an unknown account", email: "", account: null };

function noteAuthor(found: Found[], author: Account | null, text: string): void {
  if (author === null) note(found, ghost, { text, excuse: null });
  else noteAccount(found, author, { text, excuse: null });
}

type CommitContext = {
  readonly facts: Facts;
  readonly roster: Roster;
  readonly rewritten: ReturnType<typeof rewritesByCommit>;
};

function noteCommit(found: Found[], { facts, roster, rewritten }: CommitContext, commit: Commit): void {
  const short = commit.sha.slice(0, 7);
  const merge = rewritten.merges.get(commit.sha) ?? null;
  noteIdentity(found, commit.author, { text: `author of ${short}`, excuse: merge }, roster);
  for (const identity of commit.coAuthors) {
    if (maySuggest(commit, identity) && hasSuggested(facts, identity)) continue;
    noteIdentity(found, identity, { text: `co-author of ${short}`, excuse: null }, roster);
  }
  if (isWebFlow(commit.committer)) return;
  const excuse = merge ?? rebaseOf(commit, rewritten.rebases);
  noteIdentity(found, commit.committer, { text: `committer of ${short}`, excuse }, roster);
}

type Rebase = { readonly push: Rewrite; readonly commits: ReadonlySet<string> };

/** Update merges by their SHA, and pushes that replaced what was there, with the commits they brought. */
function rewritesByCommit(facts: Facts): { merges: Map<string, Rewrite>; rebases: readonly Rebase[] } {
  const inRange = new Set(commitsOf(facts).map(({ sha }) => sha));
  return {
    merges: new Map(updateMergesOf(facts).map(({ commit, rewrite }) => [commit.sha, rewrite])),
    rebases: pushesOf(facts)
      .filter(({ before }) => before !== null && !inRange.has(before))
      .map((push) => ({ push, commits: ancestorsInRange(facts, push.after) })),
  };
}

/**
 * GitHub makes a commit of an accepted suggestion: signed by it, one parent, its author who accepted, and who suggested a
 * co-author. Proposing a change in a review is no part of it.
 */
function maySuggest(commit: Commit, identity: GitIdentity): boolean {
  const { author, parents, signedByGitHub } = commit;
  if (!signedByGitHub || parents.length !== 1) return false;
  if (identity.account === null || author.account === null) return false;
  // An agent accepts nobody's suggestions: its co-author is who asked it.
  if (toolIdentity(author) !== null) return false;
  return !isSame(identity.account, author.account);
}

function hasSuggested(facts: Facts, { account }: GitIdentity): boolean {
  return account !== null && facts.suggestedBy.some((other) => isSame(other, account));
}

/**
 * The push by its committer that brought this commit: a rebase makes whoever does it the committer of all. It excuses nobody
 * from having written one.
 */
function rebaseOf({ sha, author, committer }: Commit, rebases: readonly Rebase[]): Rewrite | null {
  const { account } = committer;
  // Whoever commits a tool's work, or that of nobody GitHub knows, may be who made it: a rebase does not change that.
  if (account === null || author.account === null || toolIdentity(author) !== null) return null;
  const rebase = rebases.find(
    ({ push, commits }) => push.actor !== null && isSame(push.actor, account) && commits.has(sha),
  );
  return rebase?.push ?? null;
}

/** The account GitHub commits with for people who used the browser. As an author it hides who wrote the change. */
const webFlow = "web-flow";

function noteIdentity(found: Found[], identity: GitIdentity, part: Part, roster: Roster): void {
  if (toolIdentity(identity) !== null) return;
  if (identity.account !== null && identity.account.login !== webFlow)
    noteAccount(found, identity.account, part);
  else note(found, findByEmail(roster, identity) ?? identity, part);
}

function noteAccount(found: Found[], account: Account, part: Part): void {
  if (!isTool(account)) note(found, account, part);
}

function note(found: Found[], who: Found["who"], part: Part): void {
  const known = found.find((entry) => isSameContributor(entry.who, who));
  if (known === undefined) found.push({ who, parts: [part] });
  else known.parts.push(part);
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

function describe(entry: Found, roster: Roster): Contributor {
  const { who } = entry;
  const parts = [...new Set(entry.parts.map(({ text }) => text))];
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
