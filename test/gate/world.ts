/**
 * A valid small world: junior june opened a pull request into main whose one commit carries a Claude Code trailer; nobody
 * has reviewed it. Tests start here and change one thing.
 */
import type { Evidence } from "../../src/gate/evidence.ts";
import type { Account, GitIdentity } from "../../src/gate/accounts.ts";
import type { Commit, Facts, PushAccess, Review } from "../../src/gate/facts.ts";
import type { Policy, Rule, RuleCondition } from "../../src/gate/policy.ts";
import { defaultPolicy } from "../../src/gate/policy.ts";
import type { Roster, RosterPerson } from "../../src/gate/roster.ts";
import type { Config, Contributor, Verdict } from "../../src/gate/verdict.ts";

/** The first letter of a login is that of the person's level; mallory is on no roster. */
export const june = user("june", 101);
export const milo = user("milo", 102);
export const sara = user("sara", 103);
export const stan = user("stan", 104);
export const paula = user("paula", 105);
export const mallory = user("mallory", 666);
export const copilot: Account = { login: "copilot-swe-agent[bot]", id: 198982749, kind: "Bot" };
export const dependabot: Account = { login: "dependabot[bot]", id: 49699333, kind: "Bot" };
export const webFlow: Account = user("web-flow", 19864447);

export const headSha = sha("c0ffee1");
export const olderSha = sha("01de4");

export const smallRoster: Roster = {
  origin: "acme/.github › .github/countersign/roster.yml",
  levels: ["junior", "mid", "senior", "staff", "principal"],
  unlisted: "junior",
  people: [
    entry(june, "junior"),
    entry(milo, "mid"),
    entry(sara, "senior"),
    entry(stan, "staff"),
    entry(paula, "principal"),
  ],
  teams: [],
};

/** A user account. */
export function user(login: string, id: number | null): Account {
  return { login, id, kind: "User" };
}

/** A roster entry for an account. */
export function entry(account: Account, level: string, change: Partial<RosterPerson> = {}): RosterPerson {
  return { login: account.login, level, id: account.id, emails: [], away: null, ...change };
}

/** A whole SHA that begins with the given hexadecimal digits. */
export function sha(short: string): string {
  return short.padEnd(40, "0");
}

/** The name and e-mail a commit by this account carries. */
export function gitIdentity(account: Account): GitIdentity {
  return { name: account.login, email: `${account.login}@acme.dev`, account };
}

export function commit(change: Partial<Commit> = {}): Commit {
  return {
    sha: headSha,
    message: "Add a parser\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n",
    tree: sha("7ee"),
    parents: [sha("ba5e")],
    author: gitIdentity(june),
    coAuthors: [{ name: "Claude", email: "noreply@anthropic.com", account: null }],
    committer: gitIdentity(june),
    signedByGitHub: false,
    ...change,
  };
}

/** A commit by june without any sign of AI assistance. */
export function plainCommit(change: Partial<Commit> = {}): Commit {
  return commit({ message: "Add a parser\n", coAuthors: [], ...change });
}

/** An approval of the head, by somebody who can push. */
export function review(author: Account | null, change: Partial<Review> = {}): Review {
  return {
    id: "1",
    author,
    canPush: true,
    state: "APPROVED",
    submittedAt: "2026-11-20T10:00:00Z",
    commitSha: headSha,
    ...change,
  };
}

/** The facts of the pull request, with the given ones instead. */
export function pull(change: Partial<Facts> = {}): Facts {
  return {
    owner: "acme",
    repo: "shop",
    number: 7,
    url: "https://github.com/acme/shop/pull/7",
    headSha,
    headRef: "parser",
    headRepo: "acme/shop",
    base: "main",
    defaultBranch: "main",
    requiredOnBase: read(false),
    open: true,
    merged: false,
    merge: null,
    author: june,
    otherAuthors: [],
    bodyEdited: null,
    stackBase: null,
    landed: [],
    oldHeads: [],
    cleared: [],
    sameNamed: [],
    patches: [],
    suggestedBy: [],
    pushAccess: [june, milo, sara, stan, paula, mallory].map(pushes),
    notes: { kind: "absent" },
    configChanges: [],
    assignees: [],
    title: "Add a parser",
    body: "",
    commits: read([commit()]),
    files: read([{ path: "src/parser.ts", previousPath: null, additions: 10, deletions: 2 }]),
    reviews: read([]),
    labels: read([]),
    timeline: read([]),
    observations: [],
    readAt: "2026-11-20T12:00:00Z",
    ...change,
  };
}

/** The access of somebody who can push. */
export function pushes(account: Account): PushAccess {
  return { account, canPush: read(true) };
}

/** The pull request with these reviews, numbered and dated one minute apart in their order. */
export function reviewed(...reviews: readonly Review[]): Facts {
  const value = reviews.map((each, at) => ({
    ...each,
    id: String(at + 1),
    submittedAt: `2026-11-20T10:0${at}:00Z`,
  }));
  return pull({ reviews: read(value) });
}

export function rule(change: {
  name?: string;
  when?: Partial<RuleCondition>;
  require?: Rule["require"];
}): Rule {
  const always: RuleCondition = {
    levelBelow: null,
    paths: null,
    changedLinesOver: null,
    labels: null,
    tools: null,
    base: null,
    provenance: "ai",
  };
  return {
    name: change.name ?? "Two eyes",
    when: { ...always, ...change.when },
    require: change.require ?? { approvals: 1, level: "senior" },
  };
}

/** The default policy with the given keys instead. */
export function policy(change: Partial<Policy> = {}): Policy {
  return { ...defaultPolicy, origin: "acme/shop › .github/countersign/policy.yml", ...change };
}

/** The small roster and the given policies, or the default one. */
export function config(...policies: readonly Policy[]): Config {
  return { roster: read(smallRoster), policies: policies.map((value) => read(value)) };
}

/** A contributor who is not listed and has done nothing but open the pull request. */
export function contributor(change: Partial<Contributor> = {}): Contributor {
  return {
    name: "june",
    account: june,
    level: "junior",
    source: "roster",
    parts: ["opened the pull request"],
    ...change,
  };
}

export function evidence(change: Partial<Evidence> = {}): Evidence {
  return {
    tool: "claude-code",
    kind: "trailer",
    role: "wrote",
    confidence: "official",
    place: { kind: "commit", sha: headSha },
    quote: "Co-Authored-By: Claude <noreply@anthropic.com>",
    remembered: false,
    ...change,
  };
}

/** A passing verdict about the pull request, with the given parts instead. */
export function verdict(change: Partial<Verdict> = {}): Verdict {
  return {
    outcome: { kind: "not-needed", why: "no sign of AI assistance" },
    mode: "enforce",
    number: 7,
    url: "https://github.com/acme/shop/pull/7",
    headSha,
    siblings: [],
    evidence: [],
    contributors: [],
    rules: [],
    refused: [],
    notes: [],
    ...change,
  };
}

/** What was read. */
export function read<T>(value: T): { readonly kind: "read"; readonly value: T } {
  return { kind: "read", value };
}
