/** The explain page: a recorded verdict, in the words of the check run. */
import { noRoster } from "../gate/judge.ts";
import type { Unproven } from "../gate/landing.ts";
import { plain } from "../gate/markdown.ts";
import {
  exampleRoster,
  nextSteps,
  render,
  rosterAdvice,
  stateOf,
  type Table,
  tablesOf,
} from "../gate/render.ts";
import { strictest } from "../gate/strictest.ts";
import type { Verdict } from "../gate/verdict.ts";
import { bypassesIn, type PastVerdict, pastVerdicts, type RecordedBypass } from "../store/history.ts";
import { unprovenOf } from "../store/landed.ts";
import { openPullsWithHead, type StoredPull, storedPull } from "../store/pulls.ts";
import type { Store } from "../store/store.ts";
import { type Html, html, nothing, onPage, sentence } from "./html.ts";
import type { Page } from "./layout.ts";

/** Rows of one table on a page; a browser shows more only slowly. */
const rowsMax = 500;

/** Everything the explain page shows, as it was recorded. */
export type ExplainedPull = {
  readonly pull: StoredPull;
  /** As the check run shows it: of open pull requests with one head SHA, the strictest. */
  readonly verdict: Verdict;
  /** Newest first. */
  readonly history: readonly PastVerdict[];
  /** How many older ones are not in it. */
  readonly older: number;
  /** Where it landed past the check. */
  readonly bypasses: readonly RecordedBypass[];
  /** What landed and is not proven to be what was approved, until somebody accepts it. */
  readonly unproven: Unproven | null;
};

/** Entries of the time line: a change has a handful. */
const entriesMax = 200;

/** What is recorded of a pull request; null where nothing is. @param repo `owner/name` in lower case. */
export async function explainedPull(
  store: Store,
  repo: string,
  number: number,
): Promise<ExplainedPull | null> {
  const pull = await storedPull(store, repo, number);
  if (pull === null) return null;
  const { headSha } = pull.verdict;
  const numbers = pull.open ? await openPullsWithHead(store, repo, headSha) : [];
  const others = await Promise.all(
    numbers.filter((other) => other !== number).map(async (other) => storedPull(store, repo, other)),
  );
  const verdicts = others.flatMap((other) => (other?.verdict.headSha === headSha ? [other.verdict] : []));
  const { verdicts: history, older } = await pastVerdicts(store, { repo, number, max: entriesMax });
  const past = await bypassesIn(store, { repos: [repo], since: 0 });
  const bypasses = past.filter((bypass) => bypass.number === number);
  const unproven = await unprovenOf(store, repo, number);
  return { pull, verdict: strictest([pull.verdict, ...verdicts]), history, older, bypasses, unproven };
}

/** @param part which rows of long tables, from 1. @returns the title of the window, and what the page has in it. */
export function explainPage(explained: ExplainedPull, part: number): Page {
  const { pull, verdict, older } = explained;
  const { facts } = pull;
  const name = `${facts.owner}/${facts.repo}#${pull.number}`;
  const content = html`<h1>${plain(facts.title, 400) || name}</h1>
<p><a href="${facts.url}">${name}</a> ${stateOnGitHub(pull)} into ${sentence(onPage.name(pull.base))}</p>
${stateBox(explained)}
${explained.unproven === null ? nothing : notCleared(explained.unproven)}
${verdict.notes.map(noteOf)}
${tablesOf(verdict, onPage).map((table) => section(table, part))}
<h2 id="history">What was decided, and when</h2>
<ol class="history">
${timeLine(explained)}
</ol>
${older > 0 ? html`<p>${older} older ones are in the audit log only.</p>` : nothing}
${section(versionsTable(explained), part)}`;
  return { title: `${name}: Countersign`, content };
}

function stateOnGitHub({ merged, open }: ExplainedPull["pull"]): string {
  if (merged) return "merged";
  return open ? "open" : "closed";
}

function stateBox({ pull, verdict, history }: ExplainedPull): Html {
  if (history[0]?.outcome === null) {
    return html`<div class="state failure"><p>Could not decide: one look after another failed.</p>
<p>The check run on GitHub says why. It is tried again without end; below is what the last look found that succeeded.</p></div>`;
  }
  const { conclusion } = render(verdict);
  const about = verdict.number === pull.number ? "" : `#${verdict.number}: `;
  const state = `${observing(verdict.mode)}${about}${stateOf(verdict, onPage)}`.replace(/\.?$/u, ".");
  return html`<div class="state ${conclusion}"><p>${sentence(state)}</p>
${nextSteps(verdict, onPage).map((step) => html`<p>${sentence(step)}</p>`)}
${pull.headSha !== pull.verdict.headSha ? waitsForLook(pull) : nothing}</div>`;
}

function observing(mode: Verdict["mode"]): string {
  return mode === "observe" ? "Observe only: " : "";
}

function waitsForLook({ headSha, verdict }: ExplainedPull["pull"]): Html {
  const [now, then] = [headSha, verdict.headSha].map((sha) => onPage.name(sha.slice(0, 7)));
  return html`<p>${sentence(`The head is ${now} by now and waits for its look. This is about ${then}.`)}</p>`;
}

function notCleared({ why, sha }: Unproven): Html {
  const accept = onPage.name(`/countersign accept ${sha}`);
  const next = `Whoever could have countersigned it looks at ${onPage.name(sha.slice(0, 7))} and comments ${accept} on the pull request.`;
  return html`<p>${sentence(`What landed is not cleared, because ${onPage.words(why)}. ${next}`)}</p>`;
}

function noteOf(note: string): Html {
  if (note !== noRoster) return html`<p>${sentence(onPage.words(note))}</p>`;
  return html`<p>${sentence(rosterAdvice(onPage))}</p>
<pre tabindex="0"><code>${exampleRoster}</code></pre>`;
}

/** @param part which rows; a table that has fewer shows its last. */
function section({ heading, columns, rows }: Table, part: number): Html {
  if (rows.length === 0) return html`<h2>${heading}</h2><p>None.</p>`;
  const id = heading.toLowerCase().replaceAll(/[^a-z]+/gu, "-");
  const parts = Array.from({ length: Math.ceil(rows.length / rowsMax) }, (_, at) => at + 1);
  const here = Math.min(part, parts.length);
  const shown = rows.slice((here - 1) * rowsMax, here * rowsMax);
  const links = parts.map((one) => html` <a href="?part=${one}#${id}">Part ${one}</a>`);
  return html`<h2 id="${id}">${heading}</h2>
${parts.length > 1 ? html`<p>Part ${here} of ${parts.length}, of ${rows.length} rows:${links}</p>` : nothing}
<div class="table" role="region" aria-labelledby="${id}" tabindex="0"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${shown.map((row) => html`<tr>${row.map((cell) => html`<td>${sentence(cell)}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

/** Newest first. */
function timeLine({ pull, history, bypasses }: ExplainedPull): Html[] {
  const entries = [
    ...history.map(({ at, sha, ...past }) => ({ at, sha, words: wordsOf(past) })),
    ...bypasses.map(({ at, sha }) => ({ at, sha, words: "Bypass: it landed without what it needed" })),
  ];
  return entries
    .toSorted((one, other) => other.at - one.at)
    .map((entry) => historyEntry(entry, pull.facts.url));
}

function wordsOf({ mode, outcome }: Pick<PastVerdict, "mode" | "outcome">): string {
  if (outcome === null) return "Could not decide: one look after another failed";
  return `${observing(mode)}${stateOf({ outcome, notes: [] }, onPage)}`;
}

type Entry = { readonly at: number; readonly sha: string; readonly words: string };

function historyEntry({ at, sha, words }: Entry, url: string): Html {
  const commit = onPage.link(onPage.name(sha.slice(0, 7)), `${url}/commits/${sha}`);
  const time = new Date(at).toISOString();
  return html`<li><time datetime="${time}">${time.slice(0, 16).replace("T", " ")} UTC</time>
${sentence(`${words.replace(/\.?$/u, "")}, at ${commit}.`)}</li>
`;
}

/** The files the verdict rests on; what is built in has no version. */
function versionsTable({ pull }: ExplainedPull): Table {
  return {
    heading: "Roster and policy used",
    columns: ["File", "Version"],
    rows: Object.entries(pull.configVersions).map(([file, version]) => [
      onPage.words(file),
      version === "" ? "–" : onPage.name(version.slice(0, 7)),
    ]),
  };
}
