/** A verdict for a terminal: the same words and order as the summary of the check run, without Markdown. */
import { styleText } from "node:util";
import type { Evidence } from "../gate/evidence.ts";
import { plain } from "../gate/markdown.ts";
import { render } from "../gate/render.ts";
import type { Contributor, RuleResult, Verdict } from "../gate/verdict.ts";

/** Puts text in a colour, or leaves it as it is where nobody sees colours. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** As many rows of one table; JSON has them all. */
const rowsMax = 50;
const namesMax = 10;

/** The painter for a terminal that has colours or something else that has none. */
export function painter({ colour }: { readonly colour: boolean }): Paint {
  return (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text);
}

/** What the gate says, in one line: the title of the check run. */
export function verdictTitle(verdict: Verdict, paint: Paint): string {
  const { title, conclusion } = render(verdict);
  const colours = { success: "green", neutral: "blue", failure: "red", action_required: "yellow" } as const;
  return `${paint(["bold", colours[conclusion]], title)}\n`;
}

/**
 * Everything below the title: what keeps the gate from deciding, rules, reviews that do not count, evidence and
 * contributors; parts without content are left out. Text of other people cannot break lines or move the cursor.
 */
export function verdictText(verdict: Verdict, paint: Paint): string {
  // A title that was cut does not say how to repair what is wrong.
  const cut = render(verdict).title.endsWith("…");
  const problems = cut && verdict.outcome.kind === "undecidable" ? verdict.outcome.problems : [];
  return [
    ...problems.map(({ what, repair }) => `\n${plain(what, 2_000)}\n${plain(repair, 2_000)}\n`),
    ...verdict.notes.map((note) => `\n${plain(note, 1_000)}\n`),
    table(
      paint,
      "Rules that apply",
      ["Rule", "Because", "Asks for", "Still needs"],
      verdict.rules.map(ruleRow),
    ),
    table(
      paint,
      "Reviews that do not count",
      ["By", "Review", "Why"],
      verdict.refused.map(({ reviewer, state, reason }) => [reviewer, state, reason]),
    ),
    table(paint, "Evidence of AI assistance", ["Tool", "Sign", "Where"], verdict.evidence.map(evidenceRow)),
    table(
      paint,
      "Contributors",
      ["Who", "Level", "Level from", "What they did"],
      verdict.contributors.map(personRow),
    ),
  ].join("");
}

function ruleRow({ name, because, require, missing, candidates }: RuleResult): string[] {
  return [name, because, `${require.approvals} × ${require.level} or above`, stillNeeds(missing, candidates)];
}

function stillNeeds(missing: number, candidates: readonly string[]): string {
  if (missing === 0) return "nothing";
  if (candidates.length === 0) return `${missing}, but nobody can`;
  const rest = candidates.length - namesMax;
  const names = [...candidates.slice(0, namesMax), ...(rest > 0 ? [`${rest} more`] : [])];
  if (candidates.length < missing) return `${missing}, but only ${joined("and", names)} can`;
  return `${missing} by ${joined("or", names)}`;
}

function joined(word: "and" | "or", names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names.at(-1)}`;
}

function evidenceRow({ tool, quote, kind, place, remembered }: Evidence): string[] {
  const where = place.kind === "commit" ? `${kind} of ${place.sha.slice(0, 7)}` : kind;
  return [
    tool === "any" ? "–" : tool,
    quote,
    `${where}${remembered ? ", seen earlier, no longer there" : ""}`,
  ];
}

function personRow({ name, level, source, parts }: Contributor): string[] {
  const rest = parts.length - 3;
  return [name, level, source, `${parts.slice(0, 3).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`];
}

function table(
  paint: Paint,
  heading: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  const shown = rows.slice(0, rowsMax).map((row) => row.map((text) => plain(text) || "–"));
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...shown.map((row) => [...(row[at] ?? "")].length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => text + " ".repeat(Math.max(0, (widths[at] ?? 0) - [...text].length)))
      .join("  ")
      .trimEnd();
  const more =
    rows.length > rowsMax ? [`  ${rows.length - rowsMax} more are not shown; --json has them all.`] : [];
  const lines = [paint("dim", line(columns)), ...shown.map(line)].map((text) => `  ${text}`);
  return `\n${[paint("bold", heading), ...lines, ...more].join("\n")}\n`;
}
