import { requireNode } from "../src/node-version.ts";

/** Runs once, before any test file: better-sqlite3 under an older Node would crash the workers without a word. */
export function setup(): void {
  const problem = requireNode(process.versions.node);
  if (problem !== null) throw new Error(problem);
}
