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
export const rowsMax = 50;

/**
 * The one wording of a verdict, for the check run, the page and the command line.
 * @returns conclusion, title and summary within GitHub's limits. The most important part comes first and is kept.
 */
export function render(verdict: Verdict): CheckOutput {
  const parts = [
    ...stateSection(verdict, onMarkdown),
    ...verdict.notes.map((note) => (note === noRoster ? rosterToPaste() : `${prose(note, 1000)}\n`)),
    ...tablesOf(verdict, onCells).flatMap(markdownTable),
  ];
  return { conclusion: conclusionOf(verdict), title: titleOf(verdict), summary: withinLimit(parts) };
}

function rosterToPaste(): string {
  return `${rosterAdvice(onMarkdown)}\n\n\`\`\`yaml\n${exampleRoster}\`\`\`\n`;
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
export type Ink = {
  readonly name: (text: string) => string;
  readonly words: (text: string) => string;
  /** Text that is safe already, and the address behind it. */
  readonly link: (text: string, address: string) => string;
  readonly namesMax: number;
};
const onPlain: Ink = {
  name: plain,
  words: (text) => plain(text, 400),
  link: (text) => text,
  namesMax: namesInTitleMax,
};
const link: Ink["link"] = (text, address) => `[${text}](${address})`;
const onMarkdown: Ink = { name: code, words: (text) => prose(text, 2000), link, namesMax };
const onCells: Ink = { name: cell, words: prose, link, namesMax };
/** For a terminal: the same sentences without Markdown, and whole where a title is cut. */
export const onTerminal: Ink = {
  name: (text) => plain(text) || "(empty)",
  words: (text) => plain(text, 2000),
  link: (text) => text,
  namesMax,
};

/** The state in one sentence, without a full stop. */
export function stateOf({ outcome, notes }: Pick<Verdict, "outcome" | "notes">, ink: Ink): string {
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
  const named = persons.slice(0, ink.namesMax).map(({ login, level, by }) => {
    const why = by === undefined ? "" : `, ${ink.words(by)}`;
    return `${ink.name(login)} (${ink.name(level)}${why})`;
  });
  const rest = persons.length - named.length;
  return joinedBy("and", rest > 0 ? [...named, `${rest} more`] : named);
}

function joinedBy(word: "and" | "or", items: readonly string[]): string {
  if (items.length < 2) return items.join("") || "nobody";
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1)}`;
}

function stateSection(verdict: Verdict, ink: Ink): string[] {
  const observing = verdict.mode === "observe" ? "**Observe only:** " : "";
  return [`${observing}${stateOf(verdict, ink).replace(/\.?$/u, ".")}\n`, ...nextSteps(verdict, ink)];
}

/** What to do now, and which other pull requests the verdict is about: paragraphs, each with a line break at its end. */
export function nextSteps(verdict: Verdict, ink: Ink): string[] {
  const { siblings, number } = verdict;
  const lines = nextStep(verdict, ink);
  if (siblings.length > 0) {
    const others = siblings.slice(0, namesMax).map((sibling) => `#${sibling}`);
    lines.push(
      `This head commit is also that of ${joinedBy("and", others)}; the strictest verdict, that of #${number}, is shown.\n`,
    );
  }
  return lines;
}

/** What to do now, where somebody has to do something. */
function nextStep({ outcome, notes, headSha }: Verdict, ink: Ink): string[] {
  if (outcome.kind === "objected") {
    const [first] = outcome.by;
    const whom =
      outcome.by.length === 1 && first ? `${ink.name(first.login)} approves` : "each of them approves";
    return [
      `This stands until ${whom}. If somebody else dismisses it, one more approval is needed, from somebody who did not dismiss it.\n`,
    ];
  }
  const head = ink.name(headSha.slice(0, 7));
  if (outcome.kind === "overridden")
    return [`This holds for ${head} alone: after a push the rules apply again.\n`];
  if (outcome.kind !== "waiting" || notes.includes(noRoster)) return [];
  // Where too few people can, a note of the gate names the ways out.
  if (outcome.needs.some((need) => need.candidates.length < need.approvals)) return [];
  return [
    `To countersign, approve ${head} in a review on GitHub. A later push asks for a new approval, unless it leaves the patch as it is.\n`,
  ];
}

/** What to do where there is no roster: a sentence, to be followed by `exampleRoster`. */
export function rosterAdvice(ink: Ink): string {
  const [path, repo] = [ink.name(".github/countersign/roster.yml"), ink.name(".github")];
  return `Put this on the default branch as ${path}, in the organisation's ${repo} repository or in this one, with your own names:`;
}

/** The smallest roster that is of use. */
export const exampleRoster = "people:\n  ada: senior\n  grace: junior\n";

/** A part of the summary: every cell is text that was made safe by the ink. */
export type Table = {
  readonly heading: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
};

/** Evidence, contributors, rules, and reviews that do not count, in the order of the summary; a table may have no rows. */
export function tablesOf(verdict: Verdict, ink: Ink): Table[] {
  const overrides = verdict.refused.some(({ state }) => state === "override") ? " and overrides" : "";
  return [
    {
      heading: "Evidence of AI assistance",
      columns: ["Tool", "Sign", "Where"],
      rows: verdict.evidence.map((evidence) => evidenceRow(evidence, verdict, ink)),
    },
    {
      heading: "Contributors",
      columns: ["Who", "Level", "Level from", "What they did"],
      rows: verdict.contributors.map((contributor) => contributorRow(contributor, ink)),
    },
    {
      heading: "Rules that apply",
      columns: ["Rule", "Because", "Asks for", "Countersigned by", "Still needs"],
      rows: ruleRows(verdict, ink),
    },
    {
      heading: `Reviews${overrides} that do not count`,
      columns: ["By", "Review", "Why"],
      rows: verdict.refused.map((review) => refusedRow(review, ink)),
    },
  ];
}

function ruleRows({ rules, outcome }: Verdict, ink: Ink): string[][] {
  const policies = new Set(rules.map(({ policy }) => policy));
  return rules.map((rule) => {
    const name =
      policies.size > 1 ? `${ink.name(rule.name)} of ${ink.name(rule.policy)}` : ink.name(rule.name);
    const asked = `${rule.require.approvals} × ${ink.name(rule.require.level)} or above`;
    const got = rule.countersignedBy.length === 0 ? "–" : people(rule.countersignedBy, ink);
    const lifted = outcome.kind === "overridden" && rule.missing > 0;
    return [
      name,
      ink.words(rule.because),
      asked,
      got,
      lifted ? "nothing: overridden" : stillNeeds(rule, ink),
    ];
  });
}

function stillNeeds({ missing, candidates }: RuleResult, ink: Ink): string {
  if (missing === 0) return "nothing";
  if (candidates.length === 0) return `${missing}, but nobody can`;
  if (candidates.length < missing) return `${missing}, but only ${someOf(candidates, "and", ink)} can`;
  return `${missing} by ${someOf(candidates, "or", ink)}`;
}

function refusedRow({ reviewer, state, reason }: RefusedReview, ink: Ink): string[] {
  return [ink.name(reviewer), ink.words(state), ink.words(reason)];
}

function evidenceRow(evidence: Evidence, verdict: Verdict, ink: Ink): string[] {
  const tool = evidence.tool === "any" ? "–" : ink.name(evidence.tool);
  return [tool, ink.name(evidence.quote), `${where(evidence, verdict, ink)}${sinceWhen(evidence)}`];
}

function sinceWhen({ remembered, gone, seenOn }: Evidence): string {
  if (gone) return ", no longer in the branch";
  if (!remembered) return "";
  return seenOn === undefined ? ", seen earlier, no longer there" : ", no longer there";
}

function where({ place, kind, gone, seenOn }: Evidence, verdict: Verdict, ink: Ink): string {
  const url = seenOn === undefined ? verdict.url : verdict.url.replace(/\d+$/u, String(seenOn));
  const elsewhere = seenOn === undefined ? "" : `, seen on ${ink.link(`#${seenOn}`, url)}`;
  switch (place.kind) {
    case "commit": {
      const address = `${url}/commits/${encodeURIComponent(place.sha)}`;
      const commit = ink.link(ink.name(place.sha.slice(0, 7)), address);
      const sign = kind === "login" ? "account" : kind;
      if (seenOn !== undefined) return `${sign}${elsewhere}, ${commit}`;
      return gone ? `${sign}, seen on ${commit}` : `${sign} of ${commit}`;
    }
    case "label": {
      const on = place.by === null ? "" : `, put on by ${ink.name(place.by)}`;
      const off = place.removedBy === null ? "" : `, taken off by ${ink.name(place.removedBy)}, still counts`;
      return `${ink.link("label", url)}${on}${off}${elsewhere}`;
    }
    case "pull-request":
      return kind === "undeclared" ? "policy" : `${ink.link(partOfPull(kind), url)}${elsewhere}`;
  }
}

function partOfPull(kind: Evidence["kind"]): string {
  if (kind === "login") return "account that opened the pull request";
  if (kind === "branch") return "name of the head branch";
  return kind === "body" ? "description" : `${kind} of the pull request`;
}

function contributorRow({ name, level, source, parts }: Contributor, ink: Ink): string[] {
  const more = parts.length > 3 ? ` and ${parts.length - 3} more` : "";
  return [
    ink.name(name),
    ink.name(level),
    ink.words(source),
    `${ink.words(parts.slice(0, 3).join(", "))}${more}`,
  ];
}

function markdownTable({ heading, columns, rows }: Table): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, rowsMax).map((row) => `| ${row.join(" | ")} |`);
  const more = rows.length > shown.length ? [`\n${rows.length - shown.length} more are not shown.\n`] : [];
  const head = [`| ${columns.join(" | ")} |`, `|${" --- |".repeat(columns.length)}`];
  return [`### ${heading}\n`, ...head, ...shown, ...more, ""];
}

/** Whole lines from the top as long as they fit: what comes first matters most. */
export function withinLimit(lines: readonly string[]): string {
  const cut = "\n\n…cut: GitHub shows no longer summary.";
  let length = 0;
  const kept = lines.filter((line) => {
    length += line.length + 1;
    return length <= summaryCharactersMax - cut.length;
  });
  const summary = kept.join("\n").trimEnd();
  return kept.length === lines.length ? summary : `${summary}${cut}`;
}
