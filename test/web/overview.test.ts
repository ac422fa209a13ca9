import { describe, expect, it } from "vitest";
import type { Outcome, Verdict } from "../../src/gate/verdict.ts";
import type { Change } from "../../src/store/history.ts";
import { type Numbers, overviewTables, weeksMax } from "../../src/web/overview.ts";
import { csvOf } from "../../src/web/overview-page.ts";
import { linePlot } from "../../src/web/plot.ts";

// A Wednesday.
const now = Date.parse("2026-03-04T12:00:00Z");
const hour = 3_600_000;

const need = { rule: "Senior sign-off", approvals: 1, level: "senior", candidates: ["grace", "vera"] };
const waiting: Outcome = { kind: "waiting", needs: [need] };
const countersigned: Outcome = { kind: "countersigned", by: [{ login: "grace", level: "senior" }] };
const overridden: Outcome = {
  kind: "overridden",
  by: { login: "ada", level: "principal" },
  reason: "the shop is down",
};

const sign = {
  tool: "claude-code",
  kind: "trailer",
  role: "wrote",
  confidence: "official",
  place: { kind: "pull-request" },
  quote: "",
  remembered: false,
} as const;

/** A pull request of juno's that was opened 10 hours ago, with a verdict so many hours after the opening. */
function change(
  number: number,
  history: readonly (readonly [number, Outcome | null])[],
  more: Partial<Change> = {},
): Change {
  const openedAt = more.openedAt ?? now - 10 * hour;
  const outcome = history.at(-1)?.[1] ?? waiting;
  const verdict: Verdict = {
    outcome,
    mode: "enforce",
    number,
    url: "",
    headSha: "",
    siblings: [],
    evidence: [sign],
    contributors: [{ name: "juno", account: null, level: "junior", source: "team acme/web", parts: [] }],
    rules: [],
    refused: [],
    notes: [],
  };
  const rows = history.map(([after, of]) => ({ at: openedAt + after * hour, outcome: of }));
  return { repo: "acme/shop", number, open: true, openedAt, verdict, history: rows, ...more };
}

function table(
  id: string,
  changes: readonly Change[],
  more: Partial<Parameters<typeof overviewTables>[1]> = {},
): Numbers {
  const found = overviewTables(changes, { bypasses: [], findings: [], ...more }, now).find(
    (each) => each.id === id,
  );
  if (found === undefined) throw new Error(`There is no table ${id}.`);
  return found;
}

const pull = (number: number) => ({ text: `acme/shop#${number}`, path: `/acme/shop/pull/${number}` });

describe("what waits", () => {
  it("is listed with the longest first, since the last time it did not wait", () => {
    const changes = [
      change(1, [
        [0, waiting],
        [1, countersigned],
        [8, waiting],
        [9, waiting],
      ]),
      change(2, [[0, waiting]]),
      change(3, [
        [0, waiting],
        [2, countersigned],
      ]),
      change(4, [[0, waiting]], { open: false }),
    ];
    expect(table("waiting", changes).rows).toEqual([
      [pull(2), "2026-03-04 02:00", 10, "grace, vera"],
      [pull(1), "2026-03-04 10:00", 2, "grace, vera"],
    ]);
  });

  it("counts for each who can countersign it, once", () => {
    const twice: Outcome = { kind: "waiting", needs: [need, { ...need, candidates: ["grace"] }] };
    expect(table("seniors", [change(1, [[0, twice]]), change(2, [[0, waiting]])]).rows).toEqual([
      ["grace", 2],
      ["vera", 2],
    ]);
  });

  it("says nobody where nobody can", () => {
    const nobody: Outcome = {
      kind: "waiting",
      needs: [{ rule: "", approvals: 1, level: "senior", candidates: [] }],
    };
    expect(table("waiting", [change(1, [[0, nobody]])]).rows).toEqual([
      [pull(1), "2026-03-04 02:00", 10, "nobody"],
    ]);
  });
});

it("says where the gate is open, and how to close it", () => {
  const finding = {
    kind: "check-not-required",
    severity: "error",
    owner: "acme",
    repository: "acme/shop",
    branch: "main",
    environment: null,
    what: "Nothing requires the check.",
    repair: { page: "Settings › Rules", api: null },
  } as const;
  expect(
    table("gate", [], { findings: [finding, { ...finding, branch: null, environment: "prod" }] }).rows,
  ).toEqual([
    ["error", "acme/shop, branch main", "Nothing requires the check.", "Settings › Rules"],
    ["error", "acme/shop, environment prod", "Nothing requires the check.", "Settings › Rules"],
  ]);
});

describe("a week", () => {
  it("has the pull requests that were opened in it, from Monday to Sunday", () => {
    const opened = (number: number, at: string) =>
      change(number, [[0, waiting]], { openedAt: Date.parse(at) });
    const { rows } = table("weeks", [
      opened(1, "2026-03-01T23:59:59Z"),
      opened(2, "2026-03-02T00:00:00Z"),
      opened(3, "2026-03-04T00:00:00Z"),
    ]);
    expect(rows).toHaveLength(weeksMax);
    expect(rows.slice(-2).map(([week, count]) => [week, count])).toEqual([
      ["2026-02-23", 1],
      ["2026-03-02", 2],
    ]);
  });

  it("has the share of AI-assisted ones, the median and what nine of ten stayed within", () => {
    const human = change(11, [[0, waiting]]);
    const changes = [
      ...Array.from({ length: 10 }, (_, at) =>
        change(at + 1, [
          [0, waiting],
          [at + 1, countersigned],
          [20, countersigned],
        ]),
      ),
      { ...human, verdict: { ...human.verdict, evidence: [] } },
    ];
    expect(table("weeks", changes).rows.at(-1)).toEqual(["2026-03-02", 11, 10, 91, 10, 5, 9]);
  });

  it("without pull requests has no share and no times", () => {
    expect(table("weeks", []).rows.at(-1)).toEqual(["2026-03-02", 0, 0, null, 0, null, null]);
  });
});

describe("what went past the gate", () => {
  const bypasses = [{ repo: "acme/shop", number: null, sha: "abcdef0123", at: now }];

  it("is listed, the newest first; an override that several looks saw once", () => {
    const changes = [
      change(1, [
        [0, waiting],
        [1, overridden],
        [2, overridden],
      ]),
    ];
    expect(table("exceptions", changes, { bypasses }).rows).toEqual([
      ["2026-03-04 12:00", "Bypass", "acme/shop abcdef0", null, null],
      ["2026-03-04 03:00", "Override", pull(1), "ada", "the shop is down"],
    ]);
  });

  it("counts for repository and team", () => {
    const changes = [change(1, [[0, overridden]]), change(2, [[0, waiting]], { repo: "acme/app" })];
    const past = [...bypasses, { repo: "acme/app", number: 2, sha: "", at: now }];
    const counts = (id: string) =>
      table(id, changes, { bypasses: past }).rows.map((row) => [
        row[0],
        row[1],
        row[2],
        row.at(-2),
        row.at(-1),
      ]);
    expect(counts("repositories")).toEqual([
      ["acme/app", 1, 1, 0, 1],
      ["acme/shop", 0, 1, 1, 1],
    ]);
    expect(counts("teams")).toEqual([["acme/web", 1, 2, 1, 1]]);
  });
});

describe("a CSV file", () => {
  const file = (rows: Numbers["rows"]) =>
    csvOf({ id: "", heading: "", says: "", columns: ["What", "By"], rows });

  it("quotes what would break a line or a cell", () => {
    expect(
      file([
        ['a "b", c', "line\r\nbreak"],
        [pull(1), null],
      ]),
    ).toBe('What,By\r\n"a ""b"", c","line\r\nbreak"\r\nacme/shop#1,\r\n');
  });

  it.each(["=1+1", "+1", "-1", "@sum", "\t=1"])("keeps a spreadsheet from computing %j", (text) => {
    expect(file([[text, 1]])).toBe(`What,By\r\n'${text},1\r\n`);
  });
});

describe("a plot", () => {
  const series = [{ name: "<b>median</b>", values: [1, null, 3] }];
  const { markup } = linePlot({ title: "Hours", unit: "h", labels: ["a", "b", "c"], series });

  it("has a name for who does not see it, and its texts escaped", () => {
    expect(markup).toContain('role="img" aria-label="Hours"');
    expect(markup).not.toContain("<b>");
  });

  it("leaves a gap where there is nothing", () => {
    expect(/ d="([^"]+)"/u.exec(markup)?.[1]).toMatch(/^M[\d.,]+ZM[\d.,]+Z$/u);
    expect(markup.match(/<circle/gu)).toHaveLength(2);
  });
});
