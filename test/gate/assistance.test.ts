import { describe, expect, test } from "vitest";
import { assistanceIn, signsToRemember } from "../../src/gate/assistance.ts";
import type { Facts } from "../../src/gate/facts.ts";
import type { Marker, Policy } from "../../src/gate/policy.ts";
import * as small from "./world.ts";

const byHand = small.read([small.plainCommit()]);
const attestation = { human: "Written without AI assistance", ai: "AI assistance was used" };
const attesting = (change: Partial<Policy["ai"]> = {}) =>
  small.policy({ ai: { ...small.policy().ai, attestation, ...change } });
const untilDeclared = attesting({ undeclared: "ai" });

/** A sign that a policy's own words find in the pull request itself. */
const onPull = { role: "assisted", confidence: "official", place: { kind: "pull-request" } } as const;
const assumed = small.evidence({
  ...onPull,
  tool: "any",
  kind: "undeclared",
  quote: `${untilDeclared.origin}: what declares nothing is taken for AI-assisted`,
});

function found(change: Partial<Facts>, policy: Policy): readonly string[] {
  return assistanceIn(small.pull({ commits: byHand, ...change }), policy).map(({ kind }) => kind);
}

describe("a change that declares nothing", () => {
  test("is assumed to be AI-assisted where the policy says so", () => {
    expect(assistanceIn(small.pull({ commits: byHand }), untilDeclared)).toEqual([assumed]);
  });

  test("is assumed to be nothing more than what was found", () => {
    expect(found({ commits: small.read([small.commit()]) }, untilDeclared)).toEqual(["trailer"]);
  });
});

test("a pull request counts what it inherits from another though the same words were cleared with an earlier one", () => {
  const policy = small.policy();
  const words = { ...onPull, kind: "body", quote: "Generated with a tool" } as const;
  const on = (seenOn: number) =>
    ({ kind: "evidence", evidence: small.evidence({ ...words, seenOn }) }) as const;
  const facts = {
    observations: [on(3), on(5)],
    cleared: [{ kind: "pull", number: 3, policies: [policy.origin] } as const],
  };
  expect(found({ ...facts, observations: [on(3)] }, policy)).toEqual([]);
  expect(found(facts, policy)).toEqual(["body"]);
});

describe("an attestation that no AI was used", () => {
  const ticked = { body: `Adds a parser.\n\n- [x] ${attestation.human}\n` };

  test.each<[string, Partial<Facts>]>([
    ["anywhere in the body", {}],
    ["in a body last edited by its author", { bodyEdited: { by: small.june } }],
  ])("holds %s", (_, change) => {
    expect(found({ ...ticked, ...change }, untilDeclared)).toEqual([]);
  });

  test.each<[string, Partial<Facts>]>([
    ["whose author was deleted, after an edit", { author: null, bodyEdited: { by: small.june } }],
    ["that nobody knows who edited", { bodyEdited: { by: null } }],
    ["that somebody else edited", { bodyEdited: { by: small.sara } }],
  ])("does not hold in a pull request %s", (_, change) => {
    expect(found({ ...ticked, ...change }, untilDeclared)).toEqual(["undeclared"]);
  });
});

describe("a dependency bot's pull request", () => {
  const bot = { author: small.dependabot };
  const by = (author: ReturnType<typeof small.gitIdentity>) => small.plainCommit({ author });

  test("needs no attestation while all commits are the bot's", () => {
    const commits = small.read([by(small.gitIdentity(small.dependabot))]);
    expect(found({ ...bot, commits }, untilDeclared)).toEqual([]);
  });

  test("needs one with a commit of nobody knows whom, and when commits could not be read", () => {
    const nobody = { name: "dependabot[bot]", email: "", account: null };
    expect(found({ ...bot, commits: small.read([by(nobody)]) }, untilDeclared)).toEqual(["undeclared"]);
    expect(found({ ...bot, commits: { kind: "absent" } }, untilDeclared)).toEqual(["undeclared"]);
  });
});

describe("an attestation that AI was used", () => {
  test("is evidence, in the policy's words", () => {
    const facts = small.pull({ commits: byHand, body: "- [x] ai assistance WAS used" });
    const sign = small.evidence({ ...onPull, tool: "any", kind: "body", quote: attestation.ai });
    expect(assistanceIn(facts, attesting())).toEqual([sign]);
  });

  test.each([
    ["* [X] AI assistance was used", true],
    ["+ [x] AI assistance was used  ", true],
    ["1. [x] AI assistance was used", true],
    ["12) [x] AI assistance was used", true],
    ["   -  [x]  AI  assistance was used", true],
    ["- [ ] AI assistance was used", false],
    ["Said - [x] AI assistance was used", false],
    ["    - [x] AI assistance was used", false],
    ["a. [x] AI assistance was used", false],
    ["1: [x] AI assistance was used", false],
    ["- [x] AI assistancewas used", false],
    ["- [x] AI assistance was used a lot", false],
  ])("in the words %j: %j", (body, expected) => {
    expect(found({ body }, attesting())).toEqual(expected ? ["body"] : []);
  });
});

describe("the markers of a policy", () => {
  const login: Marker = { tool: "acme-coder", kind: "login", login: "June" };
  const trailer: Marker = { tool: "acme-coder", kind: "trailer", trailer: "Written-With", value: null };
  const marked = attesting({ markers: [trailer, login] });

  test("are looked for in the author when the commits could not be read", () => {
    expect(found({ commits: { kind: "absent" } }, marked)).toEqual(["login"]);
  });

  test("fit nobody where the author was deleted", () => {
    const commits = small.read([small.plainCommit({ author: { name: "Eve", email: "", account: null } })]);
    const committed = commits.value.map((each) => ({ ...each, committer: each.author }));
    expect(found({ author: null, commits: small.read(committed) }, marked)).toEqual([]);
  });
});

describe("remembered evidence", () => {
  test("is not gone while its commit is one of those in the pull request", () => {
    const place = { kind: "commit", sha: small.olderSha } as const;
    const seen = small.evidence({ place });
    const commits = small.read([small.plainCommit(), small.plainCommit({ sha: small.olderSha })]);
    const facts = small.pull({ commits, observations: [{ kind: "evidence", evidence: seen }] });
    expect(assistanceIn(facts, small.policy())).toStrictEqual([{ ...seen, remembered: true }]);
  });
});

describe("what is remembered of a look", () => {
  const labelled = (...labels: readonly string[]) => small.policy({ ai: { ...small.policy().ai, labels } });
  const facts = small.pull({ commits: byHand, labels: small.read(["robot", "ai-assisted"]) });
  const quotes = (...policies: readonly Policy[]) =>
    signsToRemember(facts, policies).map(({ quote }) => quote);

  test("is what any policy finds, each sign once", () => {
    expect(quotes(labelled("robot"), labelled("ai-assisted", "Robot"))).toEqual(["robot", "ai-assisted"]);
  });

  test("is what the built-in policy finds where there is none", () => {
    expect(quotes()).toEqual(["ai-assisted"]);
    expect(quotes(labelled("robot"))).not.toEqual(quotes());
  });
});
