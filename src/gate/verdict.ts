import type { Account, Read } from "./accounts.ts";
import type { Evidence } from "./evidence.ts";
import type { Policy } from "./policy.ts";
import type { Roster } from "./roster.ts";

/** Roster and policies as the gate needs them. `stale`: a broken file's last good version is still used. */
export type Config = {
  readonly roster: Read<Roster>;
  readonly policies: readonly Read<Policy>[];
  readonly stale?: { readonly since: string; readonly problem: string };
};

/** Those of the policies that could be read. */
export function readable(policies: Config["policies"]): Policy[] {
  return policies.flatMap((policy) => (policy.kind === "read" ? [policy.value] : []));
}

/** Something that keeps the gate from deciding, and what to do about it. */
export type Problem = { readonly what: string; readonly repair: string };

/** `by`, where it is given: why an approval that was given on another commit stands, `same patch as abc1234`. */
export type Person = { readonly login: string; readonly level: string; readonly by?: string };

/** What a rule still waits for. `candidates` are logins who could countersign and are not away. */
export type Need = {
  readonly rule: string;
  readonly approvals: number;
  readonly level: string;
  readonly candidates: readonly string[];
};

export type Contributor = {
  /** The login, or `Name <e-mail>` of a commit author without an account. */
  readonly name: string;
  readonly account: Account | null;
  readonly level: string;
  /** Where the level comes from: `roster`, `team acme/staff`, `not listed`, `bot account`. */
  readonly source: string;
  /** What they did: `opened the pull request`, `author of abc1234`, `pushed abc1234`. */
  readonly parts: readonly string[];
};

export type RuleResult = {
  readonly policy: string;
  readonly name: string;
  /** Why the rule applies, in words. */
  readonly because: string;
  readonly require: { readonly approvals: number; readonly level: string };
  readonly countersignedBy: readonly Person[];
  readonly missing: number;
  readonly candidates: readonly string[];
};

export type RefusedReview = {
  readonly reviewer: string;
  readonly state: string;
  readonly reason: string;
  /** Of an override: the comment it was written in, and what its author can do instead, in plain words. */
  readonly command?: { readonly comment: string; readonly instead: string };
};

export type Outcome =
  | { readonly kind: "undecidable"; readonly problems: readonly Problem[] }
  | { readonly kind: "objected"; readonly by: readonly Person[] }
  | { readonly kind: "waiting"; readonly needs: readonly Need[] }
  | { readonly kind: "overridden"; readonly by: Person; readonly reason: string }
  | { readonly kind: "countersigned"; readonly by: readonly Person[] }
  | { readonly kind: "not-needed"; readonly why: string };

/** What the gate says about the facts, with every reason. Plain JSON: replayable, storable, printable. */
export type Verdict = {
  readonly outcome: Outcome;
  readonly mode: "enforce" | "observe";
  /** The pull request the outcome is about: with one head SHA in several, the one that decides. */
  readonly number: number;
  /** Its address on GitHub. */
  readonly url: string;
  /** The head SHA the facts were read at; the verdict holds for no other. */
  readonly headSha: string;
  /** Other open pull requests with this head SHA, whose verdicts were no stricter. */
  readonly siblings: readonly number[];
  readonly evidence: readonly Evidence[];
  readonly contributors: readonly Contributor[];
  readonly rules: readonly RuleResult[];
  readonly refused: readonly RefusedReview[];
  /** What the reader should know besides: a stale roster, a team that could not be read. */
  readonly notes: readonly string[];
};

/** A verdict about what could not be read: nothing is known but why. */
export function undecidable(about: Pick<Verdict, "number" | "headSha" | "mode">, problem: Problem): Verdict {
  return {
    ...about,
    outcome: { kind: "undecidable", problems: [problem] },
    url: "",
    siblings: [],
    evidence: [],
    contributors: [],
    rules: [],
    refused: [],
    notes: [],
  };
}

/** The `output` and conclusion of a check run, in GitHub's terms. */
export type CheckOutput = {
  readonly conclusion: "success" | "neutral" | "failure" | "action_required";
  /** At most 255 characters. */
  readonly title: string;
  /** Markdown, at most 65,535 characters. */
  readonly summary: string;
};

/** A remark on a line of a file, in GitHub's terms. Plain text; lines and columns count from 1. */
export type Annotation = {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly level: "failure" | "warning";
  readonly message: string;
};

/** A check run with remarks on files. */
export type AnnotatedOutput = CheckOutput & {
  /** At most 50. */
  readonly annotations: readonly Annotation[];
};
