/**
 * `npm run bench -- NAME [COUNT] [--runs N]`: reproducible measurements. Each run is a process of its own; what they report is put
 * together here. docs/benchmarks.md says what they found, and on which machine.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { plot } from "./plot.ts";
import { type Measured, measuredSchema, print, together } from "./report.ts";

type Bench = {
  readonly about: string;
  /** Where nobody says how often; 1 where every run finds the same. */
  readonly runs: number;
};

const benches: Readonly<Record<string, Bench>> = {
  detect: {
    about: "precision and recall on labelled commits (COUNTERSIGN_CORPUS=folder), per class and per tool",
    runs: 1,
  },
  "detect-speed": { about: "commits per second through the command countersign detect --jsonl", runs: 5 },
  "fan-out": {
    about: "requests and order of looks when the roster changes for 1,000 open pull requests, or COUNT",
    runs: 1,
  },
  delay: {
    about:
      "from a webhook to its check run at ten events a second for 30 seconds, or COUNT; GitHub answers after 50 ms",
    runs: 3,
  },
  looks: {
    about:
      "looks a second where GitHub answers at once, on SQLite and with 1, 2 and 4 replicas on PostgreSQL",
    runs: 3,
  },
  claims: { about: "claims of marks a second, among 50,000 of 4 and of 1,000 repositories", runs: 3 },
  memory: {
    about: "memory when idle, during 100,000 deliveries, or COUNT thousands, and at the largest pull request",
    runs: 3,
  },
  cost: {
    about:
      "processor time of a look by the number of commits, files, reviews and open pull requests, with a plot",
    runs: 3,
  },
  intake: {
    about: "deliveries stored and answered a second, beside a Probot app that does nothing",
    runs: 5,
  },
  burst: {
    about:
      "5,000 deliveries at once over 200 pull requests: all accepted, all decided, within the limits of GitHub",
    runs: 3,
  },
  overview: { about: "the overview of 200,000 verdicts, or COUNT, on SQLite and PostgreSQL", runs: 3 },
  calls: { about: "requests to GitHub of one look, with 1 to 2,000 commits", runs: 1 },
};

const [name = "--help", ...rest] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  const lines = Object.entries(benches).map(
    ([key, { about, runs }]) => `  ${key.padEnd(14)}${about} (${runs === 1 ? "1 run" : `${runs} runs`})`,
  );
  console.log(`npm run bench -- NAME [COUNT] [--runs N]\n\n${lines.join("\n")}`);
  process.exitCode = name === "--help" ? 0 : 2;
} else {
  const at = rest.indexOf("--runs");
  const [runs = bench.runs] = at === -1 ? [] : rest.splice(at, 2).slice(1).map(Number);
  if (!(runs >= 1)) throw new Error("--runs: expected how often, such as 3.");
  await repeat(name, rest, runs);
}

async function repeat(bench: string, args: readonly string[], runs: number): Promise<void> {
  const found: Measured[] = [];
  for (let run = 1; run <= runs; run += 1) {
    if (runs > 1) console.error(`${bench}: run ${run} of ${runs}`);
    found.push(...(await measure(bench, args)));
  }
  if (found.length === 0) return;
  const { method, rows, lines } = together(found);
  print(runs === 1 ? `${method}; one run` : `${method}; medians of ${runs} runs (lowest to highest)`, rows);
  if (lines === undefined) return;
  const svg = fileURLToPath(new URL("../docs/look-cost.svg", import.meta.url));
  writeFileSync(svg, plot("Processor time of one look, ms", lines));
  console.log(`\nDrawn: ${svg}`);
}

/** What one run reports. @throws when it does not end well. */
async function measure(bench: string, args: readonly string[]): Promise<Measured[]> {
  const child = fork(fileURLToPath(new URL(`./${bench}.ts`, import.meta.url)), [bench, ...args]);
  const stop = endWith(child);
  const found: Measured[] = [];
  child.on("message", (message) => found.push(measuredSchema.parse(message)));
  await once(child, "close");
  stop();
  if (child.exitCode !== 0) throw new Error(`${bench} ended with ${child.exitCode ?? child.signalCode}.`);
  return found;
}

/** Whatever ends this process ends the other, which ends the servers it started. */
function endWith(child: ChildProcess): () => void {
  const end = () => {
    child.kill();
    process.exit(1);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}
