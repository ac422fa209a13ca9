/** Roster and policy from files or a local repository, for commands that judge without asking GitHub for them. */
import { readFileSync } from "node:fs";
import { builtInPolicy, checkTogether, type Located, parsePolicy } from "../config/policy-file.ts";
import { parseRoster } from "../config/roster-file.ts";
import { type FileProblem, formatProblem } from "../config/yaml-file.ts";
import type { Policy } from "../gate/policy.ts";
import type { Roster } from "../gate/roster.ts";
import { BrokenFiles } from "./command.ts";

/** Where a file was looked for, for people, and its text; null where there is none. */
export type Source = { readonly place: string; readonly text: string | null };

export type LocalConfig = {
  readonly roster: Roster | null;
  readonly policy: Policy;
  /** Where the roster was read, or looked for. */
  readonly rosterPlace: string;
  readonly policyPlace: string;
  readonly warnings: readonly string[];
};

/** A file of this machine that has to be there. @throws BrokenFiles */
export function readSource(path: string): Source {
  try {
    return { place: path, text: readFileSync(path, "utf8") };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BrokenFiles(`${path}: cannot be read (${why}); correct the path\n`);
  }
}

/** Reads both, each by itself and beside the other; without a policy the built-in one holds. @throws BrokenFiles with all problems */
export function readLocalConfig(
  { place: rosterPlace, text: rosterText }: Source,
  { place: policyPlace, text: policyText }: Source,
): LocalConfig {
  const problems: string[] = [];
  const note = (place: string, found: readonly FileProblem[]) =>
    problems.push(...found.map((problem) => formatProblem(place, problem)));

  const roster = rosterText === null ? null : parseRoster(rosterText, rosterPlace);
  if (roster?.kind === "broken") note(rosterPlace, roster.problems);
  const levels = roster?.kind === "ok" ? roster.value.levels : null;
  const parsed = policyText === null ? null : parsePolicy(policyText, policyPlace, levels);
  if (parsed?.kind === "broken") note(policyPlace, parsed.problems);
  const policy: Located<Policy> = parsed?.kind === "ok" ? parsed : builtInPolicy;
  const together =
    roster?.kind === "ok" && parsed?.kind !== "broken" ? checkTogether(roster, [policy]) : null;
  note(rosterPlace, together?.problems ?? []);
  if (problems.length > 0) throw new BrokenFiles(problems.map((problem) => `${problem}\n`).join(""));
  const ownWarnings = parsed?.kind === "ok" ? parsed.warnings : [];
  const warnings = [...ownWarnings, ...(together?.warnings.flat() ?? [])].map(({ path, ...warning }) => {
    // The built-in policy stands in no file: a rule of it that nobody can satisfy is for the roster to mend.
    const place = policyText === null ? rosterPlace : policyPlace;
    return formatProblem(place, { ...warning, path: path === "" ? "warning" : `warning: ${path}` });
  });
  return {
    roster: roster?.kind === "ok" ? roster.value : null,
    policy: policy.value,
    rosterPlace,
    policyPlace,
    warnings,
  };
}
