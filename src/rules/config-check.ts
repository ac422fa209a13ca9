import { repairHere, wouldBeBroken } from "../gate/guard.ts";
import { code, plain, prose, unlinked } from "../gate/markdown.ts";
import { withinLimit } from "../gate/render.ts";
import type { AnnotatedOutput, Annotation } from "../gate/verdict.ts";
import { counted, type Finding, type ProposedChange } from "./proposed-changes.ts";
import type { Effects, LevelChange } from "./would-change.ts";

/** GitHub takes 50 in one request. Who repairs those sees the next ones; the first file with more is still to be found. */
const annotationsMax = 50;

/** More pull requests, or people, than anybody goes through; how many more there are is said. */
const namedMax = 50;

/** GitHub takes titles of 255 characters. */
const titleCharactersMax = 255;

/** GitHub takes 64 KB; a key may be as long as its file. */
const messageCharactersMax = 1000;

/**
 * The check run about the roster and policy files that a pull request changes.
 * @param changes what it makes of each; none where it does not change such a file any more.
 * @param effects what would change for whom; null where that is not known.
 * @returns failure when a file would be broken, with an annotation on each problem and warning, failures first.
 */
export function configCheck(changes: readonly ProposedChange[], effects: Effects | null): AnnotatedOutput {
  if (changes.length === 0) return unconcerned;
  const all = changes.flatMap(({ findings }) => findings);
  const shown = [...failuresIn(all), ...all.filter(({ level }) => level === "warning")].slice(
    0,
    annotationsMax,
  );
  const rest = all.length - shown.length;
  return {
    conclusion: failuresIn(all).length > 0 ? "failure" : "success",
    title: plain(capital([...changes.map(headline), ...headlineOf(effects)].join("; ")), titleCharactersMax),
    summary: withinLimit([
      ...changes.flatMap((change) => section(change, shown)),
      ...(effects === null ? [] : effectsSection(effects)),
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

/** `2 people gain senior, 1 person loses staff, 2 open pull requests would pass`; nothing where nothing would change. */
function headlineOf(effects: Effects | null): string[] {
  if (effects === null) return [];
  const levels = new Map<string, number>();
  for (const { who, kind, from, to } of effects.people) {
    // How many are in a team is nothing that the roster says.
    if (who.includes("/")) continue;
    const what = kind === "gains" ? `gain ${to}` : `lose ${from}`;
    levels.set(what, (levels.get(what) ?? 0) + 1);
  }
  const people = [...levels].map(([what, count]) =>
    count === 1 ? `1 person ${what.replace(/^(gain|lose)/u, "$1s")}` : `${count} people ${what}`,
  );
  const { passing, blocked, elsewhere } = effects;
  const pulls = [
    { count: passing.length + elsewhere.passing, what: "would pass" },
    { count: blocked.length + elsewhere.blocked, what: "would be blocked" },
  ].flatMap(({ count, what }) => (count === 0 ? [] : [`${counted(count, "open pull request")} ${what}`]));
  const all = [...people, ...pulls];
  return all.length === 0 ? [] : [all.join(", ")];
}

function effectsSection(effects: Effects): string[] {
  const { people, passing, blocked, elsewhere, judged, untold, left } = effects;
  if (people.length + judged + untold === 0) return [];
  const named = people.slice(0, namedMax).map(levelLine);
  const more = people.length - named.length;
  const told = [
    ...named,
    ...(more > 0 ? [`- and ${counted(more, "more level")}`] : []),
    ...pullsLine(passing, elsewhere.passing, "would pass"),
    ...pullsLine(blocked, elsewhere.blocked, "would be blocked"),
  ];
  return [
    "### What would change\n",
    ...(told.length > 0 ? told : ["Nothing, as far as it can be told."]),
    `\n${counted(judged, "other open pull request")} judged by what the last looks read.`,
    ...(untold > 0 ? [`Of ${untold} more only a look after the change can tell.`] : []),
    ...(left > 0 ? [`${left} more, which changed longest ago, were not judged.`] : []),
  ];
}

function levelLine({ who, from, to }: LevelChange): string {
  return `- ${code(who, 200)}: ${from === null ? "not listed" : code(from)} → ${to === null ? "not listed" : code(to)}`;
}

/** Those of this repository by number, as GitHub links them; of others only how many. */
function pullsLine(here: readonly number[], elsewhere: number, what: string): string[] {
  if (here.length + elsewhere === 0) return [];
  const named = here.slice(0, namedMax).map((number) => `#${number}`);
  const more = here.length - named.length;
  const parts = [
    ...(named.length > 0 ? [[...named, ...(more > 0 ? [`${more} more`] : [])].join(", ")] : []),
    ...(elsewhere > 0 ? [`${elsewhere} in other repositories`] : []),
  ];
  return [`- ${counted(here.length + elsewhere, "open pull request")} ${what}: ${parts.join(" and ")}`];
}

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
