/** A verdict for a terminal: the same words and order as the summary of the check run, without Markdown. */
import { styleText } from "node:util";
import { noRoster } from "../gate/judge.ts";
import { plain } from "../gate/markdown.ts";
import {
  exampleRoster,
  onTerminal,
  render,
  rosterAdvice,
  rowsMax,
  type Table,
  tablesOf,
} from "../gate/render.ts";
import type { Verdict } from "../gate/verdict.ts";

/** Puts text in a colour, or leaves it as it is where nobody sees colours. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

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
 * Everything below the title: what keeps the gate from deciding, notes, and the tables of the summary; parts without
 * content are left out. Text of other people cannot break lines or move the cursor.
 */
export function verdictText(verdict: Verdict, paint: Paint): string {
  // A title that was cut does not say how to repair what is wrong.
  const cut = render(verdict).title.endsWith("…");
  const problems = cut && verdict.outcome.kind === "undecidable" ? verdict.outcome.problems : [];
  return [
    ...problems.map(({ what, repair }) => `\n${plain(what, 2_000)}\n${plain(repair, 2_000)}\n`),
    ...verdict.notes.map((note) => `\n${note === noRoster ? pasteText : `${plain(note, 1_000)}\n`}`),
    ...tablesOf(verdict, onTerminal).map((table) => tableText(paint, table)),
  ].join("");
}

const pasteText = `${rosterAdvice(onTerminal)}\n\n${exampleRoster}`;

/** A table below its heading; nothing where it has no rows. Its cells are plain text already. */
export function tableText(paint: Paint, { heading, columns, rows }: Table): string {
  if (rows.length === 0) return "";
  // What is the same dash in every row says nothing, and a terminal is narrow.
  const told = columns.map((_, at) => rows.some((row) => row[at] !== "–"));
  const lines = [columns, ...rows.slice(0, rowsMax)].map((row) => row.filter((_, at) => told[at]));
  const widths = told.map((_, at) => Math.max(...lines.map((row) => [...(row[at] ?? "")].length)));
  const [head = "", ...body] = lines.map((row) =>
    row
      .map((text, at) => text + " ".repeat((widths[at] ?? 0) - [...text].length))
      .join("  ")
      .trimEnd(),
  );
  const more =
    rows.length > rowsMax ? [`  ${rows.length - rowsMax} more are not shown; --json has them all.`] : [];
  return `\n${[paint("bold", heading), `  ${paint("dim", head)}`, ...body.map((line) => `  ${line}`), ...more].join("\n")}\n`;
}
