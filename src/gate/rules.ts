import { baseNamedBy } from "./cleared.ts";
import { openedByBot } from "./contributors.ts";
import type { Evidence } from "./evidence.ts";
import type { ChangedFile, Facts } from "./facts.ts";
import { filesPastLimit } from "./missing.ts";
import { matchesPath } from "./patterns.ts";
import type { Policy, Rule } from "./policy.ts";
import { rank, type Roster } from "./roster.ts";

/** What a rule is held against. `roster` and `level` are null together: without a roster any level may be below the rule's. */
type Situation = {
  readonly facts: Facts;
  readonly evidence: readonly Evidence[];
  readonly roster: Roster | null;
  readonly level: string | null;
};

/** Why a rule applies, in words for the check run; null when one of its conditions does not hold. */
export function whyRuleApplies(rule: Rule, situation: Situation): string | null {
  const { when } = rule;
  const { facts, evidence } = situation;
  const reasons: string[] = [];
  if (when.provenance === "ai") {
    if (evidence.length === 0) return null;
    reasons.push("AI-assisted");
  }
  if (when.tools !== null) {
    const tool = evidence.find((entry) => when.tools?.includes(entry.tool))?.tool;
    if (tool === undefined) return null;
    reasons.push(`made with ${tool}`);
  }
  if (when.base !== null) {
    const base = baseNamedBy(rule, facts);
    if (base === undefined) return null;
    reasons.push(`goes to ${base}`);
  }
  if (when.labels !== null) {
    const label = labelsOf(facts).find((name) =>
      when.labels?.some((wanted) => wanted.toLowerCase() === name.toLowerCase()),
    );
    if (label === undefined) return null;
    reasons.push(`labelled ${label}`);
  }
  const tooMany = filesPastLimit(facts);
  if (tooMany && (when.paths !== null || when.changedLinesOver !== null)) {
    reasons.push("changes more files than can be read, so every path and size counts as matched");
  }
  if (when.paths !== null && !tooMany) {
    const path = filesOf(facts)
      .flatMap(namesOf)
      .find((name) => when.paths?.some((pattern) => matchesPath(pattern, name)));
    if (path === undefined) return null;
    reasons.push(`changes ${path}`);
  }
  if (when.changedLinesOver !== null && !tooMany) {
    const lines = filesOf(facts).reduce((sum, file) => sum + file.additions + file.deletions, 0);
    if (lines <= when.changedLinesOver) return null;
    reasons.push(`changes ${lines} lines`);
  }
  const below = whyBelow(when.levelBelow, situation);
  if (below === null) return null;
  return [...reasons, ...below].join(", ") || "applies to every change";
}

/** Why no rule applies to a change of nothing but exempt files; null when some file is not exempt or none changed. */
export function exemption(policy: Policy, facts: Facts): string | null {
  const names = filesOf(facts).flatMap(namesOf);
  if (names.length === 0) return null;
  const found = policy.exempt.find(({ onlyPaths }) =>
    names.every((name) => onlyPaths.some((pattern) => matchesPath(pattern, name))),
  );
  return found === undefined ? null : `all changed files are exempt (${found.onlyPaths.join(", ")})`;
}

function whyBelow(levelBelow: string | null, { facts, roster, level }: Situation): string[] | null {
  if (levelBelow === null) return [];
  if (roster === null || level === null) return ["the level of its contributors is not known"];
  // A level the roster does not have cannot be compared; the rule then applies rather than quietly never.
  if (rank(roster, levelBelow) === -1) return [`${levelBelow} is no level of the roster`];
  if (rank(roster, level) >= rank(roster, levelBelow)) return null;
  const bot = openedByBot(facts);
  return [bot ? `opened by a bot account, which counts as ${level}` : `its lowest contributor is ${level}`];
}

/** A renamed file counts under both names. */
function namesOf(file: ChangedFile): string[] {
  return file.previousPath === null ? [file.path] : [file.path, file.previousPath];
}

function filesOf(facts: Facts): readonly ChangedFile[] {
  return facts.files.kind === "read" ? facts.files.value : [];
}

function labelsOf(facts: Facts): readonly string[] {
  return facts.labels.kind === "read" ? facts.labels.value : [];
}
