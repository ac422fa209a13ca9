/** The overview: what waits, for whom, and how it went, in the repositories that somebody may read. */
import type { Finding } from "../gate/protection.ts";
import type { Access, Readable } from "../github/access.ts";
import { lastFindings } from "../store/examinations.ts";
import { bypassesIn, changesIn } from "../store/history.ts";
import type { Store } from "../store/store.ts";
import { type Html, html, nothing } from "./html.ts";
import type { Page } from "./layout.ts";
import { type Cell, firstWeek, type Numbers, overviewTables, weeksMax } from "./overview.ts";
import { linePlot } from "./plot.ts";

/** Pull requests in one overview, the open ones before those judged last: their verdicts are read within a second. */
const changesMax = 5_000;

/** The tables of the overview, and what is not in them. */
export type Overview = { readonly tables: readonly Numbers[]; readonly cut: readonly string[] };

/** What is recorded of the repositories that GitHub shows to whom the token stands for. @throws as `Access.readable` */
export async function readOverview(
  { store, access, now }: { readonly store: Store; readonly access: Access; readonly now: () => number },
  token: string,
): Promise<Overview> {
  const readable = await access.readable(token);
  const asked = { repos: [...readable.repos], since: firstWeek(now()) };
  const { changes, cut } = await changesIn(store, { ...asked, max: changesMax });
  const bypasses = await bypassesIn(store, asked);
  const examined = await lastFindings(store);
  const hidden = new Set(examined.repositories.filter((name) => !readable.repos.has(name)));
  const findings = examined.findings.filter((finding) => mayBeTold(finding, readable, hidden));
  const missing = [
    ...(readable.cut ? [`You may read more repositories; only ${readable.repos.size} are counted.`] : []),
    ...(cut ? [`Only ${changesMax} pull requests are counted: open ones before those judged last.`] : []),
  ];
  return { tables: overviewTables(changes, { bypasses, findings }, now()), cut: missing };
}

/**
 * What was found in a repository, as in that of the roster, is told to whoever may read it. What was found of a whole owner is
 * of the installation alone (suspended, lacking a permission, not given the repository of the roster), as `/health` counts it
 * for everybody: it is told to whom GitHub shows that installation. What names a repository of the app's besides, as a roster
 * does that a policy elsewhere needs, is not told to whoever may not read that one.
 */
function mayBeTold(
  { owner, repository, what }: Finding,
  { repos, owners }: Readable,
  hidden: ReadonlySet<string>,
): boolean {
  const shown = repository === null ? owners.has(owner.toLowerCase()) : repos.has(repository.toLowerCase());
  const named = what.toLowerCase().match(/[\w.-]+\/[\w.-]*[\w-]/gu) ?? [];
  return shown && named.every((name) => !hidden.has(name));
}

/** The page. */
export function overviewPage({ tables, cut }: Overview): Page {
  const content = html`<h1>Overview</h1>
<p>The last ${weeksMax} weeks in the repositories that GitHub shows you.</p>
${cut.map((what) => html`<p><strong>${what}</strong></p>`)}
${tables.map(section)}`;
  return { title: "Overview: Countersign", content };
}

/** One table as a CSV file (RFC 4180). A cell that a spreadsheet would compute is kept from it by an apostrophe. */
export function csvOf({ columns, rows }: Numbers): string {
  const lines = [columns, ...rows].map((row) => row.map((cell) => csvCell(textOf(cell))).join(","));
  return lines.map((line) => `${line}\r\n`).join("");
}

function csvCell(text: string): string {
  const harmless = /^[=+\-@\t]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function textOf(cell: Cell): string {
  if (cell === null) return "";
  return typeof cell === "object" ? cell.text : String(cell);
}

function section(table: Numbers): Html {
  const { id, heading, says, columns, rows } = table;
  const file = html`<p><a href="/overview/${id}.csv">${heading} as CSV</a></p>`;
  if (rows.length === 0) return html`<h2 id="${id}">${heading}</h2><p>None.</p>${file}`;
  return html`<h2 id="${id}">${heading}</h2><p>${says}</p>
${id === "weeks" ? plots(table) : nothing}
<div class="table" role="region" aria-labelledby="${id}" tabindex="0"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cellOf)}</tr>`)}</tbody>
</table></div>${file}`;
}

function cellOf(cell: Cell): Html {
  if (cell === null) return html`<td>–</td>`;
  if (typeof cell === "number") return html`<td class="number">${cell}</td>`;
  return typeof cell === "string"
    ? html`<td>${cell}</td>`
    : html`<td><a href="${cell.path}">${cell.text}</a></td>`;
}

/** Of the table of weeks, column by column. */
function plots({ columns, rows }: Numbers): Html {
  const labels = rows.map(([week = null]) => textOf(week));
  const column = (name: string) => {
    const at = columns.indexOf(name);
    return rows.map((row) => (typeof row[at] === "number" ? row[at] : null));
  };
  return html`${linePlot({
    title: "Share of AI-assisted pull requests, by week",
    unit: "%",
    labels,
    series: [{ name: "AI-assisted", values: column("Share in %") }],
  })}${linePlot({
    title: "Hours from opening to countersignature, by week",
    unit: "h",
    labels,
    series: [
      { name: "median", values: column("Median hours") },
      { name: "90 % within", values: column("90 % within hours") },
    ],
  })}`;
}
