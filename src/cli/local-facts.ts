/** What a local repository tells of a change, as the facts that the gate judges. */
import { toolIdentity } from "../gate/detect.ts";
import type { Account, GitIdentity } from "../gate/accounts.ts";
import type { ChangedFile, Commit, Facts } from "../gate/facts.ts";
import { readTrailers } from "../gate/message.ts";
import { withoutPull } from "../gate/no-pull.ts";
import { findByEmail, findPerson, type Roster } from "../gate/roster.ts";
import type { LocalCommit } from "./git.ts";

/** The two ends of a range. `base` and `head` are what people call them, `branch` and `defaultBranch` what policies do. */
export type Range = {
  readonly base: string;
  readonly head: string;
  readonly baseSha: string;
  readonly headSha: string;
  readonly branch: string;
  readonly defaultBranch: string;
  /** Empty when the head is no branch. */
  readonly headBranch: string;
};

export type Author = { readonly account: Account; readonly identity: GitIdentity | null };

/**
 * Whose pull request it would be. An author that neither the roster nor a noreply address knows gets an account that
 * nobody can have, so that they are one person wherever their commits show them.
 */
export function authorOf(
  commits: readonly LocalCommit[],
  login: string | undefined,
  roster: Roster | null,
): Author {
  if (login !== undefined) return { account: accountOf(login, null, roster), identity: null };
  const identity = commits.at(-1)?.author ?? { name: "", email: "", account: null };
  const known = findAccount(identity, roster);
  if (known !== null) return { account: known, identity };
  const kind = toolIdentity(identity) === null ? "User" : "Bot";
  return { account: { login: `${identity.name} <${identity.email}>`, id: null, kind }, identity };
}

/** A local range as the facts of a change that no pull request is about yet. */
export function factsOf(given: {
  range: Pick<Range, "headSha" | "headBranch" | "branch" | "defaultBranch">;
  commits: readonly LocalCommit[];
  files: readonly ChangedFile[];
  author: Author;
  roster: Roster | null;
  now: number;
}): Facts {
  const { range, commits, files, author, roster, now } = given;
  const withAccount = (identity: GitIdentity): GitIdentity => {
    const { name, email } = author.identity ?? { name: null, email: null };
    const isAuthor = identity.name === name && identity.email === email && author.account.kind === "User";
    return { ...identity, account: isAuthor ? author.account : findAccount(identity, roster) };
  };
  const toCommit = (commit: LocalCommit): Commit => ({
    ...commit,
    author: withAccount(commit.author),
    committer: withAccount(commit.committer),
    coAuthors: readTrailers(commit.message)
      .filter(({ key }) => key.toLowerCase() === "co-authored-by")
      .map(({ value }) => withAccount(identityOf(value))),
    signedByGitHub: false,
  });
  return withoutPull({
    headSha: range.headSha,
    headRef: range.headBranch,
    base: range.branch,
    defaultBranch: range.defaultBranch,
    author: author.account,
    notes: {
      kind: "read",
      value: commits.flatMap(({ sha, note }) => (note ? [{ sha, text: note }] : [])),
    },
    commits: { kind: "read", value: commits.map(toCommit) },
    files: { kind: "read", value: files },
    readAt: new Date(now).toISOString(),
  });
}

/** `Name <e-mail>`; without an address all of it is the name. */
function identityOf(value: string): GitIdentity {
  const [, name = value, email = ""] = /^([^<]*)<([^<>]*)/.exec(value) ?? [];
  return { name: name.trim(), email: email.trim(), account: null };
}

/** The account behind a git identity, as far as it can be told without GitHub. A claim, as everything in a commit is. */
function findAccount(identity: GitIdentity, roster: Roster | null): Account | null {
  const noreply = /^(?:(\d+)\+)?([a-z\d][a-z\d_-]*(?:\[bot\])?)@users\.noreply\.github\.com$/i.exec(
    identity.email,
  );
  if (noreply?.[2] !== undefined) {
    return accountOf(noreply[2], noreply[1] === undefined ? null : Number(noreply[1]), roster);
  }
  const person = roster === null ? undefined : findByEmail(roster, identity);
  return person === undefined ? null : { login: person.login, id: person.id, kind: "User" };
}

/** Ids are GitHub's to tell; here a login is taken at its word, so it gets the id the roster expects. */
export function accountOf(login: string, id: number | null, roster: Roster | null): Account {
  const account: Account = { login, id, kind: /\[bot\]$/i.test(login) ? "Bot" : "User" };
  return id !== null || roster === null
    ? account
    : { ...account, id: findPerson(roster, account)?.id ?? null };
}
