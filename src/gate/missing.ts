import type { Read } from "./accounts.ts";
import { messageBytesMax } from "./detect.ts";
import type { Facts, OldHead } from "./facts.ts";
import type { Policy } from "./policy.ts";
import type { Problem } from "./verdict.ts";

/**
 * What a policy would need to know and nobody could tell: then it cannot be decided. Files past their limit are not among it:
 * every path and size rule counts as matched then, and no exemption holds.
 */
export function missingFacts(facts: Facts, policy: Policy): Problem[] {
  return [
    ...missing("commits", facts.commits),
    ...missing("labels", facts.labels),
    ...missing("reviews", facts.reviews),
    ...missing("timeline", facts.timeline),
    ...(needsFiles(policy) && !filesPastLimit(facts) ? missing("changed files", facts.files) : []),
    ...(policy.ai.notes ? missing("git-ai notes", facts.notes) : []),
    ...facts.oldHeads.flatMap(missingOldHead),
    ...tooLongMessages(facts),
  ];
}

/** Whether a policy looks at the changed files. */
export function needsFiles({ exempt, rules }: Policy): boolean {
  return exempt.length > 0 || rules.some(({ when }) => when.paths !== null || when.changedLinesOver !== null);
}

/** What to do about something that GitHub may well answer next time. */
const tryAgain = "Nothing to do: Countersign tries again. To try at once, comment /countersign recheck.";

/** Whether the pull request changes more files than GitHub lists. */
export function filesPastLimit(facts: Facts): boolean {
  return facts.files.kind === "unreadable" && facts.files.pastLimit === true;
}

function missing(name: string, read: Read<unknown>): Problem[] {
  if (read.kind === "read") return [];
  const why = read.kind === "unreadable" ? read.why : "GitHub sent none";
  const split = "Split the pull request into smaller ones.";
  const repair = read.kind === "unreadable" && read.pastLimit === true ? split : tryAgain;
  return [{ what: `The ${name} could not be read completely: ${why}.`, repair }];
}

/** One that GitHub does not have any more holds nothing up: nobody can ever read it. */
function missingOldHead({ sha, commits }: OldHead): Problem[] {
  if (commits.kind !== "unreadable") return [];
  const name = `The commits of ${sha.slice(0, 7)}, which was the head of this pull request before,`;
  const repair = commits.pastLimit === true ? "Open a new pull request for the branch." : tryAgain;
  return [{ what: `${name} could not be read: ${commits.why}.`, repair }];
}

function tooLongMessages(facts: Facts): Problem[] {
  const commits = facts.commits.kind === "read" ? facts.commits.value : [];
  return commits.filter(isTooLong).map(({ sha }) => ({
    what: `The message of commit ${sha.slice(0, 7)} is longer than ${messageBytesMax} bytes.`,
    repair: "Shorten the message and push again.",
  }));
}

function isTooLong({ message }: { readonly message: string }): boolean {
  // A UTF-16 unit takes at most three bytes, so hardly any message has to be counted.
  return message.length > messageBytesMax / 3 && new TextEncoder().encode(message).length > messageBytesMax;
}
