/** Scenario files: a pull request as its author writes it down, and what must come out. */
import { z } from "zod";
import { mapping, quote } from "../config/describe-issue.ts";
import { type Parsed, parseYamlFile } from "../config/yaml-file.ts";
import type { Account } from "../gate/accounts.ts";
import type { ChangedFile, Review } from "../gate/facts.ts";
import { render } from "../gate/render.ts";
import type { Verdict } from "../gate/verdict.ts";

/** The account behind a login, or why there is none, for the person who wrote the file. */
export type FindAccount = (login: string) => Account | { readonly problem: string };

/** A time in UTC. */
export const minute = z.iso.datetime({ error: "expected a time in UTC such as 2026-11-20T12:00:00Z" });

/** A SHA by its first digits. */
export const sha = z
  .string()
  .regex(/^[0-9a-f]{4,40}$/, { error: "expected 4 to 40 digits and letters a to f, in quotes" })
  .transform((short) => short.padEnd(40, "0"));

/** A path, or more about the file; one line added where nothing is said. */
export const file: z.ZodType<ChangedFile> = z.union(
  [
    z.string().transform((path) => ({ path, previousPath: null, additions: 1, deletions: 0 })),
    mapping({
      path: z.string(),
      previousPath: z.string().nullable().default(null),
      additions: z.int().default(1),
      deletions: z.int().default(0),
    }),
  ],
  { error: "expected a path, or keys with values such as path: src/a.ts" },
);

export const reviewState = z.enum(["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]);

/** A login, or an account with its numeric id. */
export function accountSchema(find: FindAccount): z.ZodType<Account> {
  const written = mapping({
    login: z.string(),
    id: z.int().nullable(),
    kind: z.enum(["User", "Bot", "Mannequin", "Organization"]).default("User"),
  });
  return z
    .union([z.string(), written], { error: "expected a login, or login and id" })
    .transform((given, context) => {
      if (typeof given !== "string") return given;
      const found = find(given);
      if (!("problem" in found)) return found;
      context.addIssue({ code: "custom", message: found.problem, input: given });
      return z.NEVER;
    });
}

/** Reviews in their order, numbered and dated one minute apart; each on `headSha` and by somebody who can push, unless it says otherwise. */
export function reviewsSchema(someone: z.ZodType<Account | null>, headSha: string) {
  const review = mapping({
    by: someone,
    state: reviewState.default("APPROVED"),
    at: minute.optional(),
    commit: sha.nullable().default(headSha),
    canPush: z.boolean().default(true),
  });
  return z.array(review).transform((list): Review[] =>
    list.map(({ by, at, commit, canPush, state }, index) => ({
      id: String(index + 1),
      author: by,
      canPush,
      state,
      submittedAt: at ?? new Date(Date.UTC(2026, 10, 20, 10, index)).toISOString().replace(".000", ""),
      commitSha: commit,
    })),
  );
}

/** What a scenario expects; a key that is left out may be anything. */
export const expectedSchema = mapping({
  outcome: z.enum([
    "not gated",
    "undecidable",
    "objected",
    "waiting",
    "overridden",
    "countersigned",
    "not-needed",
  ]),
  conclusion: z.enum(["success", "neutral", "failure", "action_required"]).optional(),
  title: z.string().optional(),
  /** How many approvals each rule that applied still needs. */
  missing: z.record(z.string(), z.int()).optional(),
  /** Every review that did not count: `login (what): reason`. */
  refused: z.array(z.string()).optional(),
});
export type Expected = z.infer<typeof expectedSchema>;

/** What came out, in the words of what was expected and of nothing else. @param verdict null where nothing is gated. */
export function saidOf(verdict: Verdict | null, expected: Expected): Expected {
  if (verdict === null) return { outcome: "not gated" };
  const { conclusion, title } = render(verdict);
  return {
    outcome: verdict.outcome.kind,
    ...(expected.conclusion !== undefined && { conclusion }),
    ...(expected.title !== undefined && { title }),
    ...(expected.missing !== undefined && {
      missing: Object.fromEntries(verdict.rules.map(({ name, missing }) => [name, missing])),
    }),
    ...(expected.refused !== undefined && {
      refused: verdict.refused.map(({ reviewer, state, reason }) => `${reviewer} (${state}): ${reason}`),
    }),
  };
}

/** The head SHA of every scenario. */
export const scenarioHead = "c0ffee1".padEnd(40, "0");

/** Reads a scenario of `countersign test`. Every problem has its place. */
export function parseScenario(text: string, find: FindAccount): Parsed<Scenario> {
  const schema = scenarioSchema(find);
  return parseYamlFile(text, () => schema);
}

export type Scenario = z.infer<ReturnType<typeof scenarioSchema>>;

function scenarioSchema(find: FindAccount) {
  const account = accountSchema(find);
  const identity = z.union([mapping({ name: z.string(), email: z.string() }), account], {
    error: "expected a login, or name and email",
  });
  const commit = mapping({
    message: z.string(),
    author: identity.optional(),
    committer: identity.optional(),
  });
  const given = mapping({
    author: account,
    base: z.string().default("main"),
    headRef: z.string().default("change"),
    body: z.string().default(""),
    labels: z.array(z.string()).default([]),
    assignees: z.array(account).default([]),
    commits: z
      .array(commit)
      .min(1)
      .default([{ message: "Change something" }]),
    files: z.array(file).default([]),
    reviews: reviewsSchema(account, scenarioHead).default([]),
    overrides: z.array(mapping({ by: account, reason: z.string().default("an emergency") })).default([]),
    /** Members of the teams that the roster names. */
    teams: z.record(z.string(), z.array(account)).default({}),
    readAt: minute.default("2026-11-20T12:00:00Z"),
  });
  return mapping({ given, expect: expectedSchema });
}

/** Why a text is no login. */
export function noLogin(text: string): { readonly problem: string } {
  return { problem: `${quote(text)} is not a GitHub login; write it as in ada, without "@"` };
}
