import { expect, test } from "vitest";
import { answers, mayBeAnswered, strangersToAskAbout } from "../../src/gate/answers.ts";
import type { Account } from "../../src/gate/accounts.ts";
import type { Facts, Observation } from "../../src/gate/facts.ts";
import type { Outcome, Verdict } from "../../src/gate/verdict.ts";
import * as small from "./world.ts";

const at = "2026-11-20T10:00:00Z";
const waiting = small.verdict({ outcome: { kind: "waiting", needs: [] } });

function command(by: Account, comment: string): Observation {
  return { kind: "command", comment, by, at };
}

function override(by: Account, comment: string): Observation {
  return { kind: "override", comment, by, reason: "It burns", sha: small.headSha, at };
}

function answered(to: Account, change: Partial<Extract<Observation, { kind: "answer" }>> = {}): Observation {
  return { kind: "answer", to, sha: small.headSha, comments: [], said: true, ...change };
}

function said(observations: readonly Observation[], verdict: Verdict = waiting, change: Partial<Facts> = {}) {
  const facts = small.pull({ observations, ...change });
  return answers(facts, small.smallRoster, verdict).map(({ to, comments, body }) => ({
    to: to.login,
    comments,
    body: body?.slice(0, body.indexOf(" ", body.indexOf(":") + 2)) ?? null,
  }));
}

test("each person's commands are dealt with together, and theirs alone", () => {
  const commands = [command(small.june, "1"), command(small.sara, "2"), command(small.june, "3")];
  expect(said(commands)).toEqual([
    { to: "june", comments: ["1", "3"], body: "`june`: there" },
    { to: "sara", comments: ["2"], body: "`sara`: there" },
  ]);
});

test("what was dealt with, and what a machine wrote, is left alone", () => {
  const commands = [command(small.june, "1"), command(small.copilot, "2")];
  expect(said([...commands, answered(small.june, { comments: ["1"], said: false })])).toEqual([]);
});

test("the newest that there is something to say to is answered, though a silent one came after it", () => {
  const refusal = { reviewer: "june", state: "override", reason: "is a contributor" };
  const refused = [{ ...refusal, command: { comment: "2", instead: "Ask sara." } }];
  const accept: Observation = { kind: "accept", comment: "1", by: small.june, sha: small.headSha, at };
  const say = (observations: readonly Observation[], outcome: Outcome) =>
    answers(small.pull({ observations }), small.smallRoster, small.verdict({ outcome, refused }));
  expect(say([accept], waiting.outcome)[0]?.body).toBe(
    "`june`: there is nothing to accept: it was not merged. To countersign it, approve it in a review.",
  );
  expect(say([accept, override(small.june, "2")], waiting.outcome)[0]?.body).toBe(
    "`june`: this override does not count (is a contributor). Ask sara.",
  );
  expect(say([accept, override(small.june, "2")], { kind: "countersigned", by: [] })).toMatchObject([
    { comments: ["1", "2"], body: expect.stringContaining("nothing to accept") },
  ]);
});

test.each<[Outcome["kind"], Outcome, "later" | "silence"]>([
  ["undecidable", { kind: "undecidable", problems: [] }, "later"],
  ["objected", { kind: "objected", by: [] }, "later"],
  ["waiting", { kind: "waiting", needs: [] }, "later"],
  ["overridden", { kind: "overridden", by: { login: "stan", level: "staff" }, reason: "It burns" }, "later"],
  ["countersigned", { kind: "countersigned", by: [] }, "silence"],
  ["not-needed", { kind: "not-needed", why: "no sign" }, "silence"],
])("an override that was not refused: %s", (_kind, outcome, what) => {
  const dealt = said([override(small.stan, "1")], small.verdict({ outcome }));
  expect(dealt).toEqual(what === "later" ? [] : [{ to: "stan", comments: ["1"], body: null }]);
});

test("an override that was refused is answered once it is known that it waits, and not after it was lifted", () => {
  const refusal = { reviewer: "june", state: "override", reason: "is a contributor" };
  const review = { reviewer: "milo", state: "approval", reason: "is mid" };
  const refused = [review, { ...refusal, command: { comment: "1", instead: "" } }];
  const after = (outcome: Outcome) => said([override(small.june, "1")], small.verdict({ outcome, refused }));
  expect([
    after({ kind: "objected", by: [] }),
    after({ kind: "overridden", by: { login: "stan", level: "staff" }, reason: "It burns" }),
    after({ kind: "undecidable", problems: [] }),
  ]).toEqual([
    [{ to: "june", comments: ["1"], body: "`june`: this" }],
    [{ to: "june", comments: ["1"], body: null }],
    [],
  ]);
});

test("nobody is answered twice on one head, and everybody anew on the next", () => {
  const again = (change: Parameters<typeof answered>[1], to = small.june) =>
    said([command(small.june, "2"), answered(to, { comments: ["1"], ...change })])[0]?.body;
  expect([again({}), again({ said: false }), again({ sha: small.olderSha }), again({}, small.milo)]).toEqual([
    null,
    "`june`: there",
    "`june`: there",
    "`june`: there",
  ]);
});

test("outsiders are answered only where they are known to be able to push", () => {
  const may = (canPush: Facts["pushAccess"][number]["canPush"] | null, who = small.mallory) => {
    const pushAccess = canPush === null ? [] : [{ account: small.mallory, canPush }];
    return mayBeAnswered(who, small.pull({ pushAccess }), small.smallRoster);
  };
  expect([
    may(null),
    may(small.read(false)),
    may({ kind: "unreadable", why: "502" }),
    may(small.read(true)),
    may(null, small.june),
  ]).toEqual([false, false, false, true, true]);
});

test("only strangers who wait for an answer have to be asked about", () => {
  const commands = [command(small.june, "1"), command(small.mallory, "2"), command(small.mallory, "3")];
  const ask = (observations: readonly Observation[]) =>
    strangersToAskAbout(small.pull({ observations }), small.smallRoster).map(({ login }) => login);
  expect([ask(commands), ask([...commands, answered(small.mallory)])]).toEqual([["mallory"], []]);
});
