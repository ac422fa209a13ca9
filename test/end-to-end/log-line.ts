import { z } from "zod";

/** A line of the server's log. @throws when it is no JSON object. */
export function logLine(line: string): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(line));
}
