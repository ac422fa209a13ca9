/** All conditions must hold; null means the condition was left out and always holds. */
export type RuleCondition = {
  readonly levelBelow: string | null;
  readonly paths: readonly string[] | null;
  readonly changedLinesOver: number | null;
  readonly labels: readonly string[] | null;
  readonly tools: readonly string[] | null;
  readonly base: readonly string[] | null;
  readonly provenance: "ai" | "any";
};

export type Rule = {
  readonly name: string;
  readonly when: RuleCondition;
  readonly require: { readonly approvals: number; readonly level: string };
};

/** One policy file, all defaults filled in. Policies never merge: each is judged by itself and the strictest result holds. */
export type Policy = {
  /** Where it was read, for people: `acme/.github › .github/countersign/policy.yml`, or `built-in defaults`. */
  readonly origin: string;
  readonly mode: "enforce" | "observe";
  /** Gated base branches in GitHub's ruleset syntax: `~DEFAULT_BRANCH`, `~ALL`, `main`, `release/*`. */
  readonly branches: readonly string[];
  readonly ai: {
    /** Labels that declare AI assistance. */
    readonly labels: readonly string[];
    /** What a change without evidence is taken for. */
    readonly undeclared: "human" | "ai";
    /** The texts of two task-list lines in the body of a pull request, one of which its author ticks. */
    readonly attestation: { readonly human: string; readonly ai: string } | null;
    /** Whether git-ai's notes are read. */
    readonly notes: boolean;
    /** Signs of the organisation's own tools, besides the catalogue. */
    readonly markers: readonly Marker[];
  };
  readonly rules: readonly Rule[];
  /** Each: at least one file changed, and nothing but files matching these patterns; then no rule applies. */
  readonly exempt: readonly { readonly onlyPaths: readonly string[] }[];
  /** The level from which somebody may override; null: nobody may. */
  readonly override: { readonly level: string } | null;
  readonly deployments: {
    /** Patterns of environment names, which GitHub compares without regard to case; `*` stands for any text. */
    readonly environments: readonly string[];
    /** What holds where there is no approved deployment to count from: every commit counts, or those from before the ledger are trusted. */
    readonly first: "require" | "trust";
    readonly onUncleared: "wait" | "reject";
  };
};

/** A trailer (any value where `value` is null; `*` stands for any text, case does not matter), or an account's login. */
export type Marker =
  | {
      readonly tool: string;
      readonly kind: "trailer";
      readonly trailer: string;
      readonly value: string | null;
    }
  | { readonly tool: string; readonly kind: "login"; readonly login: string };

/** What holds where an organisation has a roster but no policy file, and for every key a file leaves out. */
export const defaultPolicy: Policy = {
  origin: "built-in defaults",
  mode: "enforce",
  branches: ["~DEFAULT_BRANCH"],
  ai: {
    labels: ["ai-assisted", "ai-generated"],
    undeclared: "human",
    attestation: null,
    notes: false,
    markers: [],
  },
  rules: [
    {
      name: "Senior sign-off",
      when: {
        levelBelow: "senior",
        paths: null,
        changedLinesOver: null,
        labels: null,
        tools: null,
        base: null,
        provenance: "ai",
      },
      require: { approvals: 1, level: "senior" },
    },
  ],
  exempt: [],
  override: null,
  deployments: { environments: ["*"], first: "require", onUncleared: "wait" },
};
