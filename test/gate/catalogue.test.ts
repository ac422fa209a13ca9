import { describe, expect, test } from "vitest";
import { z } from "zod";
import written from "../../src/gate/catalogue.json" with { type: "json" };
import { toolSlugs } from "../../src/gate/catalogue.ts";
import { detectCommit, detectPull } from "../../src/gate/detect.ts";
import type { GitIdentity } from "../../src/gate/accounts.ts";

const pattern = z
  .string()
  .min(1)
  .refine((text) => new RegExp(text, "iu"), "does not compile");
const common = {
  role: z.enum(["wrote", "assisted", "suggestion", "session", "trigger", "review-only", "none"]),
  confidence: z.enum(["official", "observed", "convention", "reported"]),
  source: z.string().min(4),
  note: z.string().min(4).optional(),
  example: z.string().min(1).optional(),
};
const text = { ...common, pattern, example: z.string().min(1) };
const signal = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("account"), login: pattern, ids: z.array(z.int().positive()), ...common }),
  z
    .strictObject({
      kind: z.literal("identity"),
      name: pattern.optional(),
      email: pattern.optional(),
      in: z
        .array(z.enum(["author", "committer", "co-author"]))
        .nonempty()
        .optional(),
      human: z.literal(true).optional(),
      ...common,
      example: z.string().min(1),
    })
    .refine(({ name, email }) => name !== undefined || email !== undefined, "needs a name or an e-mail")
    .refine(
      ({ email, human }) => email !== undefined || human === true,
      "a name alone is anybody's: say human",
    ),
  z
    .strictObject({
      kind: z.literal("trailer"),
      keys: z.array(z.string().regex(/^[A-Za-z-]+$/)).nonempty(),
      pattern: pattern.optional(),
      name: pattern.optional(),
      email: pattern.optional(),
      ...common,
      example: z.string().regex(/^[A-Za-z-]+: ./),
    })
    .refine(
      (entry) => (entry.pattern === undefined) !== (entry.name === undefined),
      "needs a pattern or a name",
    ),
  z.strictObject({ kind: z.literal("branch"), ...text }),
  z.strictObject({ kind: z.literal("label"), ...text }),
  z.strictObject({
    kind: z.literal("body"),
    ...text,
    scope: z.array(z.enum(["commit-subject", "commit-body", "pr-body"])).nonempty(),
  }),
]);
const tool = z.strictObject({
  tool: z.string().min(1),
  slug: z.string().regex(/^[a-z0-9-]+$/),
  vendor: z.string().min(1),
  words: pattern.optional(),
  note: z.string().optional(),
  signals: z.array(signal).nonempty(),
});
type Signal = z.infer<typeof signal>;

const tools = z.array(tool).parse(written);
const signals = tools.flatMap(({ slug, signals }) => signals.map((entry) => ({ slug, entry })));
const person: GitIdentity = { name: "Ada Lovelace", email: "ada@example.com", account: null };
const counting = new Set(["wrote", "assisted", "suggestion", "session"]);

/** The evidence the signal's own example leads to, at the first place the signal is for. */
function detectExample(entry: Signal, example: string) {
  const commit = { sha: "0a1b2c3", message: "Change", author: person, committer: person };
  if (entry.kind === "account")
    return detectCommit({ ...commit, author: { name: "somebody", email: example, account: null } });
  if (entry.kind === "trailer") return detectCommit({ ...commit, message: `Change\n\n${example}\n` });
  if (entry.kind === "identity") return detectIdentity(entry, example);
  if (entry.kind === "body" && entry.scope.includes("commit-body"))
    return detectCommit({ ...commit, message: `Change\n\n${example}\n` });
  if (entry.kind === "body" && entry.scope.includes("commit-subject"))
    return detectCommit({ ...commit, message: example });
  const facts = { author: null, headRef: "main", body: "", observations: [] };
  const nothing = { kind: "absent" } as const;
  const pull = { ...facts, labels: nothing, timeline: nothing, commits: nothing };
  if (entry.kind === "body") return detectPull({ ...pull, body: `Text\n\n${example}\n` }, []);
  if (entry.kind === "branch") return detectPull({ ...pull, headRef: example }, []);
  return detectPull({ ...pull, labels: { kind: "read", value: [example] } }, []);
}

function detectIdentity(entry: Extract<Signal, { kind: "identity" }>, example: string) {
  const [, name = "", email = ""] = /^(.*) <(.*)>$/.exec(example) ?? [];
  const place = entry.in?.[0] ?? "author";
  const commit = { sha: "0a1b2c3", message: "Change", author: person, committer: person };
  if (place === "co-author")
    return detectCommit({ ...commit, message: `Change\n\nCo-authored-by: ${example}\n` });
  return detectCommit({ ...commit, [place]: { name, email, account: null } });
}

describe("the catalogue", () => {
  test("gives each tool one slug", () => {
    expect(new Set(tools.map(({ slug }) => slug)).size).toBe(tools.length);
  });

  test("gives every tool but automation a slug that evidence can name", () => {
    expect(toolSlugs).toEqual(tools.map(({ slug }) => slug).filter((slug) => slug !== "automation"));
  });

  test("names public sources only, and nobody's private address", () => {
    const sources = signals.map(({ entry }) => entry.source);
    expect(
      sources.filter((source) => /a public file|ai-signals|\/work|\/tmp|shared\//i.test(source)),
    ).toEqual([]);
    const domains = /@(gmail|outlook|hotmail|qq|proton)\b/i;
    expect(signals.filter(({ entry }) => domains.test(JSON.stringify(entry)))).toEqual([]);
  });

  for (const { slug, entry } of signals) {
    const { example } = entry;
    if (example === undefined) continue;
    test(`${slug}: ${entry.kind} ${entry.role}: ${example}`, () => {
      const found = detectExample(entry, example);
      const expected = counting.has(entry.role)
        ? [{ role: entry.role, confidence: entry.confidence, remembered: false }]
        : [];
      expect(found.map(({ role, confidence, remembered }) => ({ role, confidence, remembered }))).toEqual(
        expected,
      );
      if (counting.has(entry.role) && slug !== "any")
        expect(found.map((evidence) => evidence.tool)).toEqual([slug]);
    });
  }
});
