import type { Account } from "./accounts.ts";
import { clearedFor, isCleared, nothingIsNew } from "./cleared.ts";
import { counts, detectNotes, detectPull, isDependencyBot } from "./detect.ts";
import type { Evidence, Place } from "./evidence.ts";
import type { Commit, Facts } from "./facts.ts";
import { readMessage, readTrailers } from "./message.ts";
import { matchesText } from "./patterns.ts";
import { keepsPatch, pushesOf } from "./patches.ts";
import { defaultPolicy, type Marker, type Policy } from "./policy.ts";
import { isSame, sameLogin } from "./roster.ts";

/**
 * The evidence that a policy counts: found now by the catalogue, the policy's markers and a ticked attestation; remembered
 * from earlier looks; or, where there is none and nobody attests otherwise, assumed because the policy says so. What it
 * cleared before is left out.
 */
export function assistanceIn(facts: Facts, policy: Policy): readonly Evidence[] {
  const cleared = clearedFor(facts, policy);
  const asks = (entry: Evidence) => !isCleared(entry, cleared);
  const now = signsIn(facts, policy)
    .filter(asks)
    .map((entry) => (isReplaced(entry, facts) ? { ...entry, ...replaced } : entry));
  const seen = new Set(now.map(evidenceKey));
  const earlier = remembered(facts, asks)
    .filter((entry) => !seen.has(evidenceKey(entry)))
    .map((entry) => (goneCommit(entry, facts) === null ? entry : { ...entry, gone: true as const }));
  const evidence = counts([...now, ...earlier]);
  if (evidence.length > 0 || policy.ai.undeclared === "human" || declaresHuman(facts, policy))
    return evidence;
  // Nobody has to declare anew what was declared on its way here.
  if (nothingIsNew(facts, cleared)) return [];
  return [
    sign("any", "undeclared", onPull, `${policy.origin}: what declares nothing is taken for AI-assisted`),
  ];
}

const replaced = { remembered: true, gone: true } as const;

/** Whether it was found in a commit of an old head. */
function isReplaced({ place }: Evidence, { commits, oldHeads }: Facts): boolean {
  if (oldHeads.length === 0 || place.kind !== "commit" || commits.kind !== "read") return false;
  return commits.value.every(({ sha }) => sha !== place.sha);
}

function signsIn(known: Facts, policy: Policy): Evidence[] {
  const facts = { ...known, commits: withReplaced(known) };
  return [
    ...detectPull(facts, policy.ai.labels),
    ...markersIn(facts, policy),
    ...attestationIn(facts, policy),
    ...(policy.ai.notes && facts.notes.kind === "read" ? detectNotes(facts.notes.value).evidence : []),
  ];
}

/** The commits of the pull request, then those of old heads, each once. */
function withReplaced({ commits, oldHeads }: Facts): Facts["commits"] {
  const old = oldHeads.flatMap((head) => (head.commits.kind === "read" ? head.commits.value : []));
  if (old.length === 0) return commits;
  const now = commits.kind === "read" ? commits.value : [];
  return {
    kind: "read",
    value: [...new Map([...now, ...old].map((commit) => [commit.sha, commit])).values()],
  };
}

/**
 * What has to be remembered of this look, whatever its verdict: every sign there is now, also one that counts only beside
 * another, and also while no policy gates the base branch or none can be read.
 */
export function signsToRemember(facts: Facts, policies: readonly Policy[]): readonly Evidence[] {
  const inForce = policies.length === 0 ? [defaultPolicy] : policies;
  const signs = inForce.flatMap((policy) => signsIn(facts, policy));
  return [...new Map(signs.map((entry) => [evidenceKey(entry), entry])).values()];
}

/**
 * The commits to look for in the base branch: those that evidence is remembered from and that are no longer in the range,
 * where a policy counts no other evidence. Each once.
 */
export function commitsToLocate(facts: Facts, policies: readonly Policy[]): string[] {
  const deciding = policies.flatMap((policy) => {
    const gone = assistanceIn(facts, policy).map((entry) => goneCommit(entry, facts));
    return gone.includes(null) ? [] : gone;
  });
  return [...new Set(deciding.filter((sha) => sha !== null))];
}

/** The commit of a remembered piece of evidence if the pull request does not have it any more. */
function goneCommit({ place, remembered: earlier }: Evidence, { commits }: Facts): string | null {
  if (!earlier || place.kind !== "commit" || commits.kind !== "read") return null;
  return commits.value.some(({ sha }) => sha === place.sha) ? null : place.sha;
}

/**
 * What was seen earlier, here or on a pull request that this one inherits from, each piece as it was seen first where it asks for
 * something. What was seen in a commit that landed since is the matter of the pull request it landed through.
 */
function remembered({ observations, landed }: Facts, asks: (entry: Evidence) => boolean): Evidence[] {
  const first = new Map<string, Evidence>();
  for (const entry of observations) {
    if (entry.kind !== "evidence" || !asks(entry.evidence)) continue;
    const { place } = entry.evidence;
    if (place.kind === "commit" && landed.includes(place.sha)) continue;
    const key = evidenceKey(entry.evidence);
    if (!first.has(key)) first.set(key, { ...entry.evidence, remembered: true });
  }
  return [...first.values()];
}

/** What makes two pieces of evidence the same piece, seen at different times. */
export function evidenceKey(evidence: Evidence): string {
  const where = evidence.place.kind === "commit" ? evidence.place.sha : evidence.place.kind;
  return [evidence.kind, evidence.tool, where, evidence.quote].join("\n");
}

const onPull: Place = { kind: "pull-request" };

function sign(tool: string, kind: Evidence["kind"], place: Place, quote: string): Evidence {
  return { tool, kind, role: "assisted", confidence: "official", place, quote, remembered: false };
}

function markersIn(facts: Facts, policy: Policy): Evidence[] {
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  return [
    ...policy.ai.markers.flatMap((marker) =>
      isBy(marker, facts.author) ? [sign(marker.tool, "login", onPull, marker.login)] : [],
    ),
    ...commits.flatMap((commit) => policy.ai.markers.flatMap((marker) => markerIn(marker, commit))),
  ];
}

function markerIn(marker: Marker, commit: Commit): Evidence[] {
  const place: Place = { kind: "commit", sha: commit.sha };
  if (marker.kind === "login") {
    const accounts = [commit.author, commit.committer, ...commit.coAuthors].map(({ account }) => account);
    return accounts.some((account) => isBy(marker, account))
      ? [sign(marker.tool, "login", place, marker.login)]
      : [];
  }
  return readTrailers(commit.message)
    .filter(
      ({ key, value }) =>
        key.toLowerCase() === marker.trailer.toLowerCase() && matchesText(marker.value ?? "*", value),
    )
    .map(({ key, value }) => sign(marker.tool, "trailer", place, `${key}: ${value}`));
}

function isBy(marker: Marker, account: Account | null): marker is Extract<Marker, { kind: "login" }> {
  return marker.kind === "login" && account !== null && sameLogin(account.login, marker.login);
}

function attestationIn(facts: Facts, policy: Policy): Evidence[] {
  const line = policy.ai.attestation?.ai;
  return line !== undefined && ticked(facts.body).has(normal(line))
    ? [sign("any", "body", onPull, line)]
    : [];
}

/**
 * Whether somebody who may says that no AI was used. Only the author can: a body last edited by anybody else attests nothing.
 * Dependency bots of the catalogue need not say it.
 */
function declaresHuman(facts: Facts, policy: Policy): boolean {
  if (isByDependencyBot(facts)) return true;
  const line = policy.ai.attestation?.human;
  // A template's sample in a comment or a code block is not shown as ticked, and says nothing.
  const shown = readMessage(`\n${facts.body}`).unquoted.join("\n");
  if (line === undefined || !ticked(shown).has(normal(line))) return false;
  if (facts.bodyEdited === null) return true;
  return facts.author !== null && facts.bodyEdited.by !== null && isSame(facts.bodyEdited.by, facts.author);
}

/**
 * Whether a dependency bot made all of it: its pull request may hold commits of people. Git may name the bot for a commit of
 * theirs, so that it does not count for the bot's own once somebody else was seen pushing more than the same patch.
 */
function isByDependencyBot(facts: Facts): boolean {
  const { author, commits } = facts;
  if (author === null || !isDependencyBot(author) || commits.kind !== "read") return false;
  const isBot = (account: Account | null) => account !== null && isSame(account, author);
  return (
    commits.value.every((commit) => isBot(commit.author.account)) &&
    pushesOf(facts).every((push) => isBot(push.actor) || keepsPatch(facts, push))
  );
}

/** The texts of ticked task-list items, as GitHub shows them: https://docs.github.com/en/get-started/writing-on-github */
function ticked(body: string): ReadonlySet<string> {
  const items = body
    .split(/\r?\n/u)
    .map((line) => /^ {0,3}(?:[-*+]|\d{1,9}[.)])\s+\[[xX]\]\s+(.*)$/u.exec(line)?.[1]);
  return new Set(items.flatMap((text) => (text === undefined ? [] : [normal(text)])));
}

function normal(text: string): string {
  return text.trim().replace(/\s+/gu, " ").toLowerCase();
}
