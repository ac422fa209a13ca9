/** Scenario files: what differs from the valid world, in the words of the roster and policy files, and what must come out. */
import { stringify } from "yaml";
import { z } from "zod";
import {
  accountSchema,
  expectedSchema,
  file,
  minute,
  reviewsSchema,
  reviewState,
  sha,
} from "../../src/cli/scenario-file.ts";
import { parsePolicy } from "../../src/config/policy-file.ts";
import { parseRoster } from "../../src/config/roster-file.ts";
import { formatProblem } from "../../src/config/yaml-file.ts";
import type { Account, GitIdentity, Read } from "../../src/gate/accounts.ts";
import type { ClearedBefore, Commit, ConfigChange, Facts, Observation, Patch } from "../../src/gate/facts.ts";
import { defaultPolicy, type Policy } from "../../src/gate/policy.ts";
import type { Roster } from "../../src/gate/roster.ts";
import type { Config } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const known: readonly Account[] = [
  small.june,
  small.milo,
  small.sara,
  small.stan,
  small.paula,
  small.mallory,
  small.copilot,
  small.dependabot,
  small.webFlow,
];

const account = accountSchema((login) => {
  const found = known.find((each) => each.login === login);
  return found ?? { problem: `${login} is nobody here; write {login, id}` };
});
const someone = account.nullable();

const unreadable = z.strictObject({ unreadable: z.string(), pastLimit: z.literal(true).optional() });
function readable<T>(value: z.ZodType<T>): z.ZodType<Read<T>> {
  return z
    .union([unreadable, value.transform((read) => ({ read }))])
    .transform((given): Read<T> => ("read" in given ? { kind: "read", value: given.read } : broken(given)));
}
function broken({ unreadable: why, pastLimit }: z.infer<typeof unreadable>): Read<never> {
  return { kind: "unreadable", why, ...(pastLimit && { pastLimit }) };
}

/** An account with its own e-mail, or a name and an e-mail without account. */
const identity: z.ZodType<GitIdentity> = z.union([
  z.strictObject({ name: z.string(), email: z.string(), account: someone.default(null) }),
  account.transform(small.gitIdentity),
]);
const commit: z.ZodType<Commit> = z
  .strictObject({
    sha,
    message: z.string(),
    author: identity,
    coAuthors: z.array(identity),
    committer: identity,
    parents: z.array(sha),
    tree: sha,
    signedByGitHub: z.boolean(),
  })
  .partial()
  .transform((change) =>
    small.commit({ ...(change.message === undefined ? {} : { coAuthors: [] }), ...defined(change) }),
  );
const reviews = reviewsSchema(someone, small.headSha);
const about = { actor: someone, at: minute };
const timelineEvent = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["labeled", "unlabeled"]), label: z.string(), ...about }),
  z.strictObject({
    kind: z.literal("force-pushed"),
    before: sha.nullable(),
    after: sha.nullable(),
    ...about,
  }),
  z.strictObject({ kind: z.literal("base-changed"), from: z.string(), to: z.string(), ...about }),
  z.strictObject({ kind: z.literal("assigned"), account: someone, ...about }),
  z.strictObject({
    kind: z.literal("review-dismissed"),
    reviewId: z.string().nullable(),
    previousState: reviewState,
    ...about,
  }),
]);
const evidence = z
  .strictObject({
    tool: z.string(),
    kind: z.enum(["trailer", "author", "committer", "login", "label", "branch", "body"]),
    confidence: z.enum(["official", "observed", "convention", "reported"]),
    commit: sha,
    quote: z.string(),
    seenOn: z.int(),
  })
  .partial()
  .transform(({ commit, ...change }) =>
    small.evidence({
      ...defined(change),
      place: commit === undefined ? { kind: "pull-request" } : { kind: "commit", sha: commit },
    }),
  );
const observation: z.ZodType<Observation> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("review"), reviewId: z.string(), sha, base: z.string() }),
  z.strictObject({
    kind: z.literal("push"),
    actor: account,
    before: sha.nullable(),
    after: sha,
    at: minute,
  }),
  z.strictObject({
    kind: z.literal("label"),
    action: z.enum(["labeled", "unlabeled"]),
    label: z.string(),
    actor: someone,
    at: minute,
  }),
  z.strictObject({ kind: z.literal("evidence"), evidence }),
  z.strictObject({
    kind: z.literal("override"),
    comment: z.string().default("345"),
    by: account,
    reason: z.string().default("the shop is down"),
    sha: sha.nullable().default(small.headSha),
    at: minute.default("2026-11-20T11:00:00Z"),
  }),
  z.strictObject({
    kind: z.literal("command"),
    comment: z.string().default("346"),
    by: account,
    at: minute.default("2026-11-20T11:00:00Z"),
  }),
  z.strictObject({
    kind: z.literal("answer"),
    to: account,
    sha: sha.default(small.headSha),
    comments: z.array(z.string()).default(["1"]),
    said: z.boolean().default(true),
  }),
]);

/** What a head changes against a base: any word, the same for the same patch. */
const patch = z
  .strictObject({ sha, base: z.string().default("main"), is: readable(z.string()) })
  .transform(({ is, ...revision }): Patch => ({ ...revision, fingerprint: is }));

const oldHead = z.strictObject({
  sha,
  commits: z.union([
    z.literal("absent").transform(() => ({ kind: "absent" }) as const),
    readable(z.array(commit)),
  ]),
});

/** A commit by its SHA or a pull request by its number, cleared by the built-in policy unless it says by which. */
const clearedBy = { policies: z.array(z.string()).default([defaultPolicy.origin]) };
const cleared: z.ZodType<ClearedBefore> = z.union([
  sha.transform((of) => ({ kind: "commit", sha: of, policies: [defaultPolicy.origin] }) as const),
  z.strictObject({ sha, ...clearedBy }).transform((given) => ({ kind: "commit", ...given }) as const),
  z
    .strictObject({ number: z.int(), ...clearedBy })
    .transform((given) => ({ kind: "pull", ...given }) as const),
]);

const note = z.strictObject({ sha, text: z.string() });

const writtenFile = z.record(z.string(), z.unknown());
/** A roster or policy as the pull request would make it, read by the parsers that read people's files. */
const configChange = z
  .strictObject({
    file: z.enum(["roster", "policy"]),
    to: z.union([z.literal("removed"), unreadable, writtenFile]),
  })
  .transform(({ file, to }): ConfigChange => {
    const name = `acme/.github › .github/countersign/${file}.yml`;
    return { file, name, proposal: proposalOf(file, name, to) };
  });

function proposalOf(
  file: ConfigChange["file"],
  name: string,
  to: "removed" | z.infer<typeof unreadable> | z.infer<typeof writtenFile>,
): ConfigChange["proposal"] {
  if (to === "removed") return { kind: "removed" };
  const why = unreadable.safeParse(to);
  if (why.success) return { kind: "unreadable", why: why.data.unreadable };
  const text = stringify(to);
  const parsed = file === "roster" ? parseRoster(text, name) : parsePolicy(text, name, null);
  if (parsed.kind === "broken")
    return { kind: "broken", problems: parsed.problems.map((problem) => formatProblem(name, problem)) };
  return "people" in parsed.value ? { kind: "roster", roster: parsed.value } : { kind: "policy" };
}

const pull = z
  .strictObject({
    number: z.int(),
    author: someone,
    assignees: z.array(account),
    base: z.string(),
    stackBase: z.string().nullable(),
    headRef: z.string(),
    title: z.string(),
    body: z.string(),
    bodyEdited: z.strictObject({ by: someone }),
    suggestedBy: z.array(account),
    pushAccess: z.array(z.strictObject({ account, canPush: readable(z.boolean()) })),
    landed: z.array(sha),
    cleared: z.array(cleared),
    oldHeads: z.array(oldHead),
    sameNamed: z.array(
      z.strictObject({ kind: z.enum(["check run", "commit status"]), by: z.string().nullable() }),
    ),
    patches: z.array(patch),
    notes: readable(z.array(note)),
    configChanges: z.array(configChange),
    requiredOnBase: readable(z.boolean()),
    commits: readable(z.array(commit)),
    files: readable(z.array(file)),
    labels: readable(z.array(z.string())),
    reviews: readable(reviews),
    timeline: readable(z.array(timelineEvent)),
    observations: z.array(observation),
    readAt: minute,
  })
  .partial();

const given = pull.extend({
  roster: z.union([z.literal("absent"), unreadable, writtenFile]).optional(),
  /** Members of the teams that the roster names. */
  teams: z.record(z.string(), readable(z.array(account))).default({}),
  policies: z.array(z.union([z.literal("defaults"), unreadable, writtenFile])).default([]),
  stale: z.strictObject({ since: z.string(), problem: z.string() }).optional(),
  /** Other open pull requests with the same head SHA: what differs from this one. */
  siblings: z.array(pull).default([]),
});

const expected = expectedSchema.extend({
  /** Here a review that did not count is never passed over. */
  refused: z.array(z.string()).default([]),
  /** Every contributor: `name: level, where from`. */
  people: z.array(z.string()).optional(),
  /** What is said to commands, to each person who wrote one: null is silence. */
  answers: z.record(z.string(), z.string().nullable()).optional(),
  shows: z.array(z.string()).default([]),
  hides: z.array(z.string()).default([]),
});

/** A scenario file. */
export const scenarioSchema = z.strictObject({ given, expect: expected });
export type Scenario = z.infer<typeof scenarioSchema>;

/** The facts of all pull requests of the scenario, before they are pooled. */
export function factsOf({ given }: Scenario): readonly Facts[] {
  const { roster: _r, teams: _t, policies: _p, stale: _s, siblings, ...change } = given;
  const first = small.pull(defined(change));
  return [first, ...siblings.map((sibling) => withUrl({ ...first, ...defined(sibling) }))];
}

/** The roster and policies of the scenario, read by the parsers that read people's files. */
export function configOf({ given }: Scenario): Config {
  const roster = rosterOf(given);
  const levels = roster.kind === "read" ? roster.value.levels : null;
  const policies = given.policies.map((written, at) => policyOf(written, at, levels));
  return { roster, policies, ...(given.stale !== undefined && { stale: given.stale }) };
}

type Given = Scenario["given"];

function rosterOf({ roster, teams }: Given): Read<Roster> {
  if (roster === undefined) return small.read(small.smallRoster);
  if (roster === "absent") return { kind: "absent" };
  const why = unreadable.safeParse(roster);
  if (why.success) return broken(why.data);
  const parsed = parseRoster(stringify(roster), small.smallRoster.origin);
  if (parsed.kind === "broken") throw new Error(`roster: ${JSON.stringify(parsed.problems)}`);
  const withMembers = parsed.value.teams.map((team) => ({
    ...team,
    members: teams[team.name] ?? team.members,
  }));
  return small.read({ ...parsed.value, teams: withMembers });
}

function policyOf(
  written: Given["policies"][number],
  at: number,
  levels: readonly string[] | null,
): Read<Policy> {
  if (written === "defaults") return small.read(defaultPolicy);
  const why = unreadable.safeParse(written);
  if (why.success) return broken(why.data);
  const origin = `acme/${at === 0 ? ".github" : "shop"} › .github/countersign/policy.yml`;
  const parsed = parsePolicy(stringify(written), origin, levels);
  if (parsed.kind === "broken") throw new Error(`policies[${at}]: ${JSON.stringify(parsed.problems)}`);
  return small.read(parsed.value);
}

function withUrl(facts: Facts): Facts {
  return { ...facts, url: `https://github.com/acme/shop/pull/${facts.number}` };
}

/** Without keys that were left out: a spread would otherwise put `undefined` in their place. */
function defined<T extends object>(change: T): { [K in keyof T]?: Exclude<T[K], undefined> };
function defined(change: object): object {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
