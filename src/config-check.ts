import { repairHere, wouldBeBroken } from "./gate/guard.ts";
import { code, plain, prose, unlinked } from "./gate/markdown.ts";
import { withinLimit } from "./gate/render.ts";
import type { AnnotatedOutput, Annotation } from "./gate/verdict.ts";
import type { Finding, ProposedChange } from "./proposed-changes.ts";

/** GitHub takes 50 in one request. Who repairs those sees the next ones; the first file with more is still to be found. */
const annotationsMax = 50;

/** GitHub takes 64 KB; a key may be as long as its file. */
const messageCharactersMax = 1000;

/**
 * The check run about the roster and policy files that a pull request changes.
 * @param changes what it makes of each; none where it does not change such a file any more.
 * @returns failure when a file would be broken, with an annotation on each problem and warning, failures first.
 */
export function configCheck(changes: readonly ProposedChange[]): AnnotatedOutput {
  if (changes.length === 0) return unconcerned;
  const all = changes.flatMap(({ findings }) => findings);
  const shown = [...failuresIn(all), ...all.filter(({ level }) => level === "warning")].slice(
    0,
    annotationsMax,
  );
  const rest = all.length - shown.length;
  return {
    conclusion: failuresIn(all).length > 0 ? "failure" : "success",
    title: changes.map((change, at) => (at === 0 ? capital(headline(change)) : headline(change))).join("; "),
    summary: withinLimit([
      ...changes.flatMap((change) => section(change, shown)),
      ...(rest > 0 ? [`And ${rest} more, which are not shown.`] : []),
    ]),
    annotations: shown.map(annotationOf),
  };
}

const unconcerned: AnnotatedOutput = {
  conclusion: "neutral",
  title: "No roster or policy in force is changed",
  summary: "This commit no longer changes a roster or policy that is in force or would be.",
  annotations: [],
};

function failuresIn(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ level }) => level === "failure");
}

/** What becomes of a file, with counts only: a title is read in a list. */
function headline({ change, holds, findings }: ProposedChange): string {
  const { file } = change;
  const failures = failuresIn(findings).length;
  const warnings = findings.length - failures;
  if (change.proposal.kind === "unreadable") return `${file} cannot be read`;
  if (failures > 0) return `${file} would be broken: ${counted(failures, "problem")}`;
  const warned = warnings > 0 ? `, ${counted(warnings, "warning")}` : "";
  return holds === null ? `${file} is removed${warned}` : `${file} is valid: ${holds}${warned}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function section({ change, holds, findings }: ProposedChange, shown: readonly Finding[]): string[] {
  const name = code(change.name, 300);
  const listed = findings.filter((finding) => shown.includes(finding));
  const failures = failuresIn(listed).map(item);
  const warnings = listed.filter(({ level }) => level === "warning").map(item);
  return [
    `### ${capital(change.file)}\n`,
    ...(failures.length > 0 ? [`${name} ${wouldBeBroken}:\n`, ...failures, `\n${repairHere}\n`] : []),
    ...(holds !== null ? [`${name} is valid: ${holds}.\n`] : []),
    ...(change.proposal.kind === "removed" ? [`${name} is removed. ${consequence[change.file]}\n`] : []),
    ...(warnings.length > 0 ? ["Warnings:\n", ...warnings, ""] : []),
  ];
}

const consequence = {
  roster:
    "Without a roster nobody can countersign: AI-assisted pull requests wait until there is one again, and the rules no longer guard themselves.",
  policy:
    "Its rules no longer hold. Other policies in force stay; where none is left, the built-in rule holds.",
} as const;

function item({ file, problem }: Finding): string {
  const { line, column } = problem;
  return `- ${prose(`${file.name}:${line}:${column}: ${messageOf(problem)}`, messageCharactersMax + 300)}`;
}

function annotationOf({ level, file, problem }: Finding): Annotation {
  const { line, column } = problem;
  return {
    path: file.path,
    line,
    column,
    level,
    message: unlinked(messageOf(problem), messageCharactersMax),
  };
}

/** As in `formatProblem`, without the file and place that an annotation has anyway. */
function messageOf({ path, message }: Finding["problem"]): string {
  return plain(path === "" ? message : `${path}: ${message}`, messageCharactersMax);
}
