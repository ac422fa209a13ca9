import { builtInPolicy, checkTogether, type Located, parsePolicy } from "./config/policy-file.ts";
import { parseRoster } from "./config/roster-file.ts";
import { type FileProblem, formatProblem, type Parsed } from "./config/yaml-file.ts";
import type { ConfigChange } from "./gate/facts.ts";
import type { Policy } from "./gate/policy.ts";
import type { Roster } from "./gate/roster.ts";
import type { Config } from "./gate/verdict.ts";
import type { ConfigBlob } from "./github/config-files.ts";
import type { GuardedFile, InForce } from "./in-force.ts";

/**
 * What a pull request makes of the files in force.
 * @param changed those of `guarded` that it changes. @param head both files at its head.
 * @returns an entry for each of `changed`, but for one that is neither on the default branch nor at the head.
 */
export function proposedChanges(
  { config }: InForce,
  changed: readonly GuardedFile[],
  head: { readonly roster: ConfigBlob; readonly policy: ConfigBlob },
): ConfigChange[] {
  const proposed = changed.some(({ file }) => file === "roster") ? levelsIn(head.roster) : null;
  const levels = proposed ?? (config.roster.kind === "read" ? config.roster.value.levels : null);
  return changed.flatMap(({ file, name, version }): ConfigChange[] => {
    const blob = head[file];
    if (blob.kind === "unreadable") return [{ file, name, proposal: blob }];
    if (blob.kind === "absent")
      return version === null ? [] : [{ file, name, proposal: { kind: "removed" } }];
    const { text } = blob.value;
    const proposal =
      file === "policy"
        ? policyProposal(name, parsePolicy(text, name, levels))
        : rosterProposal(name, parseRoster(text, name), policiesBeside(config, head.policy, levels));
    return [{ file, name, proposal }];
  });
}

function levelsIn(roster: ConfigBlob): readonly string[] | null {
  const parsed = roster.kind === "read" ? parseRoster(roster.value.text, "") : null;
  return parsed?.kind === "ok" ? parsed.value.levels : null;
}

function policyProposal(name: string, parsed: Parsed<Policy>): ConfigChange["proposal"] {
  return parsed.kind === "ok" ? { kind: "policy" } : brokenProposal(name, parsed.problems);
}

function rosterProposal(
  name: string,
  parsed: Parsed<Roster>,
  policies: readonly Located<Policy>[],
): ConfigChange["proposal"] {
  if (parsed.kind === "broken") return brokenProposal(name, parsed.problems);
  const { problems } = checkTogether(parsed, policies);
  return problems.length > 0 ? brokenProposal(name, problems) : { kind: "roster", roster: parsed.value };
}

function brokenProposal(name: string, problems: readonly FileProblem[]): ConfigChange["proposal"] {
  return { kind: "broken", problems: problems.map((problem) => formatProblem(name, problem)) };
}

/** The policy that will stand beside a proposed roster: the built-in one only where no file replaces it. */
function policiesBeside(
  config: Config,
  policy: ConfigBlob,
  levels: readonly string[] | null,
): Located<Policy>[] {
  if (policy.kind === "read") {
    const parsed = parsePolicy(policy.value.text, "", levels);
    return parsed.kind === "ok" ? [parsed] : [];
  }
  const origins = config.policies.map((each) => (each.kind === "read" ? each.value.origin : each.kind));
  return origins.every((origin) => origin === builtInPolicy.value.origin) ? [builtInPolicy] : [];
}
