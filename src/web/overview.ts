/** The numbers of the overview, of recorded verdicts alone. */
import { plain } from "../gate/markdown.ts";
import { type Finding, placeOf } from "../gate/protection.ts";
import type { Change, RecordedBypass } from "../store/history.ts";

/** Text, a number, or the name of a pull request that leads to its page. Null is what is not known. */
export type Cell = string | number | null | { readonly text: string; readonly path: string };

/** One table of the overview: what a page shows and a CSV file has. */
export type Numbers = {
  /** Of the file and of the place in the page. */
  readonly id: string;
  readonly heading: string;
  /** What is counted, in a sentence. */
  readonly says: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
};

const weekMs = 7 * 86_400_000;
/** Half a year: longer than any change waits, and short enough to read. */
export const weeksMax = 26;

/** The Monday, in UTC, that began the first week shown: ms since epoch. @param now ms since epoch. */
export function firstWeek(now: number): number {
  return weekOf(now) - (weeksMax - 1) * weekMs;
}

/** All tables, in the order of the page. @param now ms since epoch. */
export function overviewTables(
  changes: readonly Change[],
  { bypasses, findings }: { bypasses: readonly RecordedBypass[]; findings: readonly Finding[] },
  now: number,
): Numbers[] {
  const known = changes.map(measured);
  const weeks = Array.from({ length: weeksMax }, (_, at) => firstWeek(now) + at * weekMs);
  return [
    waitingTable(known, now),
    seniorsTable(known),
    gateTable(findings),
    weeksTable(known, weeks),
    exceptionsTable(known, bypasses),
    groupsTable("repositories", "Repository", known, bypasses, ({ repo }) => [repo]),
    groupsTable("teams", "Team", known, bypasses, ({ teams }) => teams),
  ];
}

type Measured = Change & {
  /** Ms since epoch: when it was opened, as far as is known. */
  readonly began: number | null;
  /** Since when it waits without a break; null where it does not wait now. */
  readonly waitingSince: number | null;
  /** From opening to the first countersignature; null where there was none. */
  readonly toCountersignedMs: number | null;
  readonly assisted: boolean;
  /** Teams of the roster that gave a contributor the level. */
  readonly teams: readonly string[];
};

function measured(change: Change): Measured {
  const { history, verdict, open } = change;
  const began = change.openedAt ?? history[0]?.at ?? null;
  const countersigned = history.find(({ outcome }) => outcome?.kind === "countersigned")?.at ?? null;
  const before = history.findLastIndex(({ outcome }) => outcome?.kind !== "waiting");
  const waits = open && verdict.outcome.kind === "waiting";
  const toCountersignedMs = countersigned === null || began === null ? null : countersigned - began;
  const teams = verdict.contributors.flatMap(({ source }) => /^team (.+)$/u.exec(source)?.[1] ?? []);
  const waitingSince = waits ? (history[before + 1]?.at ?? null) : null;
  const assisted = verdict.evidence.length > 0;
  return { ...change, began, waitingSince, toCountersignedMs, assisted, teams: [...new Set(teams)] };
}

function waiting({ open, verdict }: Change): boolean {
  return open && verdict.outcome.kind === "waiting";
}

function candidatesOf({ verdict }: Change): string[] {
  const { outcome } = verdict;
  return outcome.kind === "waiting"
    ? [...new Set(outcome.needs.flatMap(({ candidates }) => candidates))]
    : [];
}

function waitingTable(changes: readonly Measured[], now: number): Numbers {
  const rows = changes
    .filter(waiting)
    .toSorted((one, other) => (one.waitingSince ?? 0) - (other.waitingSince ?? 0))
    .map((change): Cell[] => {
      const { waitingSince: since } = change;
      const candidates = candidatesOf(change).map((login) => plain(login));
      return [
        nameOf(change),
        iso(since),
        since === null ? null : hours(now - since),
        candidates.join(", ") || "nobody",
      ];
    });
  return {
    id: "waiting",
    heading: "Waiting for a countersignature",
    says: "Open pull requests that wait now, the longest first.",
    columns: ["Pull request", "Since (UTC)", "Hours", "Who can"],
    rows,
  };
}

function seniorsTable(changes: readonly Measured[]): Numbers {
  const logins = changes.filter(waiting).flatMap(candidatesOf);
  const counts = [...Map.groupBy(logins, (login) => login)].map(([login, all]): [string, number] => [
    login,
    all.length,
  ]);
  return {
    id: "seniors",
    heading: "How many wait for whom",
    says: "A pull request that several people can countersign counts for each of them.",
    columns: ["Who", "Pull requests"],
    rows: counts
      .toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
      .map(([login, count]) => [plain(login), count]),
  };
}

/** What `countersign doctor` finds, as of the last time the server looked. */
function gateTable(findings: readonly Finding[]): Numbers {
  return {
    id: "gate",
    heading: "Where the gate is open",
    says: "Found when it was last examined, which happens once a day. What is not seen may be open or closed.",
    columns: ["How bad", "Where", "What", "Repair"],
    rows: findings.map((finding) => {
      const { kind, severity, what, repair } = finding;
      return [
        kind === "unseen" ? "not seen" : severity,
        placeOf(finding),
        plain(what, 1_000),
        plain(repair.page, 1_000),
      ];
    }),
  };
}

function weeksTable(changes: readonly Measured[], weeks: readonly number[]): Numbers {
  const rows = weeks.map((week): Cell[] => {
    const opened = changes.filter(({ began }) => began !== null && weekOf(began) === week);
    return [new Date(week).toISOString().slice(0, 10), ...countsOf(opened)];
  });
  return {
    id: "weeks",
    heading: "AI assistance and time to countersignature, by week",
    says: "Pull requests by the week they were opened in, which begins on Monday. Hours are those from opening to the first countersignature.",
    columns: ["Week of", ...countColumns],
    rows,
  };
}

const countColumns = [
  "Pull requests",
  "AI-assisted",
  "Share in %",
  "Countersigned",
  "Median hours",
  "90 % within hours",
];

function countsOf(changes: readonly Measured[]): Cell[] {
  const assisted = changes.filter((change) => change.assisted).length;
  const times = changes
    .flatMap(({ toCountersignedMs: ms }) => ms ?? [])
    .toSorted((one, other) => one - other);
  const share = changes.length === 0 ? null : Math.round((100 * assisted) / changes.length);
  return [changes.length, assisted, share, times.length, quantile(times, 0.5), quantile(times, 0.9)];
}

/** Of sorted times the smallest that so large a part does not exceed, in hours. */
function quantile(sorted: readonly number[], part: number): number | null {
  const ms = sorted[Math.ceil(part * sorted.length) - 1];
  return ms === undefined ? null : hours(ms);
}

function exceptionsTable(changes: readonly Measured[], bypasses: readonly RecordedBypass[]): Numbers {
  const overrides = changes.flatMap((change) =>
    overridesOf(change).map(({ at, by, reason }) => ({
      at,
      row: ["Override", nameOf(change), plain(by), plain(reason, 400)] satisfies Cell[],
    })),
  );
  const past = bypasses.map(({ at, repo, number, sha }) => ({
    at,
    row: [
      "Bypass",
      number === null ? `${repo} ${sha.slice(0, 7)}` : nameOf({ repo, number }),
      null,
      null,
    ] satisfies Cell[],
  }));
  const rows = [...overrides, ...past].toSorted((one, other) => other.at - one.at);
  return {
    id: "exceptions",
    heading: "Overrides and bypasses",
    says: "What somebody lifted the gate for, and what landed past it, the newest first.",
    columns: ["When (UTC)", "What", "Pull request or commit", "By", "Reason"],
    rows: rows.map(({ at, row }) => [iso(at), ...row]),
  };
}

/** An override that several looks saw is one. */
function overridesOf({ history }: Change) {
  const seen = history.flatMap(({ at, outcome }) =>
    outcome?.kind === "overridden" ? [{ at, by: outcome.by.login, reason: outcome.reason }] : [],
  );
  return seen.filter(({ by, reason }, at) => {
    const before = seen[at - 1];
    return before?.by !== by || before.reason !== reason;
  });
}

function groupsTable(
  id: string,
  column: string,
  changes: readonly Measured[],
  bypasses: readonly RecordedBypass[],
  groupsOf: (change: Measured) => readonly string[],
): Numbers {
  const past = new Map<string, number>();
  for (const { repo, number } of bypasses) {
    const change = changes.find((one) => one.repo === repo && one.number === number);
    const groups = id === "repositories" ? [repo] : change === undefined ? [] : groupsOf(change);
    for (const group of groups) past.set(group, (past.get(group) ?? 0) + 1);
  }
  const names = [...new Set([...changes.flatMap(groupsOf), ...past.keys()])].toSorted();
  const says =
    id === "repositories"
      ? "Everything of this page for each repository."
      : "The same for each team that gives a contributor the level; a change of several teams counts for each.";
  return {
    id,
    heading: id === "repositories" ? "By repository" : "By team",
    says,
    columns: [column, "Waiting", ...countColumns, "Overrides", "Bypasses"],
    rows: names.map((name) => {
      const own = changes.filter((change) => groupsOf(change).includes(name));
      const overrides = own.flatMap(overridesOf).length;
      return [plain(name), own.filter(waiting).length, ...countsOf(own), overrides, past.get(name) ?? 0];
    }),
  };
}

function nameOf({ repo, number }: Pick<Change, "repo" | "number">): Cell {
  return { text: `${repo}#${number}`, path: `/${repo}/pull/${number}` };
}

/** 1970 began on a Thursday. */
function weekOf(at: number): number {
  const thursdays = 3 * 86_400_000;
  return Math.floor((at + thursdays) / weekMs) * weekMs - thursdays;
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

function hours(ms: number): number {
  return Math.round(ms / 360_000) / 10;
}
