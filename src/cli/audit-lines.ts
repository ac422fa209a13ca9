/** Rows of the audit log as lines of a file. */
import { z } from "zod";
import type { auditRows } from "../store/audit.ts";

export type ExportFormat = "jsonl" | "csv";

type Row = ReturnType<typeof auditRows> extends AsyncGenerator<infer Each> ? Each : never;

const columns = [
  "seq",
  "time",
  "kind",
  "repo",
  "number",
  "sha",
  "actor_id",
  "body",
  "previous_hash",
  "hash",
] as const;

/** What comes before the first line. */
export function exportHeader(format: ExportFormat): string {
  return format === "csv" ? `${columns.join(",")}\r\n` : "";
}

/**
 * One row as a line: as JSON with its body as an object, and with `at` in ms since epoch, which the hash was made of,
 * beside the readable `time`; or as CSV with the body as JSON (RFC 4180).
 */
export function auditLine(row: Row, format: ExportFormat): string {
  const time = new Date(row.at).toISOString();
  if (format === "jsonl") {
    const body: unknown = z.json().parse(JSON.parse(row.body));
    return `${JSON.stringify({ ...row, time, body })}\n`;
  }
  const all = { ...row, time };
  return `${columns.map((column) => cell(all[column])).join(",")}\r\n`;
}

function cell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
