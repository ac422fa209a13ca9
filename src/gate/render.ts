import type { Evidence } from "./evidence.ts";
import { noRoster } from "./judge.ts";
import { cell, code, plain, prose } from "./markdown.ts";
import type {
  CheckOutput,
  Contributor,
  Need,
  Person,
  Problem,
  RefusedReview,
  RuleResult,
  Verdict,
} from "./verdict.ts";

/** GitHub refuses a longer `output.summary` with 422; a margin, because it and JavaScript may count differently. */
const summaryCharactersMax = 65_000;
/** GitHub allows 255; the pull request page shows fewer. */
const titleCharactersMax = 250;
/** Names in a title: enough to ask somebody, few enough to read. */
const namesInTitleMax = 3;
/** Names in a sentence or a cell of the summary. */
const namesMax = 10;
/** Rows of one table: a reader looks at the first, a machine reads the recorded verdict. */
const rowsMax = 50;

/**
 * The one wording of a verdict, for the check run, the page and the command line.
 * @returns conclusion, title and summary within GitHub's limits. The most important part comes first and is kept.
 */
export function render(verdict: Verdict): CheckOutput {
  const parts = [
    ...stateSection(verdict),
    ...verdict.notes.map((note) => (note === noRoster ? rosterToPaste : `${prose(note, 1000)}\n`)),
    ...rulesSection(verdict.rules),
    ...refusedSection(verdict.refused),
    ...evidenceSection(verdict),
    ...contributorsSection(verdict.contributors),
  ];
  return { conclusion: conclusionOf(verdict), title: titleOf(verdict), summary: withinLimit(parts) };
}

function conclusionOf({ outcome, mode }: Verdict): CheckOutput["conclusion"] {
  if (mode === "observe") return "neutral";
  switch (outcome.kind) {
    case "undecidable":
    case "objected":
      return "failure";
    case "waiting":
      return "action_required";
    case "overridden":
    case "countersigned":
    case "not-needed":
      return "success";
  }
}

function titleOf(verdict: Verdict): string {
  const about = verdict.siblings.length > 0 ? `#${verdict.number}: ` : "";
  const observing = verdict.mode === "observe" ? "Observe only: " : "";
  return plain(`${observing}${about}${stateOf(verdict, onPlain)}`, titleCharactersMax);
}

/** How a sentence is written: names and sentences that may carry text of others, made safe for where they go. */
type Ink = {
  readonly name: (text: string) => string;
  readonly words: (text: string) => string;
  readonly namesMax: number;
};
const onPlain: Ink = { name: plain, words: (text) => plain(text, 400), namesMax: namesInTitleMax };
const onMarkdown: Ink = { name: code, words: (text) => prose(text, 2000), namesMax };

/** The state in one sentence. */
function stateOf({ outcome, notes }: Verdict, ink: Ink): string {
  switch (outcome.kind) {
    case "undecidable":
      return `Could not decide: ${allOf(outcome.problems, ink)}`;
    case "objected":
      return `${people(outcome.by, ink)} requested changes`;
    case "waiting":
      return waitingFor(outcome.needs, notes.includes(noRoster), ink);
    case "overridden":
      return `Overridden by ${people([outcome.by], ink)}: ${ink.words(outcome.reason)}`;
    case "countersigned":
      return `Countersigned by ${people(outcome.by, ink)}`;
    case "not-needed":
      return `No countersignature needed: ${ink.words(outcome.why)}`;
  }
}

/** What keeps the gate from deciding, then what to do about it, each said once. */
function allOf(problems: readonly Problem[], ink: Ink): string {
  const shown = problems.slice(0, namesMax);
  const sentences = [...shown.map(({ what }) => what), ...shown.map(({ repair }) => repair)];
  const rest = problems.length - shown.length;
  return [...new Set(sentences.map(ink.words)), ...(rest > 0 ? [`${rest} more problems.`] : [])].join(" ");
}

/** What is asked for, without what comes by itself: one approval serves several rules. */
function waitingFor(needs: readonly Need[], rosterMissing: boolean, ink: Ink): string {
  const asked = needs.filter(
    (need, at) => !needs.some((other, place) => covers(other, need) && (place < at || !covers(need, other))),
  );
  const shown = asked.slice(0, 2).map((need) => {
    const count = need.approvals === 1 ? "1 approval" : `${need.approvals} approvals`;
    return `for ${count} by ${ink.name(need.level)} or above: ${whoCan(need, rosterMissing, ink)}`;
  });
  const more = asked.length > shown.length ? `; and ${asked.length - shown.length} more` : "";
  return `Waiting ${shown.join("; and ")}${more}`;
}

/** Whether whoever gives `one` what it needs gives `other` all it needs, too. */
function covers(one: Need, other: Need): boolean {
  return (
    one !== other &&
    one.approvals >= other.approvals &&
    one.candidates.every((login) => other.candidates.includes(login))
  );
}

function whoCan({ candidates, approvals }: Need, rosterMissing: boolean, ink: Ink): string {
  if (rosterMissing) return "nobody can, because there is no roster";
  if (candidates.length === 0) return "nobody can";
  if (candidates.length < approvals) return `only ${someOf(candidates, "and", ink)} can, which is too few`;
  return `${someOf(candidates, "or", ink)} can`;
}

/** Names as people write them: `ada`, `ada or grace`, `ada, grace, alan or 4 more`. */
function someOf(logins: readonly string[], joined: "and" | "or", ink: Ink): string {
  const named = logins.slice(0, ink.namesMax).map((login) => ink.name(login));
  const rest = logins.length - named.length;
  return joinedBy(joined, rest > 0 ? [...named, `${rest} more`] : named);
}

function people(persons: readonly Person[], ink: Ink): string {
  const named = persons
    .slice(0, ink.namesMax)
    .map(({ login, level }) => `${ink.name(login)} (${ink.name(level)})`);
  const rest = persons.length - named.length;
  return joinedBy("and", rest > 0 ? [...named, `${rest} more`] : named);
}

function joinedBy(word: "and" | "or", items: readonly string[]): string {
  if (items.length < 2) return items.join("") || "nobody";
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;
}

function stateSection(verdict: Verdict): string[] {
  const { mode, siblings, number } = verdict;
  const state = stateOf(verdict, onMarkdown).replace(/\.?$/u, ".");
  const lines = [`${mode === "observe" ? "**Observe only:** " : ""}${state}\n`, ...nextStep(verdict)];
  if (siblings.length > 0) {
    const others = siblings.slice(0, namesMax).map((sibling) => `#${sibling}`);
    lines.push(
      `This head commit is also that of ${joinedBy("and", others)}; the strictest verdict, that of #${number}, is shown.\n`,
    );
  }
  return lines;
}

/** What to do now, where somebody has to do something. */
function nextStep({ outcome, notes, headSha }: Verdict): string[] {
  if (outcome.kind === "objected") {
    const [first] = outcome.by;
    const whom = outcome.by.length === 1 && first ? `${code(first.login)} approves` : "each of them approves";
    return [
      `This stands until ${whom}. If somebody else dismisses it, one more approval is needed, from somebody who did not dismiss it.\n`,
    ];
  }
  if (outcome.kind !== "waiting" || notes.includes(noRoster)) return [];
  if (outcome.needs.some((need) => need.candidates.length < need.approvals)) return [waysOut];
  return [
    `To countersign, approve ${code(headSha.slice(0, 7))} in a review on GitHub. A push afterwards asks for a new approval.\n`,
  ];
}

/** A change nobody may countersign would otherwise wait for ever without saying what to do. */
const waysOut =
  "Too few people can countersign: the others are contributors to this change, away, or below the level asked for. Ways out: add people to the roster, or split the change so that somebody is not a contributor to a part of it.\n";

const rosterToPaste = [
  "Put this on the default branch as `.github/countersign/roster.yml`, in the organisation's `.github` repository or in this one, with your own names:",
  "",
  "```yaml",
  "people:",
  "  ada: senior",
  "  grace: junior",
  "```",
  "",
].join("\n");

function rulesSection(rules: readonly RuleResult[]): string[] {
  const policies = new Set(rules.map(({ policy }) => policy));
  const rows = rules.map((rule) => {
    const name = policies.size > 1 ? `${cell(rule.name)} of ${cell(rule.policy)}` : cell(rule.name);
    const asked = `${rule.require.approvals} × ${cell(rule.require.level)} or above`;
    const by = rule.countersignedBy.map(({ login }) => login);
    const got = by.length === 0 ? "–" : someOf(by, "and", onCells);
    return `| ${name} | ${prose(rule.because)} | ${asked} | ${got} | ${stillNeeds(rule)} |`;
  });
  return table("Rules that apply", ["Rule", "Because", "Asks for", "Countersigned by", "Still needs"], rows);
}

const onCells: Ink = { name: cell, words: prose, namesMax };

function stillNeeds({ missing, candidates }: RuleResult): string {
  if (missing === 0) return "nothing";
  if (candidates.length === 0) return `${missing}, but nobody can`;
  if (candidates.length < missing) return `${missing}, but only ${someOf(candidates, "and", onCells)} can`;
  return `${missing} by ${someOf(candidates, "or", onCells)}`;
}

function refusedSection(refused: readonly RefusedReview[]): string[] {
  const rows = refused.map(
    ({ reviewer, state, reason }) => `| ${cell(reviewer)} | ${prose(state)} | ${prose(reason)} |`,
  );
  return table("Reviews that do not count", ["By", "Review", "Why"], rows);
}

function evidenceSection(verdict: Verdict): string[] {
  const rows = verdict.evidence.map((evidence) => {
    const gone = evidence.remembered ? ", seen earlier, no longer there" : "";
    const tool = evidence.tool === "any" ? "–" : cell(evidence.tool);
    return `| ${tool} | ${cell(evidence.quote)} | ${where(evidence, verdict)}${gone} |`;
  });
  return table("Evidence of AI assistance", ["Tool", "Sign", "Where"], rows);
}

function where({ place, kind }: Evidence, verdict: Verdict): string {
  switch (place.kind) {
    case "commit": {
      const commit = `[${cell(place.sha.slice(0, 7))}](${verdict.url}/commits/${encodeURIComponent(place.sha)})`;
      return `${kind === "login" ? "account" : kind} of ${commit}`;
    }
    case "label": {
      const on = place.by === null ? "" : `, put on by ${cell(place.by)}`;
      const off = place.removedBy === null ? "" : `, taken off by ${cell(place.removedBy)}, still counts`;
      return `[label](${verdict.url})${on}${off}`;
    }
    case "pull-request":
      return kind === "undeclared" ? "policy" : `[${partOfPull(kind)}](${verdict.url})`;
  }
}

function partOfPull(kind: Evidence["kind"]): string {
  if (kind === "login") return "account that opened the pull request";
  if (kind === "branch") return "name of the head branch";
  return kind === "body" ? "description" : `${kind} of the pull request`;
}

function contributorsSection(contributors: readonly Contributor[]): string[] {
  const rows = contributors.map(({ name, level, source, parts }) => {
    const more = parts.length > 3 ? ` and ${parts.length - 3} more` : "";
    return `| ${cell(name)} | ${cell(level)} | ${prose(source)} | ${prose(parts.slice(0, 3).join(", "))}${more} |`;
  });
  return table("Contributors", ["Who", "Level", "Level from", "What they did"], rows);
}

function table(heading: string, columns: readonly string[], rows: readonly string[]): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, rowsMax);
  const more = rows.length > shown.length ? [`\n${rows.length - shown.length} more are not shown.\n`] : [];
  const head = [`| ${columns.join(" | ")} |`, `|${" --- |".repeat(columns.length)}`];
  return [`### ${heading}\n`, ...head, ...shown, ...more, ""];
}

/** Whole lines from the top as long as they fit: what comes first matters most. */
function withinLimit(lines: readonly string[]): string {
  const cut = "\n\n…cut: GitHub shows no longer summary.";
  let length = 0;
  const kept = lines.filter((line) => {
    length += line.length + 1;
    return length <= summaryCharactersMax - cut.length;
  });
  const summary = kept.join("\n").trimEnd();
  return kept.length === lines.length ? summary : `${summary}${cut}`;
}
