/** What a backtest found, in numbers and as tables for a terminal. */
import type { Facts } from "../gate/facts.ts";
import { plain } from "../gate/markdown.ts";
import { sameLogin } from "../gate/roster.ts";
import type { Need, Outcome, Verdict } from "../gate/verdict.ts";
import type { MergedPull } from "../github/read-merged-pulls.ts";
import { painter, tableText } from "./verdict-text.ts";

/** What the gate would have said of a pull request at its merge. */
export type Judged = {
  readonly kind: "judged";
  readonly number: number;
  readonly author: string | null;
  /** Ms since epoch. */
  readonly createdAt: number;
  readonly mergedAt: number;
  readonly outcome: Outcome["kind"] | "not-gated";
  /** Whether the check run would have let it be merged, observing or not. */
  readonly passes: boolean;
  /**
   * Ms from opening: to the last approval that it needed, or, where it was merged without, to the merge, which is the least that it
   * would have waited. Null where it needed nothing.
   */
  readonly waitedMs: number | null;
  readonly rules: readonly { readonly name: string; readonly missing: number }[];
  readonly needs: readonly Need[];
  readonly countersignedBy: readonly string[];
  /** Why it could not be decided, and who objected, in words. */
  readonly because: string;
};

export type Unjudged = { readonly kind: "unjudged"; readonly number: number; readonly why: string };

export type Found = {
  readonly repository: string;
  /** Ms since epoch. */
  readonly since: number;
  readonly until: number;
  readonly results: readonly (Judged | Unjudged)[];
  /** Files that were judged by in place of those in force. */
  readonly rules: { readonly roster: string | undefined; readonly policy: string | undefined };
};

/** @param verdict null where the base is not gated. */
export function judgedPull(
  { number, createdAt, mergedAt }: MergedPull,
  { author, reviews }: Facts,
  verdict: Verdict | null,
): Judged {
  const about = { kind: "judged", number, author: author?.login ?? null, createdAt, mergedAt } as const;
  const nothing = { passes: true, waitedMs: null, rules: [], needs: [], countersignedBy: [], because: "" };
  if (verdict === null) return { ...about, outcome: "not-gated", ...nothing };
  const { outcome } = verdict;
  const rules = verdict.rules.map(({ name, missing }) => ({ name, missing }));
  const judged = { ...about, ...nothing, outcome: outcome.kind, rules };
  const unblocked = mergedAt - createdAt;
  switch (outcome.kind) {
    case "not-needed":
    case "overridden":
      return judged;
    case "countersigned": {
      const countersignedBy = [...new Set(outcome.by.map(({ login }) => login))];
      const last = reviews.kind === "read" ? lastApproval(reviews.value, countersignedBy) : mergedAt;
      return { ...judged, countersignedBy, waitedMs: Math.max(last - createdAt, 0) };
    }
    case "waiting":
      return { ...judged, passes: false, waitedMs: unblocked, needs: outcome.needs };
    case "objected": {
      const because = `${outcome.by.map(({ login }) => login).join(", ")} requested changes`;
      return { ...judged, passes: false, waitedMs: unblocked, because };
    }
    case "undecidable": {
      const because = outcome.problems.map(({ what }) => what).join("; ");
      return { ...judged, passes: false, waitedMs: unblocked, because };
    }
  }
}

/** When the last of these people gave the approval that counted: their newest one. */
function lastApproval(
  reviews: Extract<Facts["reviews"], { kind: "read" }>["value"],
  logins: readonly string[],
): number {
  const times = logins.map((login) =>
    Math.max(
      ...reviews
        .filter(
          ({ author, state }) => state === "APPROVED" && author !== null && sameLogin(author.login, login),
        )
        .map(({ submittedAt }) => Date.parse(submittedAt)),
    ),
  );
  return Math.max(...times);
}

/** Everything as plain JSON: each pull request, and what they come to. Times are ISO 8601. */
export function summaryOf(found: Found) {
  const judged = judgedIn(found);
  return {
    repository: found.repository,
    since: iso(found.since),
    until: iso(found.until),
    roster: found.rules.roster ?? null,
    policy: found.rules.policy ?? null,
    outcomes: countBy(judged.map(({ outcome }) => outcome)),
    countersigned: spread(judged.filter(({ outcome }) => outcome === "countersigned")),
    wouldHaveWaited: spread(judged.filter(({ passes }) => !passes)),
    rules: rulesOf(judged),
    people: peopleOf(judged),
    pulls: judged.map(({ kind: _kind, createdAt, mergedAt, ...pull }) => ({
      ...pull,
      createdAt: iso(createdAt),
      mergedAt: iso(mergedAt),
    })),
    unjudged: found.results.flatMap((each) =>
      each.kind === "unjudged" ? [{ number: each.number, why: each.why }] : [],
    ),
  };
}

export function judgedIn({ results }: Found): Judged[] {
  return results.filter((each) => each.kind === "judged");
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** How long they waited: half of them no longer than the median, nine of ten no longer than p90. Null of none. */
function spread(pulls: readonly Judged[]): { count: number; medianMs: number | null; p90Ms: number | null } {
  const waits = pulls.map(({ waitedMs }) => waitedMs ?? 0).toSorted((one, other) => one - other);
  const rank = (share: number) => waits[Math.ceil(waits.length * share) - 1] ?? null;
  return { count: waits.length, medianMs: rank(0.5), p90Ms: rank(0.9) };
}

/** How often each rule applied, and how often it lacked approvals at the merge; those that applied most first. */
function rulesOf(judged: readonly Judged[]): { name: string; applied: number; lacking: number }[] {
  const all = judged.flatMap(({ rules }) => rules);
  const applied = Object.entries(countBy(all.map(({ name }) => name)));
  return applied
    .map(([name, count]) => ({
      name,
      applied: count,
      lacking: all.filter((rule) => rule.name === name && rule.missing > 0).length,
    }))
    .toSorted((one, other) => other.applied - one.applied);
}

/** How many each person countersigned, and how many more they would have been asked for; the busiest first. */
export function peopleOf(
  judged: readonly Judged[],
): { login: string; countersigned: number; asked: number }[] {
  const gave = countBy(judged.flatMap(({ countersignedBy }) => countersignedBy));
  const asked = countBy(
    judged.flatMap(({ needs }) => [...new Set(needs.flatMap(({ candidates }) => candidates))]),
  );
  const logins = [...new Set([...Object.keys(gave), ...Object.keys(asked)])];
  const load = ({ countersigned, asked }: { countersigned: number; asked: number }) => countersigned + asked;
  return logins
    .map((login) => ({ login, countersigned: gave[login] ?? 0, asked: asked[login] ?? 0 }))
    .toSorted((one, other) => load(other) - load(one) || one.login.localeCompare(other.login));
}

const titles: Readonly<Record<Judged["outcome"], string>> = {
  "not-gated": "Not gated",
  "not-needed": "No countersignature needed",
  countersigned: "Countersigned in time",
  overridden: "Overridden",
  waiting: "Would have waited",
  objected: "Merged against an objection",
  undecidable: "Could not be decided",
};

/** The report for a terminal. Text of other people cannot break lines or move the cursor. */
export function backtestText(found: Found, io: { readonly colour: boolean }): string {
  const paint = painter(io);
  const judged = judgedIn(found);
  const { roster, policy } = found.rules;
  const by = [roster, policy].filter((file) => file !== undefined).join(" and ");
  const rules = by === "" ? "by the roster and policies in force now" : `by ${plain(by, 400)}`;
  const pulls = judged.length === 1 ? "1 pull request" : `${judged.length} pull requests`;
  const first = `${found.repository}: ${pulls} merged since ${iso(found.since).slice(0, 10)}, judged ${rules}`;
  const table = (heading: string, columns: readonly string[], rows: readonly (readonly string[])[]) =>
    tableText(paint, { heading, columns, rows });
  return [
    `${paint("bold", first)}\n`,
    table(
      "What would have become of them",
      ["Outcome", "Pull requests", "Half within", "90 % within"],
      outcomes(judged),
    ),
    table(
      "Would not have been merged then",
      ["Pull request", "Author", "Open for", "For what"],
      judged.filter(({ passes }) => !passes).map(blockedRow),
    ),
    table(
      "Rules",
      ["Rule", "Applied", "Lacked approvals"],
      rulesOf(judged).map(({ name, applied, lacking }) => [plain(name), `${applied}`, `${lacking}`]),
    ),
    table(
      "Who would have been asked",
      ["Person", "Countersigned", "Could have been asked besides"],
      peopleOf(judged).map(({ login, countersigned, asked }) => [
        plain(login),
        `${countersigned}`,
        `${asked}`,
      ]),
    ),
  ].join("");
}

/** The times are from opening to the last approval that counted, or to the merge. */
function outcomes(judged: readonly Judged[]): string[][] {
  return Object.entries(titles).flatMap(([kind, title]) => {
    const these = judged.filter(({ outcome }) => outcome === kind);
    if (these.length === 0) return [];
    const timed = these.filter(({ waitedMs }) => waitedMs !== null);
    const { medianMs, p90Ms } = spread(timed);
    return [[title, `${these.length}`, duration(medianMs), duration(p90Ms)]];
  });
}

function blockedRow({ number, author, waitedMs, needs, because }: Judged): string[] {
  const waits = needs.map(({ approvals, level, candidates }) => {
    const who = candidates.length === 0 ? "nobody" : candidates.slice(0, 3).join(" or ");
    return `${approvals} × ${level}: ${who}${candidates.length > 3 ? " or others" : ""}`;
  });
  const what = waits.length > 0 ? waits.join("; ") : because;
  return [`#${number}`, plain(author ?? "–"), duration(waitedMs), plain(what, 200)];
}

/** Such as `2 d 3 h`; a dash where there is none. */
function duration(ms: number | null): string {
  if (ms === null) return "–";
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
