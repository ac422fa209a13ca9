/** `countersign validate FILE…`: every problem of roster and policy files, each with its place. */
import { basename } from "node:path";
import { builtInPolicy, checkTogether, parsePolicy, policyKeys } from "../config/policy-file.ts";
import { parseRoster, rosterKeys } from "../config/roster-file.ts";
import { type FileProblem, formatProblem, type Parsed } from "../config/yaml-file.ts";
import type { Policy } from "../gate/policy.ts";
import type { Roster } from "../gate/roster.ts";
import { type Io, runCommand, UsageError } from "./command.ts";

/** What the command needs of its process. */
type ValidateIo = Pick<Io, "readFile" | "stdout" | "stderr">;

const help = `countersign validate FILE...

Checks a roster, or policies, or a roster with the policies that go with it, and prints
every problem as FILE:LINE:COLUMN: KEY: what is wrong and what to write instead.

A file is told by its name, roster.yml or policy.yml, else by its keys. Give a roster
together with its policies: then levels are checked across the files, and rules that
nobody on the roster can satisfy are named.

  countersign validate .github/countersign/roster.yml .github/countersign/policy.yml

Exit status: 0 no problem (warnings may have been printed), 2 problems or wrong usage.
`;

/** What is to be printed about one file. */
type Report = {
  readonly file: string;
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
  /** What a file without problems holds. */
  readonly contents: string;
};

type Read = { readonly file: string; readonly kind: "roster" | "policy"; readonly text: string };

/** Runs the command on its arguments; resolves with the exit status. */
export async function validate(argv: readonly string[], io: ValidateIo): Promise<number> {
  const command = { name: "validate", help, options: {}, allowPositionals: true, known: [] };
  return runCommand(command, argv, io, ({ positionals }) => validateFiles(positionals, io));
}

function validateFiles(names: readonly string[], io: ValidateIo): number {
  if (names.length === 0) throw new UsageError("no file given");
  const read = names.map((file) => readOne(file, io));
  const files = read.filter((one) => one !== null);
  if (files.filter(({ kind }) => kind === "roster").length > 1)
    throw new UsageError("more than one roster; give one, with the policies that go with it");
  const failed = print(checkAll(files), io);
  return failed || files.length < read.length ? 2 : 0;
}

function readOne(file: string, io: ValidateIo): Read | null {
  let text: string;
  try {
    text = io.readFile(file);
  } catch (error) {
    io.stderr(
      `${file}: cannot be read (${error instanceof Error ? error.message : String(error)}); correct the path\n`,
    );
    return null;
  }
  const kind = kindOf(file, text);
  if (kind !== null) return { file, kind, text };
  io.stderr(`${file}: neither a roster nor a policy by its name or keys; name it roster.yml or policy.yml\n`);
  return null;
}

function kindOf(file: string, text: string): "roster" | "policy" | null {
  const name = basename(file);
  if (/^roster\.ya?ml$/.test(name)) return "roster";
  if (/^policy\.ya?ml$/.test(name)) return "policy";
  const keys = [...text.matchAll(/^(\w+)\s*:/gm)].map(([, key = ""]) => key);
  const roster = keys.some((key) => rosterKeys.includes(key));
  if (roster === keys.some((key) => policyKeys.includes(key))) return null;
  return roster ? "roster" : "policy";
}

/** The roster first: the policies may name its levels only. */
function checkAll(files: readonly Read[]): Report[] {
  const written = files.find(({ kind }) => kind === "roster");
  const roster = written === undefined ? null : parseRoster(written.text, written.file);
  const levels = roster?.kind === "ok" ? roster.value.levels : null;
  const policies = files
    .filter(({ kind }) => kind === "policy")
    .map(({ file, text }) => ({ file, parsed: parsePolicy(text, file, levels) }));
  const reports = policies.map(({ file, parsed }) => policyReport(file, parsed, roster));
  if (roster === null || written === undefined) return reports;
  return [
    rosterReport(
      written.file,
      roster,
      policies.map(({ parsed }) => parsed),
    ),
    ...reports,
  ];
}

function rosterReport(file: string, roster: Parsed<Roster>, policies: readonly Parsed<Policy>[]): Report {
  if (roster.kind === "broken") return { file, problems: roster.problems, warnings: [], contents: "" };
  const { people, teams } = roster.value;
  const contents = `roster, ${count(people.length, "person", "people")}, ${count(teams.length, "team", "teams")}`;
  // Without any policy file at hand, whether one goes with this roster is not known: worth a word, but no error.
  if (policies.length === 0) {
    return { file, problems: [], warnings: checkTogether(roster, [builtInPolicy]).problems, contents };
  }
  const good = policies.filter((policy) => policy.kind === "ok");
  return { file, problems: checkTogether(roster, good).problems, warnings: [], contents };
}

function policyReport(file: string, policy: Parsed<Policy>, roster: Parsed<Roster> | null): Report {
  if (policy.kind === "broken") return { file, problems: policy.problems, warnings: [], contents: "" };
  const together = roster?.kind === "ok" ? checkTogether(roster, [policy]).warnings.flat() : [];
  const warnings = [...policy.warnings, ...together];
  return {
    file,
    problems: [],
    warnings,
    contents: `policy, ${count(policy.value.rules.length, "rule", "rules")}`,
  };
}

/** Prints what was found; returns whether anything was wrong. */
function print(reports: readonly Report[], io: ValidateIo): boolean {
  for (const { file, problems, warnings, contents } of reports) {
    for (const problem of problems) io.stdout(`${formatProblem(file, problem)}\n`);
    for (const warning of warnings) {
      const path = warning.path === "" ? "warning" : `warning: ${warning.path}`;
      io.stdout(`${formatProblem(file, { ...warning, path })}\n`);
    }
    if (problems.length === 0) io.stdout(`${file}: ok (${contents})\n`);
  }
  return reports.some(({ problems }) => problems.length > 0);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
