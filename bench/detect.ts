/**
 * Measures detection on labelled commits: precision and recall overall, per tool and per class, and commits per second.
 * Usage: COUNTERSIGN_CORPUS=<folder with commits.jsonl> node bench/detect.ts [--misses]
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { counts, detectCommit } from "../src/gate/detect.ts";

const identity = z
  .object({ name: z.string(), email: z.string() })
  .transform((who) => ({ ...who, account: null }));
const labelledCommit = z.object({
  sha: z.string(),
  message: z.string(),
  author: identity,
  committer: identity,
  ai: z.boolean(),
  tool: z.string().nullable(),
  class: z.string(),
  edge: z.boolean(),
});
type Labelled = z.infer<typeof labelledCommit>;
type Result = { readonly commit: Labelled; readonly found: boolean; readonly tools: readonly string[] };

const file = join(process.env["COUNTERSIGN_CORPUS"] ?? ".", "commits.jsonl");
if (existsSync(file)) measure(readFileSync(file, "utf8"));
else console.log(`${file} is absent: set COUNTERSIGN_CORPUS to the folder of labelled commits.`);

function measure(text: string): void {
  const commits = text
    .trim()
    .split("\n")
    .map((line) => labelledCommit.parse(JSON.parse(line)));
  const results = commits.map((commit) => {
    const evidence = counts(detectCommit(commit));
    return { commit, found: evidence.length > 0, tools: evidence.map(({ tool }) => tool) };
  });
  console.log(score("all", results));
  console.log(
    score(
      "without edge cases",
      results.filter(({ commit }) => !commit.edge),
    ),
  );
  printBy("class", results, ({ commit }) => commit.class);
  printBy(
    "tool",
    results.filter(({ commit }) => commit.ai),
    ({ commit }) => commit.tool ?? "none named",
  );
  const named = results.filter(({ commit, found }) => commit.ai && found && commit.tool !== null);
  const right = named.filter(({ commit, tools }) => tools.some((tool) => tool === commit.tool));
  console.log(`tool named as labelled: ${right.length} of ${named.length}`);
  if (process.argv.includes("--misses")) printMisses(results);
  console.log(`${commitsPerSecond(commits)} commits a second on one core`);
}

function score(title: string, results: readonly Result[]): string {
  const positives = results.filter(({ commit }) => commit.ai).length;
  const found = results.filter((result) => result.found);
  const right = found.filter(({ commit }) => commit.ai).length;
  const precision = (right / found.length).toFixed(4);
  return `${title}: precision ${precision}, recall ${(right / positives).toFixed(4)} (${results.length} commits)`;
}

function printBy(title: string, results: readonly Result[], key: (result: Result) => string): void {
  console.log(`\nby ${title}: right of all`);
  for (const [name, group] of [...Map.groupBy(results, key)].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  )) {
    const right = group.filter(({ commit, found }) => commit.ai === found).length;
    console.log(`  ${right === group.length ? " " : "!"} ${name}: ${right} of ${group.length}`);
  }
}

function printMisses(results: readonly Result[]): void {
  for (const { commit, found, tools } of results) {
    if (commit.ai === found) continue;
    console.log(
      `${found ? "false alarm" : "missed"}: ${commit.sha.slice(0, 8)} ${commit.class} ${commit.edge ? "edge " : ""}${tools.join(", ")}`,
    );
  }
}

function commitsPerSecond(commits: readonly Labelled[]): number {
  const rounds = 40;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) for (const commit of commits) detectCommit(commit);
  return Math.round((rounds * commits.length * 1000) / (performance.now() - start));
}
