import type { Landing } from "./landing.ts";
import { code, plain, prose } from "./markdown.ts";
import { blocks } from "./strictest.ts";
import type { Need, Outcome } from "./verdict.ts";

/** What landed, for the people who have to repair it. */
type Arrival = {
  readonly branch: string;
  /** The last of the commits. */
  readonly sha: string;
  /** How many there are. */
  readonly commits: number;
  /** Who merged or pushed; null when nobody knows. */
  readonly by: string | null;
};

/** Whether something landed that needed a countersignature it lacked. What nobody enforces is none. */
export function isBypass({ verdict }: Landing): boolean {
  return blocks(verdict);
}

/** Evidence and rules named in an issue: enough to see what it is about. The check run and the audit log have all. */
const shownMax = 10;

/**
 * The issue about a bypass: its title, then a blank line and its body in Markdown. Nothing that people wrote can mention, link or
 * fake anything in it.
 */
export function describeBypass(landing: Landing, { branch, sha, commits, by }: Arrival): string {
  const { facts, verdict, unproven } = landing;
  const short = sha.slice(0, 7);
  const what = facts.merge === null ? `Push of ${short}` : `Merge of #${facts.number}`;
  const who = by === null ? "Somebody" : code(by);
  const how =
    facts.merge === null
      ? `${who} pushed ${commits === 1 ? "a commit" : `${commits} commits`} to ${code(branch)} that no pull request brought, ${facts.url}.`
      : `${who} merged #${facts.number} (${code(facts.title)}) into ${code(branch)} as ${facts.url.replace(/\/pull\/\d+$/u, "")}/commit/${sha}.`;
  const evidence = verdict.evidence
    .slice(0, shownMax)
    .map(({ tool, kind, quote }) => `- ${kind}, ${code(tool)}: ${code(quote)}`);
  return [
    plain(`${what} reached ${branch} without the countersignature it needed`),
    "",
    how,
    "",
    ...(unproven === null ? [] : [`No approval holds for it, because ${prose(unproven.why)}.`, ""]),
    `At that moment: ${lacked(verdict.outcome)}`,
    ...(evidence.length === 0 ? [] : ["", "Signs of AI assistance:", "", ...evidence]),
    "",
    "**To repair it**, one of these:",
    "",
    ...repairs(landing, sha),
    "",
    "Until then the ledger has it as not cleared. This issue is closed by Countersign when it is.",
  ].join("\n");
}

function repairs({ facts, verdict, unproven }: Landing, sha: string): string[] {
  const able = verdict.rules.flatMap(({ candidates }) => candidates);
  const names = [...new Set(able)].slice(0, shownMax).map((login) => code(login));
  const who = names.length === 0 ? "" : ` (${names.join(", ")})`;
  const accept = `comments \`/countersign accept ${sha}\` here, as the first line`;
  const review =
    facts.merge === null || unproven !== null ? accept : `approves #${facts.number}, or ${accept}`;
  return [
    `- Whoever could have countersigned it before${who} looks at it and ${review}.`,
    `- Revert it${facts.merge === null ? "" : ": the button is on the pull request"}.`,
  ];
}

function lacked(outcome: Outcome): string {
  switch (outcome.kind) {
    case "waiting":
      return outcome.needs.map(needed).join(" ");
    case "objected":
      return `changes were requested by ${outcome.by.map(({ login }) => code(login)).join(", ")}.`;
    case "undecidable":
      return `it could not be decided. ${outcome.problems.map(({ what }) => prose(what)).join(" ")}`;
    case "overridden":
    case "countersigned":
    case "not-needed":
      return "nothing was missing.";
  }
}

function needed({ rule, approvals, level }: Need): string {
  const count = approvals === 1 ? "1 approval" : `${approvals} approvals`;
  return `${count} by ${prose(level)} or above missing for the rule ${code(rule)}.`;
}
