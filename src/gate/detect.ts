import {
  type AccountSignal,
  catalogue,
  type IdentitySignal,
  type Scope,
  type TextSignal,
  type TrailerSignal,
} from "./catalogue.ts";
import type { Confidence, Evidence, EvidenceKind, Place, Role } from "./evidence.ts";
import type { Account, GitIdentity } from "./accounts.ts";
import type { Commit, Facts } from "./facts.ts";
import { type ReadMessage, readMessage } from "./message.ts";
import { type Note, parseAuthorshipLog } from "./notes.ts";
import type { Trailer } from "./trailers.ts";

/** A longer commit message makes the verdict undecidable: it is never cut, and no honest message comes near. */
export const messageBytesMax = 1_000_000;

type Match = { readonly tool: string; readonly role: Role; readonly confidence: Confidence };

const assistance: ReadonlySet<Role> = new Set(["wrote", "assisted", "suggestion", "session"]);

/**
 * The signs of AI assistance in one commit: its trailers, its marker lines, its author and its committer. Each sign once,
 * however often it stands there. Linear in the length of the message.
 */
export function detectCommit(commit: Pick<Commit, "sha" | "message" | "author" | "committer">): Evidence[] {
  const found = collector({ kind: "commit", sha: commit.sha });
  noteIdentity(found, "author", commit.author);
  noteIdentity(found, "committer", commit.committer);
  const message = readMessage(commit.message);
  noteTrailers(found, "trailer", message);
  noteBody(found, [message.subject], "commit-subject");
  noteBody(found, message.lines, "commit-body");
  return found.evidence;
}

/**
 * The signs of AI assistance in a pull request and its commits: author, head branch, body, labels that are or were on it. What
 * could not be read counts as empty here: the gate says so elsewhere. `declaredLabels` are the policy's, in any case.
 */
export function detectPull(
  facts: Pick<Facts, "author" | "headRef" | "body" | "labels" | "timeline" | "observations" | "commits">,
  declaredLabels: readonly string[],
): Evidence[] {
  const found = collector({ kind: "pull-request" });
  const author = facts.author && findAccount(facts.author);
  if (facts.author && author) found.note("login", author, facts.author.login);
  const branch = catalogue.branches.find(({ pattern }) => pattern.test(facts.headRef));
  if (branch) found.note("branch", branch, facts.headRef);
  // The bodies dependency bots write quote other projects' release notes.
  if (facts.author === null || !isDependencyBot(facts.author)) {
    const body = readMessage(`\n${facts.body}`);
    noteTrailers(found, "body", body);
    // Under a heading "Changelog" people and tools go on writing, so what stands there is read too.
    noteBody(found, body.unquoted, "pr-body");
  }
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  return [...found.evidence, ...detectLabels(facts, declaredLabels), ...commits.flatMap(detectCommit)];
}

/**
 * The signs of AI assistance in git-ai's notes: one for each tool that wrote at least one line of a commit. A note that cannot
 * be read is none; it is returned with the reason, so that somebody can say so.
 */
export function detectNotes(notes: readonly Note[]): {
  readonly evidence: readonly Evidence[];
  readonly broken: readonly { readonly sha: string; readonly why: string }[];
} {
  const evidence: Evidence[] = [];
  const broken: { sha: string; why: string }[] = [];
  for (const { sha, text } of notes) {
    const log = parseAuthorshipLog(text);
    if (log.kind === "broken") {
      broken.push({ sha, why: log.why });
      continue;
    }
    for (const { tool, models, files, lines } of log.tools) {
      const howMuch = `${lines} ${lines === 1 ? "line" : "lines"} in ${files} ${files === 1 ? "file" : "files"}`;
      const model = models.length === 0 ? "" : ` (${models.join(", ")})`;
      evidence.push({
        tool: tool === null ? "any" : (gitAiNames.get(tool) ?? namedTool(tool)),
        kind: "note",
        role: "wrote",
        confidence: "official",
        place: { kind: "commit", sha },
        quote: `git-ai: ${howMuch} by ${tool ?? "an AI tool"}${model}`,
        remembered: false,
      });
    }
  }
  return { evidence, broken };
}

/** What git-ai calls the tools that free text does not name so. */
const gitAiNames: ReadonlyMap<string, string> = new Map([
  ["continue", "continue"],
  ["continue-cli", "continue"],
  ["hermes", "self-hosted"],
  ["kilo", "kilo"],
  ["kilo-code", "kilo"],
  ["pi", "pi"],
  ["roo-background", "roo"],
]);

/** The evidence that counts: a sign of confidence `reported` only beside another, different sign. */
export function counts(evidence: readonly Evidence[]): readonly Evidence[] {
  const signs = new Set(
    evidence.map((entry) =>
      entry.confidence === "reported" ? `${entry.tool}:${group(entry.kind)}` : "sure",
    ),
  );
  return signs.size > 1 || signs.has("sure") ? evidence : [];
}

/**
 * The slug of the tool a git identity or account belongs to, `automation` for bots that are not AI; null for people. An identity
 * anybody may use under their own address stays a person's, and so does one that is only `reported`.
 */
export function toolIdentity(identity: GitIdentity): string | null {
  const account = identity.account && findAccount(identity.account);
  const signal = account || findNoreply(identity.email);
  if (signal) return signal.confidence === "reported" ? null : signal.tool;
  const git =
    findIdentity(identity.name, identity.email, "author") ??
    findIdentity(identity.name, identity.email, "co-author");
  return git === null || git.human || git.confidence === "reported" ? null : git.tool;
}

/** Whether an account is a bot that updates dependencies and nothing else. A workflow's bot may open anybody's change. */
export function isDependencyBot(account: Account): boolean {
  return findAccount(account)?.role === "none" && /^(?:dependabot|renovate)/iu.test(account.login);
}

type Collector = {
  readonly evidence: Evidence[];
  readonly note: (kind: EvidenceKind, match: Match, quote: string) => void;
};

function collector(place: Place): Collector {
  const evidence: Evidence[] = [];
  const seen = new Set<string>();
  const note: Collector["note"] = (kind, { tool, role, confidence }, quote) => {
    const key = `${kind} ${tool} ${quote}`;
    if (!assistance.has(role) || seen.has(key)) return;
    seen.add(key);
    evidence.push({
      tool: tool === "any" ? namedTool(quote) : tool,
      kind,
      role,
      confidence,
      place,
      quote,
      remembered: false,
    });
  };
  return { evidence, note };
}

/** Author, committer and account are one sign: the same identity seen from three sides. */
function group(kind: EvidenceKind): string {
  return kind === "author" || kind === "committer" || kind === "login" ? "identity" : kind;
}

function noteIdentity(found: Collector, kind: "author" | "committer", identity: GitIdentity): void {
  const match = findNoreply(identity.email) ?? findIdentity(identity.name, identity.email, kind);
  if (match) {
    found.note(kind, match, `${identity.name} <${identity.email}>`);
    return;
  }
  const account = identity.account && findAccount(identity.account);
  if (identity.account && account) found.note("login", account, identity.account.login);
}

function noteTrailers(found: Collector, kind: "trailer" | "body", message: ReadMessage): void {
  for (const trailer of message.trailers) {
    const match = matchTrailer(trailer);
    if (match) found.note(kind, match, `${trailer.key}: ${trailer.value}`);
  }
}

// Keys that name who shaped the change. Others (Reported-by, Reviewed-by) name who did something else.
const identityKeys: ReadonlySet<string> = new Set([
  "co-authored-by",
  "co-developed-by",
  "assisted-by",
  "generated-by",
  "authored-by",
  "signed-off-by",
]);

function matchTrailer({ key, value }: Trailer): Match | null {
  const lower = key.toLowerCase();
  const signals = catalogue.trailers.get(lower);
  const isIdentity = identityKeys.has(lower);
  if (signals === undefined && !isIdentity) return null;
  const { name, email } = splitIdentity(value);
  const identity = isIdentity ? (findNoreply(email) ?? findIdentity(name, email, "co-author")) : null;
  return identity ?? signals?.find((signal) => fits(signal, value, name, email)) ?? null;
}

function fits(signal: TrailerSignal, value: string, name: string, email: string): boolean {
  if (signal.pattern) return signal.pattern.test(value);
  return (signal.name?.test(name) ?? true) && (signal.email?.test(email) ?? true);
}

/** Splits `Name <address>`; the brackets may be missing, doubled, escaped or not closed. What is no address is left out. */
function splitIdentity(value: string): { name: string; email: string } {
  const text = value.includes("&") ? value.replaceAll("&lt;", "<").replaceAll("&gt;", ">") : value;
  const open = text.indexOf("<");
  if (open !== -1) {
    const rest = text.slice(open + 1).replaceAll("<", "");
    const close = rest.indexOf(">");
    const email = (close === -1 ? rest : rest.slice(0, close)).trim();
    if (isAddress(email)) return { name: text.slice(0, open).trim(), email };
    return {
      name: email === "" || isPlaceholder(email) ? text.slice(0, open).trim() : text.trim(),
      email: "",
    };
  }
  const last = text.slice(text.lastIndexOf(" ") + 1);
  return isAddress(last)
    ? { name: text.slice(0, -last.length).trim(), email: last }
    : { name: text.trim(), email: "" };
}

function isAddress(text: string): boolean {
  const at = text.indexOf("@");
  return at > 0 && at < text.length - 1 && !text.includes(" ");
}

function isPlaceholder(text: string): boolean {
  return /^\[?(e-?mail|noreply|redacted)\]?$/i.test(text);
}

function noteBody(found: Collector, lines: readonly string[], scope: Scope): void {
  const signals = catalogue.bodies.filter((signal) => signal.scope.includes(scope));
  for (const line of lines) {
    if (scope === "commit-body" && !mayBeMarker.test(line)) continue;
    const match = signals.find(({ pattern }) => pattern.test(line));
    if (match) found.note("body", match, line.trim());
  }
}

// Every marker of a commit's body has one of these words; a test holds the catalogue's examples against it.
const mayBeMarker =
  /generated|assisted|authored|written|coded|made|created|implemented|produced|claude\.ai|copilot workspace|devin\.ai/i;

function detectLabels(
  facts: Pick<Facts, "labels" | "timeline" | "observations">,
  declaredLabels: readonly string[],
): Evidence[] {
  const declared = new Set(declaredLabels.map((label) => label.toLowerCase()));
  const present = new Set(facts.labels.kind === "read" ? facts.labels.value : []);
  const events = [
    ...(facts.timeline.kind === "read" ? facts.timeline.value : []).filter(isLabelEvent),
    ...facts.observations.flatMap((entry) =>
      entry.kind === "label" ? [{ ...entry, kind: entry.action }] : [],
    ),
  ].toSorted((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
  return [...new Set([...present, ...events.map(({ label }) => label)])].flatMap((label): Evidence[] => {
    const match = matchLabel(label, declared);
    if (!match || !assistance.has(match.role)) return [];
    const own = events.filter((event) => event.label === label);
    const added = own.find(({ kind }) => kind === "labeled");
    const removed = present.has(label) ? undefined : own.findLast(({ kind }) => kind === "unlabeled");
    const place: Place = {
      kind: "label",
      by: added?.actor?.login ?? null,
      at: added?.at ?? null,
      removedBy: removed?.actor?.login ?? null,
    };
    const { tool, role, confidence } = match;
    return [{ tool, kind: "label", role, confidence, place, quote: label, remembered: false }];
  });
}

type LabelEvent = { kind: "labeled" | "unlabeled"; label: string; actor: Account | null; at: string };

function isLabelEvent(event: { kind: string }): event is LabelEvent {
  return event.kind === "labeled" || event.kind === "unlabeled";
}

function matchLabel(label: string, declared: ReadonlySet<string>): Match | undefined {
  if (declared.has(label.toLowerCase())) return { tool: "any", role: "assisted", confidence: "official" };
  return catalogue.labels.find(({ pattern }: TextSignal) => pattern.test(label));
}

/** Id and login together. Without an id only a bot is believed: nobody else can have a login that ends in `[bot]`. */
function findAccount({ login, id, kind }: Account): AccountSignal | null {
  const fit = catalogue.accounts.find(
    (signal) =>
      signal.login.test(login) &&
      (signal.ids.length === 0 || (id === null ? kind === "Bot" : signal.ids.includes(id))),
  );
  return fit ?? null;
}

/** GitHub's own noreply addresses state id and login: `209825114+claude[bot]@users.noreply.github.com`. */
function findNoreply(email: string): AccountSignal | null {
  if (!email.toLowerCase().endsWith(noreply)) return null;
  const [, id, login] = /^(?:(\d+)\+)?([^@+]+)@/.exec(email) ?? [];
  if (login === undefined) return null;
  return findAccount({
    login,
    id: id === undefined ? null : Number(id),
    kind: login.endsWith("[bot]") ? "Bot" : "User",
  });
}

const noreply = "@users.noreply.github.com";

function findIdentity(name: string, email: string, place: string): IdentitySignal | null {
  const fit = catalogue.identities.find(
    (signal) =>
      signal.in.includes(place) && (signal.email?.test(email) ?? true) && (signal.name?.test(name) ?? true),
  );
  return fit ?? null;
}

/** The tool a text names first, `any` if it names none. */
function namedTool(text: string): string {
  let first = { tool: "any", at: Number.POSITIVE_INFINITY };
  for (const { tool, pattern } of catalogue.words) {
    const at = text.search(pattern);
    if (at !== -1 && at < first.at) first = { tool, at };
  }
  return first.tool;
}
