import type { Read } from "./accounts.ts";
import type { Unproven } from "./landing.ts";
import { prose } from "./markdown.ts";
import { matchesText } from "./patterns.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import { readable } from "./verdict.ts";

/** A commit as the ledger has it. */
export type LedgerCommit = {
  readonly sha: string;
  /** The pull request it came through; null for a direct push. */
  readonly number: number | null;
  /** `history`: it was there before the ledger began, which says nothing of how it came. */
  readonly how: string;
  readonly cleared: boolean;
  readonly assisted: boolean;
  /** Logins of those who countersigned. */
  readonly by: readonly string[];
  /** Why it is not proven to be what was approved, and what to accept. */
  readonly unproven?: Unproven | null;
};

/** `landed` is null for a commit that the ledger does not know. */
export type RangeCommit = { readonly sha: string; readonly landed: LedgerCommit | null };

/** What a deployment would bring to its environment. */
export type DeploymentRange =
  /** The gate approved this SHA for this environment before. */
  | { readonly kind: "approved-before" }
  /** The commits that the SHA approved last does not have, the newest last. */
  | { readonly kind: "since"; readonly base: string; readonly commits: readonly RangeCommit[] }
  /**
   * There is nothing to count from: no approval yet, or the SHA approved last is not in this history any more. The whole history,
   * or its newest part where `complete` is false.
   */
  | {
      readonly kind: "whole";
      readonly base: string | null;
      readonly commits: readonly RangeCommit[];
      readonly complete: boolean;
    }
  | { readonly kind: "too-long"; readonly base: string; readonly commits: number; readonly max: number }
  | { readonly kind: "unknown-sha" };

/** Everything the gate may know about a deployment that waits for it. */
export type DeploymentFacts = {
  readonly environment: string;
  readonly sha: string;
  /** Whose workflow run it is, `owner/name`; null: that repository was deleted. */
  readonly runOf: string | null;
  /** The repository that is deployed, `owner/name`. */
  readonly repository: string;
  readonly policies: readonly Read<Policy>[];
  readonly range: DeploymentRange;
  /** The pull request that the commit is only a part of; null where that landed as it, and for what came through none. */
  readonly partOf: number | null;
  /** Logins who could countersign afterwards: of a pull request, and of what came through none. */
  readonly able: {
    readonly byPull: ReadonlyMap<number, readonly string[]>;
    readonly others: readonly string[];
  };
  /** How long it has been asked for, ms. */
  readonly waitedMs: number;
};

export type DeploymentDecision =
  /** `observed`: every policy only observes; without that it would wait. */
  | { readonly kind: "approved" | "observed" | "rejected"; readonly comment: string }
  /** `soon`: the ledger may only be behind. `comment` is null where it is too early to say anything. */
  | { readonly kind: "waiting"; readonly comment: string | null; readonly soon: boolean };

/** How long a commit may be missing in the ledger before that means something: a push and its deployment are told at once. */
const ledgerQuietMs = 60_000;
/** How long it is looked for again and again, and a policy that rejects does not reject for it. */
const ledgerBehindMs = 10 * 60_000;

/**
 * GitHub fails a job that waited for 30 days. A day earlier there is still time to say why.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments#required-reviewers
 */
const timeOutMs = 29 * 24 * 60 * 60_000;

/** GitHub's limit for the comment of a status report. https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules */
export const deploymentCommentMax = 1024;

/** Logins named for one pull request. */
const namesMax = 6;

/**
 * Whether a deployment may start: when every commit that it would bring to the environment is cleared in the ledger. Whatever
 * cannot be known holds it up. The comment is Markdown of at most `deploymentCommentMax` characters.
 */
export function decideDeployment(facts: DeploymentFacts): DeploymentDecision {
  const settings = deploymentSettings(facts.policies, facts.environment);
  const foreign = problemOfRun(facts);
  if (foreign === null && facts.range.kind === "approved-before") {
    return { kind: "approved", comment: `${short(facts.sha)} was approved for this environment before.` };
  }
  const obstacles = obstaclesOf(facts, settings);
  const problems = foreign === null ? obstacles.problems : [foreign];
  const { uncleared, unknown } = obstacles;
  if (problems.length + uncleared.length + unknown.length === 0) {
    return { kind: "approved", comment: approvalOf(facts) };
  }
  const says = (title: string) => commentOf(title, facts, { problems, uncleared, unknown });
  if (foreign === null && settings.observing) {
    return { kind: "observed", comment: says("Observing only, so it goes on; it would wait:") };
  }
  const { waitedMs } = facts;
  if (waitedMs >= timeOutMs) {
    return { kind: "rejected", comment: says("Rejected, because GitHub's time limit of 30 days ends:") };
  }
  const behind = problems.length + uncleared.length === 0 && waitedMs < ledgerBehindMs;
  if (settings.onUncleared === "reject" && !behind) {
    return { kind: "rejected", comment: says("Rejected, as the policy says:") };
  }
  const early = behind && waitedMs < ledgerQuietMs;
  return { kind: "waiting", comment: early ? null : says("Waiting."), soon: behind };
}

type Settings = Omit<Policy["deployments"], "environments"> & { readonly observing: boolean };

/**
 * The strictest that the policies in force say about an environment. A policy that does not name it has the defaults, so that
 * `first: trust` holds only where every policy says so. What cannot be read is taken for the defaults.
 */
export function deploymentSettings(policies: readonly Read<Policy>[], environment: string): Settings {
  const read = readable(policies);
  const said = (policies.length === 0 ? [defaultPolicy] : read).map(({ deployments }) =>
    deployments.environments.some((pattern) => matchesText(pattern, environment))
      ? deployments
      : defaultPolicy.deployments,
  );
  const complete = read.length === policies.length;
  return {
    first: complete && said.every(({ first }) => first === "trust") ? "trust" : "require",
    onUncleared: said.some(({ onUncleared }) => onUncleared === "reject") ? "reject" : "wait",
    observing: complete && read.length > 0 && read.every(({ mode }) => mode === "observe"),
  };
}

type Obstacles = {
  readonly problems: readonly string[];
  /** Commits that the ledger knows as not cleared. */
  readonly uncleared: readonly LedgerCommit[];
  /** SHAs that the ledger does not know. */
  readonly unknown: readonly string[];
};

function problemOfRun({ runOf, repository, range, sha }: DeploymentFacts): string | null {
  if (runOf?.toLowerCase() !== repository.toLowerCase()) {
    const whose = runOf === null ? "a repository that was deleted" : prose(runOf);
    return `The workflow run is of ${whose}, not of this repository. Merge the change here and deploy that.`;
  }
  if (range.kind === "unknown-sha")
    return `GitHub does not know the commit ${short(sha)} in this repository. Deploy one that was merged.`;
  return null;
}

function obstaclesOf(facts: DeploymentFacts, { first }: Settings): Obstacles {
  const { range, policies, sha } = facts;
  const problems = [
    ...policies.flatMap((policy) =>
      policy.kind === "unreadable"
        ? [`The policy cannot be read: ${prose(policy.why, 300)} Repair it on the default branch.`]
        : [],
    ),
    ...partialState(facts),
  ];
  switch (range.kind) {
    case "approved-before":
    case "unknown-sha":
      return { problems, uncleared: [], unknown: [] };
    case "too-long": {
      const what = `${range.commits} commits since ${short(range.base)} are more than the ${range.max} that are looked up.`;
      return {
        problems: [...problems, `${what} Deploy a commit in between first.`],
        uncleared: [],
        unknown: [],
      };
    }
    case "since":
      return { problems, ...notCleared(range.commits) };
    case "whole": {
      const { uncleared, unknown } = notCleared(range.commits);
      // History that is trusted need not be cleared, but what is deployed must have reached a gated branch.
      if (first === "trust") {
        const since = uncleared.filter(({ how }) => how !== "history");
        return { problems, uncleared: since, unknown: unknown.filter((one) => one === sha) };
      }
      const why = `${reasonOf(range)}, so the whole history counts`;
      const many = range.complete
        ? ""
        : `, and it is longer than the ${range.commits.length} commits that are looked up`;
      const trust =
        "If it is in order, let a policy say `first: trust` for this environment in every policy in force.";
      return uncleared.length + unknown.length === 0 && range.complete
        ? { problems, uncleared, unknown }
        : { problems: [...problems, `${why}${many}. ${trust}`], uncleared, unknown };
    }
  }
}

function partialState({ sha, partOf }: DeploymentFacts): string[] {
  if (partOf === null) return [];
  const why = `${short(sha)} is only a part of #${partOf}, and nobody approved what it is without the rest.`;
  return [`${why} Deploy the commit that #${partOf} landed as, or a later one.`];
}

function reasonOf({ base }: { readonly base: string | null }): string {
  return base === null
    ? "This gate has approved nothing for this environment yet"
    : `${short(base)}, approved last, is not in this history any more`;
}

function notCleared(commits: readonly RangeCommit[]): Omit<Obstacles, "problems"> {
  return {
    uncleared: commits.flatMap(({ landed }) => (landed === null || landed.cleared ? [] : [landed])),
    unknown: commits.flatMap(({ sha, landed }) => (landed === null ? [sha] : [])),
  };
}

function approvalOf({ range }: DeploymentFacts): string {
  if (range.kind !== "since" && range.kind !== "whole") return "";
  const landed = range.commits.flatMap(({ landed: one }) => (one?.cleared === true ? [one] : []));
  const since = range.kind === "since" ? ` since ${short(range.base)}` : "";
  const counted =
    landed.length === 1
      ? `The one commit${since} is cleared.`
      : `All ${landed.length} commits${since} are cleared.`;
  const trusted = range.kind === "whole" && !(range.complete && landed.length === range.commits.length);
  const head = trusted
    ? "What was there before the ledger began is trusted, as the policy says; everything since is cleared."
    : counted;
  const assisted = landed.filter((commit) => commit.assisted);
  const lines = grouped(assisted).map(({ number, commits }) => {
    const by = [...new Set(commits.flatMap((commit) => commit.by))];
    const who = by.length === 0 ? "nobody had to countersign" : `countersigned by ${names(by, "and")}`;
    return `- ${titleOf(number, commits)}: ${who}`;
  });
  const none = trusted ? "None of that is AI-assisted." : "None of it is AI-assisted.";
  return fitting(`${head} ${lines.length === 0 ? none : "AI-assisted:"}`, lines, "");
}

function commentOf(title: string, { able: people, range }: DeploymentFacts, obstacles: Obstacles): string {
  const { problems, uncleared, unknown } = obstacles;
  const lines = grouped(uncleared).map(({ number, commits }) => {
    const who = number === null ? people.others : (people.byPull.get(number) ?? people.others);
    const able = who.length === 0 ? "nobody on the roster can" : `${names(who, "or")} can`;
    const unproven = commits.findLast((commit) => commit.unproven)?.unproven;
    if (!unproven) return `- ${titleOf(number, commits)} needs a senior: ${able}`;
    const why = `${prose(unproven.why, 200)}; ${able}, there with \`/countersign accept ${unproven.sha}\``;
    return `- ${titleOf(number, commits)} needs a senior once more, because ${why}`;
  });
  const missing =
    unknown.length === 0
      ? []
      : [
          `- ${shasOf(unknown)}: not in the ledger, so no gated branch is known to have had ${unknown.length === 1 ? "it" : "them"}`,
        ];
  const repair =
    uncleared.length === 0
      ? ""
      : "Approve the merged pull request, or comment `/countersign accept` with the full SHA there; then this goes on by itself.";
  const since =
    range.kind === "since" && problems.length === 0 ? [`Since ${short(range.base)}, not cleared:`] : [];
  return fitting([title, ...problems, ...since].join(" "), [...lines, ...missing], repair);
}

/** Commits of one pull request together; those of none one by one. */
function grouped(
  commits: readonly LedgerCommit[],
): { readonly number: number | null; readonly commits: readonly LedgerCommit[] }[] {
  const groups = new Map<string, LedgerCommit[]>();
  for (const commit of commits) {
    const key = commit.number === null ? commit.sha : String(commit.number);
    groups.set(key, [...(groups.get(key) ?? []), commit]);
  }
  return [...groups.values()].map((group) => ({ number: group[0]?.number ?? null, commits: group }));
}

function titleOf(number: number | null, commits: readonly LedgerCommit[]): string {
  return number === null ? `${shasOf(commits.map(({ sha }) => sha))} (pushed directly)` : `#${number}`;
}

function shasOf(shas: readonly string[]): string {
  const shown = shas.slice(0, 3).map(short).join(", ");
  return shas.length > 3 ? `${shown} and ${shas.length - 3} more` : shown;
}

function names(logins: readonly string[], word: "and" | "or"): string {
  const shown = logins.slice(0, namesMax).map((login) => prose(login));
  if (logins.length > namesMax) return `${shown.join(", ")} ${word} ${logins.length - namesMax} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} ${word} ${shown.at(-1)}`;
}

/** GitHub makes a link of a SHA in full only; seven digits are what people know. */
function short(sha: string): string {
  return `\`${sha.slice(0, 7)}\``;
}

/** As many lines as GitHub takes. */
function fitting(head: string, lines: readonly string[], foot: string): string {
  for (let count = lines.length; count >= 0; count -= 1) {
    const more = count < lines.length ? [`- and ${lines.length - count} more`] : [];
    const text = [head, ...lines.slice(0, count), ...more, ...(foot === "" ? [] : ["", foot])].join("\n");
    if (text.length <= deploymentCommentMax) return text;
  }
  // A cut between the halves of a character would leave half of one.
  return head.slice(0, deploymentCommentMax).replace(/[\uD800-\uDBFF]$/u, "");
}
