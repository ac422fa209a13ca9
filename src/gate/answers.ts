import type { Account } from "./accounts.ts";
import type { Facts, Observation } from "./facts.ts";
import { code, prose } from "./markdown.ts";
import { isSame, type Roster, standing } from "./roster.ts";
import type { RefusedReview, Verdict } from "./verdict.ts";

/** Commands of one person that were dealt with, and what to say to it. */
export type Answer = {
  readonly to: Account;
  /** GitHub's ids of the comments they were written in. */
  readonly comments: readonly string[];
  /** Markdown; null where nothing is to be said. */
  readonly body: string | null;
};

/**
 * What the app says to commands that did nothing. Each command is dealt with once: what was passed over in silence is not
 * answered later. One person gets at most one answer per pull request and head SHA, and only people of the roster and people
 * who can push get any: an outsider must not be able to make the app talk. An override that counts waits for the push that
 * undoes it.
 * @param facts of an open pull request. @param verdict on it, by itself. @returns one entry for each person at most.
 */
export function answers(facts: Facts, roster: Roster, verdict: Verdict): Answer[] {
  const done = commandsWaiting(facts).flatMap((command) => {
    const reply = replyTo(command, verdict);
    return reply.kind === "later" ? [] : [{ ...command, reply }];
  });
  return peopleIn(done).map((to) => {
    const own = done.filter(({ by }) => isSame(by, to));
    const newest = own.flatMap(({ reply }) => (reply.kind === "words" ? [reply.words] : [])).at(-1);
    const heard = mayBeAnswered(to, facts, roster) && !wasAnswered(to, facts);
    return {
      to,
      comments: own.map(({ comment }) => comment),
      body: newest !== undefined && heard ? `${code(to.login)}: ${newest}` : null,
    };
  });
}

/** Of whom it is still to be known whether they can push: people off the roster who wait for an answer, each once. */
export function strangersToAskAbout(facts: Facts, roster: Roster): readonly Account[] {
  return peopleIn(commandsWaiting(facts)).filter(
    (person) => standing(roster, person).kind === "not-listed" && !wasAnswered(person, facts),
  );
}

type Command = Extract<Observation, { kind: "override" | "command" | "accept" }>;

function commandsWaiting({ observations }: Facts): Command[] {
  const done = new Set(observations.flatMap((seen) => (seen.kind === "answer" ? seen.comments : [])));
  return observations.filter(
    (seen): seen is Command =>
      (seen.kind === "override" || seen.kind === "command" || seen.kind === "accept") &&
      seen.by.kind === "User" &&
      !done.has(seen.comment),
  );
}

function peopleIn(commands: readonly Command[]): Account[] {
  const people = commands.map(({ by }) => by);
  return people.filter((person, at) => people.findIndex((other) => isSame(other, person)) === at);
}

/** `later`: an override that counts, or may once there is a verdict. The words are Markdown. */
type Reply = { readonly kind: "words"; readonly words: string } | { readonly kind: "silence" | "later" };

function replyTo({ kind, comment }: Command, { outcome, refused }: Verdict): Reply {
  if (kind === "command") return { kind: "words", words: noSuchCommand };
  if (kind === "accept") return { kind: "words", words: notLanded };
  const refusal = refused.find(({ command }) => command?.comment === comment);
  switch (outcome.kind) {
    // What could not be decided yet says nothing about an override either.
    case "undecidable":
      return { kind: "later" };
    case "objected":
    case "waiting":
      return refusal === undefined ? { kind: "later" } : { kind: "words", words: whyRefused(refusal) };
    case "overridden":
      return { kind: refusal === undefined ? "later" : "silence" };
    case "countersigned":
    case "not-needed":
      return { kind: "silence" };
  }
}

const notLanded = "there is nothing to accept: it was not merged. To countersign it, approve it in a review.";

const noSuchCommand =
  "there is no such command. `/countersign override`, with a reason behind it, lifts the wait where a policy lets you; " +
  "`/countersign recheck` looks at this pull request again. Either is the whole first line of a new comment.";

function whyRefused({ reason, command }: RefusedReview): string {
  return `this override does not count (${prose(reason)}). ${prose(command?.instead ?? "")}`;
}

/** Whether somebody is answered at all: people of the roster, and who can push. */
export function mayBeAnswered(person: Account, { pushAccess }: Facts, roster: Roster): boolean {
  if (standing(roster, person).kind === "listed") return true;
  const access = pushAccess.find(({ account }) => isSame(account, person))?.canPush;
  return access?.kind === "read" && access.value;
}

function wasAnswered(person: Account, { observations, headSha }: Facts): boolean {
  return observations.some(
    (seen) => seen.kind === "answer" && seen.said && seen.sha === headSha && isSame(seen.to, person),
  );
}
