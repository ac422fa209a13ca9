/**
 * Shows that every attack test would notice if its defence were gone. test/defences.yml takes one defence at a time out of a
 * copy of the sources by small edits and names the tests that must fail then; without the edits all of them must pass. An
 * edit whose text is not there exactly once fails the run, so that the list cannot rot.
 *
 * `node scripts/prove-defences.ts [WORDS]` tries only the defences whose name holds these words.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

/** An edit may make the tests hang; a busy machine may only make them slow, and slow must not pass for noticed. */
const runMsMax = 600_000;
const testMsMax = 60_000;
const waitMsMax = 45_000;
/** Each in a copy of the sources of its own. Most of a run is vitest starting, which uses one core. */
const runsAtOnce = 2;

const defencesSchema = z.array(
  z.strictObject({
    defence: z.string(),
    edits: z.array(z.strictObject({ in: z.string(), replace: z.string(), by: z.string() })).min(1),
    tests: z.record(z.string(), z.array(z.string()).min(1)),
  }),
);
type Defence = z.infer<typeof defencesSchema>[number];

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});
type Outcomes = readonly { readonly title: string; readonly status: string; readonly why: string }[] | string;

const root = fileURLToPath(new URL("../", import.meta.url));
const words = process.argv.slice(2).join(" ");
const all = defencesSchema.parse(parse(readFileSync(join(root, "test/defences.yml"), "utf8")));
const defences = all.filter(({ defence }) => defence.includes(words));
const copies = Array.from({ length: runsAtOnce }, copyOfSources);
try {
  const problems = [...(await unedited(defences)), ...(await withoutEach(defences))];
  const tests = new Set(defences.flatMap(namesOf)).size;
  for (const problem of problems) console.error(`PROBLEM ${problem}`);
  console.log(`${defences.length} defences, ${tests} tests, ${problems.length} problems`);
  if (problems.length > 0 || defences.length === 0) process.exitCode = 1;
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}

/** A folder with what tests need; tests that ask git which files there are find a repository. */
function copyOfSources(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-defences-"));
  for (const name of [
    "src",
    "test",
    "scripts",
    "demo",
    "schemas",
    "app.yml",
    "package.json",
    "vitest.config.ts",
  ])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
  return folder;
}

/** The tests that do not pass though every defence stands. */
async function unedited(tried: readonly Defence[]): Promise<string[]> {
  const byFile = new Map<string, Set<string>>();
  for (const { tests } of tried) {
    for (const [file, titles] of Object.entries(tests))
      byFile.set(file, new Set([...(byFile.get(file) ?? []), ...titles]));
  }
  const tests = Object.fromEntries([...byFile].map(([file, titles]) => [file, [...titles]]));
  const outcomes = await run(copies[0] ?? root, tests);
  const problems = compare(tests, outcomes, "passed").map((problem) => `with every defence: ${problem}`);
  console.log(
    [...problems, `With every defence: ${problems.length === 0 ? "all pass" : "not all pass"}`].join("\n"),
  );
  return problems;
}

async function withoutEach(tried: readonly Defence[]): Promise<string[]> {
  const waiting = [...tried];
  const problems: string[] = [];
  await Promise.all(
    copies.map(async (copy) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        problems.push(...(await without(copy, next)));
    }),
  );
  return problems;
}

/** What is wrong with one entry: an edit that does not fit, or a test that passes without the defence. */
async function without(copy: string, { defence, edits, tests }: Defence): Promise<string[]> {
  const before = new Map<string, string>();
  try {
    for (const { in: file, replace, by } of edits) {
      const source = readFileSync(join(copy, file), "utf8");
      const times = source.split(replace).length - 1;
      if (times !== 1) return [`${defence}: ${file} holds ${times} times what the edit replaces: ${replace}`];
      if (!before.has(file)) before.set(file, source);
      writeFileSync(
        join(copy, file),
        source.replace(replace, () => by),
      );
    }
    const outcomes = await run(copy, tests);
    const problems = compare(tests, outcomes, "failed").map((problem) => `without "${defence}": ${problem}`);
    console.log(
      [...reasons(outcomes), `${problems.length === 0 ? "noticed " : "UNNOTICED"} ${defence}`].join("\n"),
    );
    return problems;
  } finally {
    for (const [file, source] of before) writeFileSync(join(copy, file), source);
  }
}

/** Why each test failed, so that a reader sees that it failed for the right reason. */
function reasons(outcomes: Outcomes): string[] {
  if (typeof outcomes === "string") return [];
  return outcomes.flatMap(({ title, status, why }) => (status === "failed" ? [`    ${title}: ${why}`] : []));
}

/** Which of these tests did not run or came out otherwise. */
function compare(tests: Defence["tests"], outcomes: Outcomes, expected: "passed" | "failed"): string[] {
  if (typeof outcomes === "string") return [outcomes];
  return Object.values(tests).flatMap((titles) =>
    titles.flatMap((title) => {
      const own = outcomes.filter((outcome) => outcome.title === title);
      if (own.length === 0) return [`${title}: did not run`];
      const other = own.find(({ status }) => status !== expected);
      return other === undefined ? [] : [`${title}: ${other.status} ${other.why}`];
    }),
  );
}

/** What became of exactly these tests; words instead where the run itself failed, as when an edit does not parse. */
async function run(copy: string, tests: Defence["tests"]): Promise<Outcomes> {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const titles = Object.values(tests).flat().map(escaped);
  const vitest = spawn(
    process.execPath,
    [
      join(copy, "node_modules/vitest/vitest.mjs"),
      "run",
      ...Object.keys(tests),
      "--project=sqlite",
      "--project=processes",
      `--testNamePattern=(^| )(${titles.join("|")})$`,
      `--testTimeout=${testMsMax}`,
      `--hookTimeout=${testMsMax}`,
      "--reporter=json",
      `--outputFile=${report}`,
    ],
    {
      cwd: copy,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: runMsMax,
      env: { ...process.env, TEST_WAIT_MS: String(waitMsMax) },
    },
  );
  const [said] = await Promise.all([text(vitest.stderr), once(vitest, "close")]);
  try {
    const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
    const broken = testResults.find((file) => file.assertionResults.length === 0);
    if (broken !== undefined) return `a file of tests could not be run: ${broken.message}`;
    return testResults.flatMap(({ assertionResults }) =>
      assertionResults.map(({ title, status, failureMessages: [why = ""] }) => ({
        title,
        status,
        why: why.split("\n")[0] ?? "",
      })),
    );
  } catch (error) {
    return `no report: ${String(error)} ${said}`;
  }
}

function namesOf({ tests }: Defence): string[] {
  return Object.entries(tests).flatMap(([file, titles]) => titles.map((title) => `${file} ${title}`));
}

function escaped(title: string): string {
  return title.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
