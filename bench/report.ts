/** How the measurements count, and what they say. */
import { cpus } from "node:os";
import { readFileSync } from "node:fs";
import { z } from "zod";

const rowSchema = z.record(z.string(), z.union([z.string(), z.number()]));
type Row = Readonly<z.infer<typeof rowSchema>>;

const lineSchema = z.object({
  what: z.string(),
  points: z.array(z.object({ size: z.number(), ms: z.number() })),
});
/** A line of a plot. */
export type Line = Readonly<z.infer<typeof lineSchema>>;

export const measuredSchema = z.object({
  method: z.string(),
  rows: z.array(rowSchema),
  lines: z.array(lineSchema).exactOptional(),
});
/** What a run found, and what was done for it. */
export type Measured = Readonly<z.infer<typeof measuredSchema>>;

/** The middle one; of an even number the upper of both. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that at least `share` of all do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Hands what a run found to the process that repeats it; prints it where there is none. */
export function report(measured: Measured): void {
  if (process.send === undefined) print(measured.method, measured.rows);
  else process.send(measured);
}

/** The runs as one: of each number the median, with the lowest and the highest where they differ. @param runs of the same measurement. */
export function together(runs: readonly Measured[]): Measured {
  const [first] = runs;
  if (first === undefined) throw new Error("Nothing was measured.");
  const rows = first.rows.map((row, at) =>
    Object.fromEntries(
      Object.keys(row).map((name) => [name, medianOf(runs.flatMap((run) => run.rows[at]?.[name] ?? []))]),
    ),
  );
  const lines = first.lines?.map(({ what, points }, line) => ({
    what,
    points: points.map(({ size }, point) => ({
      size,
      ms: median(runs.flatMap((run) => run.lines?.[line]?.points[point]?.ms ?? [])),
    })),
  }));
  return { method: first.method, rows, ...(lines && { lines }) };
}

function medianOf(values: readonly (string | number)[]): string | number {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length) return [...new Set(values)].join(" or ");
  const [lowest, highest] = [Math.min(...numbers), Math.max(...numbers)];
  return lowest === highest ? lowest : `${median(numbers)} (${lowest} to ${highest})`;
}

/** What was done, on which machine, and what came out, as a table in Markdown. */
export function print(method: string, rows: readonly Row[]): void {
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
