import { builtInPolicy, checkTogether, type Located, parsePolicy } from "../config/policy-file.ts";
import { parseRoster } from "../config/roster-file.ts";
import { type FileProblem, formatProblem, type Parsed } from "../config/yaml-file.ts";
import type { ConfigChange } from "../gate/facts.ts";
import type { Policy } from "../gate/policy.ts";
import type { Roster } from "../gate/roster.ts";
import type { Config } from "../gate/verdict.ts";
import type { ConfigBlob } from "../github/config-files.ts";
import type { GuardedFile, InForce } from "./in-force.ts";

/** Something to say about a place in a file of this repository, as it is at the head. */
export type Finding = {
  /** `failure`: the file would be broken; `warning`: it would hold, and do something nobody can want. */
  readonly level: "failure" | "warning";
  readonly file: GuardedFile;
  readonly problem: FileProblem;
};

/** What a pull request makes of one file in force. */
export type ProposedChange = {
  readonly change: ConfigChange;
  /** The policy it would be; null for a roster, and where it would be removed or broken. */
  readonly policy: Policy | null;
  /** What the file holds then, `6 people`; null where it would be removed or broken. */
  readonly holds: string | null;
  /** Also of the other file, where only both together show it. */
  readonly findings: readonly Finding[];
};

/** Both files at the head of a pull request. */
type Head = { readonly roster: ConfigBlob; readonly policy: ConfigBlob };

/**
 * What a pull request makes of the files in force. Each is checked by itself, and roster and policy beside each other, as
 * they would stand after it: a roster without a level that the policy names breaks the policy, though nobody changed that.
 * @param changed those of `guarded` that it changes. @param head both files at its head.
 * @returns an entry for each of `changed`, but for one that is neither on the default branch nor at the head. What only
 *   both files together show is with the first.
 */
export function proposedChanges(
  inForce: InForce,
  changed: readonly GuardedFile[],
  head: Head,
): ProposedChange[] {
  const there = changed.filter(({ file, version }) => version !== null || head[file].kind !== "absent");
  const after = readHead(inForce, there, head);
  const together = findingsTogether(inForce, there, head, after);
  return there.map((file, at) => {
    const blob = head[file.file];
    const parsed = after[file.file];
    const findings = [...findingsIn(file, blob, parsed), ...(at === 0 ? together : [])];
    const broken = findings.filter(({ level }) => level === "failure");
    const proposal =
      broken.length > 0 && blob.kind !== "unreadable"
        ? {
            kind: "broken" as const,
            problems: broken.map(({ file: { name }, problem }) => formatProblem(name, problem)),
          }
        : proposalOf(file, blob, after);
    const change = { file: file.file, name: file.name, proposal };
    if (broken.length > 0) return { change, policy: null, holds: null, findings };
    const policy = file.file === "policy" && after.policy?.kind === "ok" ? after.policy.value : null;
    return { change, policy, holds: holdings(file, after), findings };
  });
}

/** Both files at the head, parsed; null for one that is not there, cannot be read, or would not be in force. */
type After = {
  readonly roster: Parsed<Roster> | null;
  readonly policy: Parsed<Policy> | null;
};

function readHead({ config, guarded }: InForce, changed: readonly GuardedFile[], head: Head): After {
  const nameOf = (file: GuardedFile["file"]) => guarded.find((each) => each.file === file)?.name ?? null;
  const [rosterName, policyName] = [nameOf("roster"), nameOf("policy")];
  const roster =
    rosterName !== null && head.roster.kind === "read"
      ? parseRoster(head.roster.value.text, rosterName)
      : null;
  // Beside a roster that cannot be read any level will do.
  const proposed = roster?.kind === "ok" ? roster.value.levels : null;
  const levels = changes(changed, "roster") ? proposed : levelsInForce(config);
  const policy =
    policyName !== null && head.policy.kind === "read"
      ? parsePolicy(head.policy.value.text, policyName, levels)
      : null;
  return { roster, policy };
}

function changes(changed: readonly GuardedFile[], which: GuardedFile["file"]): boolean {
  return changed.some(({ file }) => file === which);
}

function levelsInForce({ roster }: Config): readonly string[] | null {
  return roster.kind === "read" ? roster.value.levels : null;
}

function findingsIn(file: GuardedFile, blob: ConfigBlob, parsed: Parsed<unknown> | null): Finding[] {
  if (blob.kind === "unreadable") {
    return [{ level: "failure", file, problem: { path: "", line: 1, column: 1, message: blob.why } }];
  }
  if (parsed === null) return [];
  return parsed.kind === "broken"
    ? parsed.problems.map((problem) => ({ level: "failure", file, problem }))
    : parsed.warnings.map((problem) => ({ level: "warning", file, problem }));
}

/** What shows only with roster and policy side by side. Nothing while the roster cannot be read. */
function findingsTogether(
  inForce: InForce,
  changed: readonly GuardedFile[],
  head: Head,
  after: After,
): Finding[] {
  const { config, guarded } = inForce;
  const rosterFile = guarded.find(({ file }) => file === "roster");
  const policyFile = guarded.find(({ file }) => file === "policy");
  const roster = rosterAfter(config, changed, after);
  // A policy is always guarded.
  if (roster === null || policyFile === undefined) return [];
  if (after.policy?.kind === "broken") {
    return changes(changed, "policy") ? [] : brokenByLevels(config, policyFile, head.policy, after.policy);
  }
  const { policy } = after;
  const policies = policy === null ? builtInAlone(config, policyFile, head.policy) : [policy];
  const { problems, warnings } = checkTogether(roster, policies);
  const ofRoster = rosterFile ?? policyFile;
  // The built-in rules stand in no file.
  const ofPolicy = policy === null ? ofRoster : policyFile;
  return [
    ...problems.map((problem): Finding => ({ level: "failure", file: ofRoster, problem })),
    ...warnings.flat().map((problem): Finding => ({ level: "warning", file: ofPolicy, problem })),
  ];
}

/** The roster that will stand beside the policy. Where it is another repository's, its lines are not of any file here. */
function rosterAfter(
  { roster }: Config,
  changed: readonly GuardedFile[],
  after: After,
): Located<Roster> | null {
  if (changes(changed, "roster")) return after.roster?.kind === "ok" ? after.roster : null;
  if (roster.kind !== "read") return null;
  const { locate } = after.roster?.kind === "ok" ? after.roster : builtInPolicy;
  return { value: roster.value, locate };
}

/** What breaks a policy nobody changed: levels that the roster will not have. What was wrong with it before is not told again. */
function brokenByLevels(
  config: Config,
  file: GuardedFile,
  policy: ConfigBlob,
  { problems }: Extract<Parsed<Policy>, { kind: "broken" }>,
): Finding[] {
  const present =
    policy.kind === "read" ? parsePolicy(policy.value.text, file.name, levelsInForce(config)) : null;
  if (present?.kind !== "ok") return [];
  return problems.map((problem) => ({ level: "failure", file, problem }));
}

/** The built-in policy, where the repository will have no file and no other policy holds. */
function builtInAlone({ policies }: Config, file: GuardedFile, blob: ConfigBlob): Located<Policy>[] {
  const others = policies.filter(
    (each) => each.kind !== "read" || ![file.name, builtInPolicy.value.origin].includes(each.value.origin),
  );
  return blob.kind === "absent" && others.length === 0 ? [builtInPolicy] : [];
}

function proposalOf({ file }: GuardedFile, blob: ConfigBlob, { roster }: After): ConfigChange["proposal"] {
  if (blob.kind === "unreadable") return blob;
  if (blob.kind === "absent") return { kind: "removed" };
  return file === "roster" && roster?.kind === "ok"
    ? { kind: "roster", roster: roster.value }
    : { kind: "policy" };
}

function holdings({ file }: GuardedFile, { roster, policy }: After): string | null {
  if (file === "policy") return policy?.kind === "ok" ? counted(policy.value.rules.length, "rule") : null;
  if (roster?.kind !== "ok") return null;
  const { people, teams } = roster.value;
  const listed = people.length === 1 ? "1 person" : `${people.length} people`;
  return teams.length === 0 ? listed : `${listed} and ${counted(teams.length, "team")}`;
}

/** `2 rules` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
