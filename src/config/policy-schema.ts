/** The shape of `policy.yml`, each key described once: for whoever parses it and for the JSON Schema that editors read. */
import { z } from "zod";
import { branchPatternProblem, pathPatternProblem } from "../gate/patterns.ts";
import { mapping } from "./describe-issue.ts";
import { levelSchema } from "./roster-file.ts";

/** Every commit is held against each of them. */
const markersMax = 100;

/** A policy as it is written. `levels` are the roster's, lowest first; null: they are not known, any level will do. */
export function policySchema(levels: readonly string[] | null) {
  const level = levelSchema(levels);
  return mapping({
    mode: z
      .enum(["enforce", "observe"])
      .optional()
      .describe(
        "enforce: the check run blocks; observe: it judges and shows, and never blocks. Default: enforce.",
      ),
    branches: patterns(branchPatternProblem)
      .optional()
      .describe(
        "The gated base branches: ~DEFAULT_BRANCH, ~ALL, or patterns such as release/*. Default: [~DEFAULT_BRANCH].",
      ),
    ai: ai.optional().describe("What tells that a change is AI-assisted, besides the built-in catalogue."),
    rules: z
      .array(ruleSchema(level))
      .optional()
      .describe(
        "Every rule that matches applies. Default: one senior approves AI-assisted changes by anybody below senior.",
      ),
    exempt: z
      .array(
        mapping({
          only_paths: patterns(pathPatternProblem)
            .min(1)
            .describe(
              "The change has at least one file, and each of its files matches one of these patterns.",
            ),
        }),
      )
      .optional()
      .describe("Changes to which no rule applies. Default: none."),
    override: mapping({
      level: level.describe("Who has this level or a higher one may override."),
    })
      .optional()
      .describe('Who may write "/countersign override <reason>" on a pull request. Default: nobody.'),
    deployments: deployments
      .optional()
      .describe("What holds for deployments to environments that this app's protection rule guards."),
  }).meta({
    title: "Countersign policy",
    description: "What a change needs before it may land: .github/countersign/policy.yml",
  });
}

const text = z.string().min(1);

// GitHub allows environments 255 characters; in a pattern, * stands for any text.
const deployments = mapping({
  environments: z
    .array(text.max(255))
    .min(1)
    .optional()
    .describe(
      'The environments these settings are for, in any case, such as production or "prod-*"; others have the defaults. Default: ["*"].',
    ),
  first: z
    .enum(["require", "trust"])
    .optional()
    .describe(
      "Where nothing approved is left to count from. require: every commit of the history must be cleared; trust: those that were there before the ledger began are trusted. Default: require.",
    ),
  on_uncleared: z
    .enum(["wait", "reject"])
    .optional()
    .describe("What becomes of a deployment with commits that are not cleared. Default: wait."),
});
const labels = z.array(text);

/** Text that stands on one line; git and GitHub cut spaces around it off, so with them it would never be found. */
function line(charactersMax: number) {
  return z
    .string()
    .regex(/^\S(.*\S)?$/u, { error: "expected text on one line, without spaces around it" })
    .max(charactersMax);
}

const taskLine = line(200).refine((value) => !/^([-*+]|\d+[.)])?\s*\[[ x]?\]/i.test(value), {
  error: 'write the text of the line alone, without "- [ ]" before it',
});

const attestation = mapping({
  human: taskLine.describe("The line that is ticked when no AI assistance was used."),
  ai: taskLine.describe("The line that is ticked when AI assistance was used."),
}).refine(({ human, ai }) => compared(human) !== compared(ai), {
  path: ["ai"],
  error: 'the same text as under "human", case does not count; write two lines that can be told apart',
});

/** As the lines of a pull request are compared: without regard to case and to how many spaces stand between words. */
function compared(line: string): string {
  return line.replace(/\s+/gu, " ").toLowerCase();
}

// The longest app has 34 characters and "[bot]", the longest account 39 and an enterprise's short code.
const markerLogin = /^[A-Za-z\d][A-Za-z\d_-]{0,38}(\[bot\])?$/;

const marker = mapping({
  tool: z
    .string()
    .regex(/^[a-z\d][a-z\d.-]{0,49}$/, {
      error: "expected a short name of lower-case letters, digits, dots and hyphens, such as acme-coder",
    })
    .describe("The tool's name in verdicts and in the tools of a rule, such as acme-coder."),
  trailer: z
    .string()
    .regex(/^[A-Za-z\d-]{1,100}$/, {
      error:
        "expected the key of a trailer without its colon, letters, digits and hyphens, such as Written-With",
    })
    .optional()
    .describe("The key of a trailer in commit messages, in any case."),
  value: line(200)
    .optional()
    .describe("What that trailer says, in any case; * stands for any text. Left out: whatever it says."),
  login: z
    .string()
    .regex(markerLogin, {
      error: 'expected the login of one account, without "@" or "*", such as acme-coder[bot]',
    })
    .optional()
    .describe("The login of the account the tool works with, in any case."),
})
  .superRefine(markerProblems, {
    // Also beside other mistakes in the same marker; what is no mapping at all is one of those.
    when: ({ value }) => typeof value === "object" && value !== null && !Array.isArray(value),
  })
  .meta({
    // Not `dependentRequired`: many editors know no keyword younger than draft 7.
    anyOf: [
      { required: ["trailer"], properties: { login: false } },
      { required: ["login"], properties: { trailer: false, value: false } },
    ],
  });

type MarkerKeys = {
  readonly trailer?: string | undefined;
  readonly value?: string | undefined;
  readonly login?: string | undefined;
};

/** Looks only at which keys are there: what they hold may be wrong. */
function markerProblems(input: MarkerKeys, context: z.RefinementCtx): void {
  const { trailer, value, login } = input;
  const complain = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message, input });
  if (value !== undefined && trailer === undefined) {
    complain(
      ["value"],
      "this is what a trailer says, and there is none here; add its key as trailer, or remove it",
    );
  } else if (trailer === undefined && login === undefined) {
    complain([], "expected trailer or login beside tool, such as trailer: Written-With");
  }
  if (trailer !== undefined && login !== undefined) {
    complain(["login"], "expected either trailer or login; write a marker for each");
  }
}

const ai = mapping({
  labels: labels
    .optional()
    .describe("Labels that declare AI assistance, in any case. Default: [ai-assisted, ai-generated]."),
  undeclared: z
    .enum(["human", "ai"])
    .optional()
    .describe("What a change without evidence is taken for. Default: human."),
  attestation: attestation
    .optional()
    .describe(
      "Two task-list lines in the body of a pull request, of which its author ticks one. Default: none.",
    ),
  notes: z.boolean().optional().describe("Whether git-ai's notes (refs/notes/ai) are read. Default: false."),
  markers: z
    .array(marker)
    .max(markersMax)
    .optional()
    .describe("Signs of your own tools, besides the built-in catalogue. Default: none."),
});

function ruleSchema(level: ReturnType<typeof levelSchema>) {
  const when = mapping({
    level_below: level.optional().describe("The lowest level among the contributors is below this one."),
    paths: patterns(pathPatternProblem)
      .min(1)
      .optional()
      .describe("A changed file matches one of these patterns, such as infra/** or **/*.tf."),
    changed_lines_over: wholeNumber(0)
      .optional()
      .describe("Additions plus deletions of all files are more than this."),
    labels: labels.min(1).optional().describe("The pull request has one of these labels, in any case."),
    tools: z
      .array(text)
      .min(1)
      .optional()
      .describe("There is evidence of one of these tools: names of the catalogue or of ai.markers."),
    base: patterns(branchPatternProblem)
      .min(1)
      .optional()
      .describe("The base branch is one of these: ~DEFAULT_BRANCH, ~ALL, or patterns such as release/*."),
    provenance: z
      .enum(["ai", "any"])
      .optional()
      .describe("ai: the change is AI-assisted; any: whether it is or not. Default: ai."),
  });
  return mapping({
    name: text.max(100).describe("Shown in the check run."),
    when: when.default({}).describe("All of these conditions must hold. Left out: every AI-assisted change."),
    require: mapping({
      approvals: wholeNumber(1).describe("How many people must approve."),
      level: level.describe("The level each of them has, or a higher one."),
    }).describe("What the rule asks for."),
  });
}

function wholeNumber(least: number) {
  const error = `expected a whole number of at least ${least}`;
  return z.int({ error }).min(least, { error });
}

function patterns(problemOf: (pattern: string) => string | null) {
  const pattern = text.superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: "custom", message, input: value });
  });
  return z.array(pattern);
}
