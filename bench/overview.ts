/**
 * The overview on a large store: how long the page takes, and how many rows of the log it needs, for somebody who may read every
 * repository and for somebody who may read one. On SQLite and PostgreSQL. Usage: npm run bench -- overview [VERDICTS]
 */
import { randomBytes } from "node:crypto";
import type { Insertable } from "kysely";
import type { Outcome, Verdict } from "../src/gate/verdict.ts";
import { openStore, type Store } from "../src/store/store.ts";
import type { Tables } from "../src/store/tables.ts";
import { overviewPage, readOverview } from "../src/web/overview-page.ts";
import { createAccess } from "../src/github/access.ts";
import { freshDatabase } from "./databases.ts";
import { freshFolder } from "./processes.ts";
import { report, rounded } from "./report.ts";

const verdicts = Number(process.argv[3] ?? 200_000);
const repositories = 200;
/** Verdicts on one pull request: waiting and countersigned by turns. */
const verdictsEach = 5;
const openPulls = 1_000;
const now = Date.parse("2026-07-01T00:00:00Z");
/** The overview shows 26 weeks; a fifth of the log is older. */
const sinceMs = 32 * 7 * 86_400_000;
const rowsAtOnce = 500;
/** Compressed, of a small pull request. */
const factsBytes = 2_500;

const sha = "a".repeat(40);
const configVersions = { "acme/.github › .github/countersign/roster.yml": sha };
const candidates = ["grace", "vera", "rhea", "ada"];
const waiting: Outcome = {
  kind: "waiting",
  needs: [{ rule: "Senior sign-off", approvals: 1, level: "senior", candidates }],
};
const outcomes: readonly Outcome[] = [
  waiting,
  { kind: "countersigned", by: [{ login: "grace", level: "senior" }] },
];

const names = Array.from({ length: repositories }, (_, at) => `acme/r${at}`);
const rows = [];
for (const kind of ["SQLite", "PostgreSQL"] as const) {
  const database = kind === "PostgreSQL" ? await freshDatabase() : null;
  const store = await openStore({ dataDir: freshFolder(), databaseUrl: database?.url ?? null });
  await fill(store);
  for (const readable of [names, names.slice(0, 1)]) {
    // What is compiled for the first page is not read again.
    await pageFor(store, readable);
    const [began, cpu] = [performance.now(), process.cpuUsage()];
    const bytes = await pageFor(store, readable);
    const took = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    rows.push({
      store: kind,
      "repositories that are readable": readable.length,
      "ms to the page": rounded(took),
      "processor ms of the server": rounded((user + system) / 1000),
      "KB of it": rounded(bytes / 1024),
    });
  }
  await store.close();
  await database?.drop();
}
report({
  method: `${verdicts} verdicts on ${verdicts / verdictsEach} pull requests of ${repositories} repositories`,
  rows,
});

/** Reads the store and makes the page. Returns its length. */
async function pageFor(store: Store, readable: readonly string[]): Promise<number> {
  const overview = await readOverview({ store, access: accessTo(readable), now: () => now }, "token");
  return overviewPage(overview).content.markup.length;
}

/** GitHub's answer is not measured. */
function accessTo(repos: readonly string[]) {
  const clientFor = async () => Promise.reject(new Error("GitHub is not asked."));
  const access = createAccess({ clientFor, apiUrl: "", now: () => now });
  const readable = { repos: new Set(repos), owners: new Set(["acme"]), cut: false };
  return { ...access, readable: async () => readable };
}

/** As looks would have left it, without the facts and the chain, which the overview does not read. */
async function fill(store: Store): Promise<void> {
  const pulls = verdicts / verdictsEach;
  const audit = [];
  const looked: Insertable<Tables["pulls"]>[] = [];
  for (let seq = 1; seq <= verdicts; seq += 1) {
    const number = (seq % pulls) + 1;
    const repo = names[number % repositories] ?? "";
    const at = Math.round(now - sinceMs + (sinceMs * seq) / verdicts);
    const outcome = outcomes[Math.floor(seq / pulls) % 2] ?? waiting;
    const body = JSON.stringify({ base: "main", configVersions, mode: "enforce", outcome });
    const hash = String(seq).padStart(64, "0");
    audit.push({
      seq,
      at,
      kind: "verdict",
      repo,
      number,
      sha,
      actor_id: null,
      body,
      previous_hash: hash,
      hash,
    });
    if (seq > verdicts - pulls) {
      const opened = at - 86_400_000;
      const open = looked.length < openPulls ? 1 : 0;
      const verdict = JSON.stringify(verdictOn(number, outcome));
      looked.push({
        repo,
        number,
        installation: 1,
        head_sha: sha,
        base: "main",
        open,
        merged: 0,
        opened_at: opened,
        facts: randomBytes(factsBytes),
        verdict,
        config_versions: "{}",
        audit_seq: seq,
      });
    }
  }
  for (let from = 0; from < audit.length; from += rowsAtOnce)
    await store.db
      .insertInto("audit")
      .values(audit.slice(from, from + rowsAtOnce))
      .execute();
  for (let from = 0; from < looked.length; from += rowsAtOnce)
    await store.db
      .insertInto("pulls")
      .values(looked.slice(from, from + rowsAtOnce))
      .execute();
}

function verdictOn(number: number, outcome: Outcome): Verdict {
  const place = { kind: "commit", sha } as const;
  return {
    outcome,
    mode: "enforce",
    number,
    url: "",
    headSha: sha,
    siblings: [],
    evidence: Array.from({ length: 4 }, () => ({
      tool: "claude-code",
      kind: "trailer",
      role: "wrote",
      confidence: "official",
      place,
      quote: "Co-Authored-By: Claude <noreply@anthropic.com>",
      remembered: false,
    })),
    contributors: ["juno", "milo"].map((name) => ({
      name,
      account: null,
      level: "junior",
      source: "team acme/web",
      parts: [],
    })),
    rules: [],
    refused: [],
    notes: [],
  };
}
