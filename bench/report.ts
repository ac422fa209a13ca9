/** How the measurements count and print. */
import { cpus } from "node:os";
import { readFileSync } from "node:fs";

/** The middle one; of an even number the upper of both. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that at least `share` of all do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** What was done, on which machine, and what came out, as a table in Markdown. */
export function report(method: string, rows: readonly Readonly<Record<string, string | number>>[]): void {
  const model = cpus()[0]?.model ?? "unknown processor";
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[0];
  console.log(`\n${method}`);
  console.log(`${cpus().length} × ${model}, Node ${process.version}, load ${load}\n`);
  const head = Object.keys(rows[0] ?? {});
  const lines = [head, head.map(() => "---"), ...rows.map((row) => head.map((name) => row[name] ?? ""))];
  for (const line of lines) console.log(`| ${line.join(" | ")} |`);
}

/** With one digit after the point where it is small. */
export function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
