/** What a match means: the first four count as AI assistance, the others never do. */
export type Role = "wrote" | "assisted" | "suggestion" | "session" | "trigger" | "review-only" | "none";

/** How sure the catalogue is of a signal. A `reported` one counts only beside another sign. */
export type Confidence = "official" | "observed" | "convention" | "reported";

export type EvidenceKind =
  | "trailer"
  | "author"
  | "committer"
  | "login"
  | "label"
  | "branch"
  | "body"
  | "note"
  | "undeclared";

/** Where a sign was seen. */
export type Place =
  | { readonly kind: "commit"; readonly sha: string }
  | {
      readonly kind: "label";
      readonly by: string | null;
      readonly at: string | null;
      readonly removedBy: string | null;
    }
  | { readonly kind: "pull-request" };

/** One observed sign of AI assistance. */
export type Evidence = {
  /** The tool's slug in the catalogue, e.g. `claude-code`; `any` for a label or policy that names no tool. */
  readonly tool: string;
  readonly kind: EvidenceKind;
  readonly role: Role;
  readonly confidence: Confidence;
  readonly place: Place;
  /** The text that matched, as it stands there. Only what displays it may shorten it. */
  readonly quote: string;
  /** Seen by an earlier look, no longer there now. */
  readonly remembered: boolean;
  /** Its commit is no longer in the branch. */
  readonly gone?: true;
  /** The earlier pull request it was seen on, where this one inherits it. */
  readonly seenOn?: number;
  /** That one was merged without what this one shares with it. */
  readonly left?: true;
};
