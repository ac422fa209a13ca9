import { expect, test } from "vitest";
import type { Evidence } from "../../src/gate/evidence.ts";
import type { Observation } from "../../src/gate/facts.ts";
import {
  evidenceObservation,
  recall,
  rememberObservations,
  claimAnswer,
} from "../../src/store/observations.ts";
import { freshStore } from "./fresh-store.ts";

const grace = { login: "grace", id: 1024, kind: "User" } as const;
const review: Observation = { kind: "review", reviewId: "5", sha: "a".repeat(40), base: "main" };
const push: Observation = {
  kind: "push",
  actor: grace,
  before: null,
  after: "b".repeat(40),
  at: "2026-01-02T03:04:05Z",
};
const label: Observation = {
  kind: "label",
  action: "unlabeled",
  label: "ai-assisted",
  actor: null,
  at: "2026-01-02T03:04:05Z",
};
const trailer: Evidence = {
  tool: "claude-code",
  kind: "trailer",
  role: "wrote",
  confidence: "official",
  place: { kind: "commit", sha: "c".repeat(40) },
  quote: "Co-Authored-By: Claude <noreply@anthropic.com>",
  remembered: false,
};
const labelled: Evidence = {
  ...trailer,
  tool: "any",
  kind: "label",
  place: { kind: "label", by: "grace", at: "2026-01-02T03:04:05Z", removedBy: null },
  quote: "ai-assisted",
};
const at12 = { repo: "acme/app", number: 12, at: 1_000 };

test("what was observed on a pull request comes back in the order it was seen, each kind as it was", async () => {
  const store = await freshStore();
  const evidence = [trailer, labelled, { ...trailer, place: { kind: "pull-request" } as const }];
  await rememberObservations(store, [
    { ...at12, key: "5", observation: review },
    { ...at12, key: "p", observation: push },
    { ...at12, key: "l", observation: label },
    ...evidence.map((one) => evidenceObservation("acme/app", 12, one, 1_000)),
  ]);
  expect(await recall(store, "acme/app", 12)).toEqual([
    review,
    push,
    label,
    ...evidence.map((one) => ({ kind: "evidence", evidence: one })),
  ]);
});

test("the SHA and the actor of an observation stand in columns of their own", async () => {
  const store = await freshStore();
  await rememberObservations(store, [
    { ...at12, key: "5", observation: review },
    { ...at12, key: "p", observation: push },
    { ...at12, key: "l", observation: label },
    evidenceObservation("acme/app", 12, trailer, 1_000),
  ]);
  const rows = await store.db.selectFrom("observations").select(["kind", "sha", "actor_id"]).execute();
  expect(rows).toEqual([
    { kind: "review", sha: "a".repeat(40), actor_id: null },
    { kind: "push", sha: "b".repeat(40), actor_id: 1024 },
    { kind: "label", sha: null, actor_id: null },
    { kind: "evidence", sha: "c".repeat(40), actor_id: null },
  ]);
});

test("the first observation with a key stays; another kind or pull request has keys of its own", async () => {
  const store = await freshStore();
  const moved = { ...review, sha: "d".repeat(40) };
  await rememberObservations(store, [{ ...at12, key: "5", observation: review }]);
  await rememberObservations(store, [
    { ...at12, key: "5", at: 2_000, observation: moved },
    { ...at12, key: "5", observation: push },
    { ...at12, key: "5", number: 13, observation: moved },
    { ...at12, key: "5", repo: "acme/other", observation: label },
  ]);
  expect([
    await recall(store, "acme/app", 12),
    await recall(store, "acme/app", 13),
    await recall(store, "acme/other", 12),
    await recall(store, "acme/app", 14),
  ]).toEqual([[review, push], [moved], [label], []]);
});

test("the same evidence is one observation, also when its label has been taken off since", async () => {
  const key = (evidence: Evidence) => evidenceObservation("acme/app", 12, evidence, 1_000).key;
  const takenOff = { kind: "label", by: "mallory", at: null, removedBy: "grace" } as const;
  expect(key({ ...labelled, place: takenOff, remembered: true })).toBe(key(labelled));
});

test("evidence that differs in tool, role, place or quote is another observation", () => {
  const others: Evidence[] = [
    { ...trailer, tool: "copilot" },
    { ...trailer, kind: "author" },
    { ...trailer, role: "assisted" },
    { ...trailer, confidence: "reported" },
    { ...trailer, place: { kind: "commit", sha: "d".repeat(40) } },
    { ...trailer, place: { kind: "pull-request" } },
    { ...trailer, quote: "Co-Authored-By: Claude" },
  ];
  const keys = [trailer, ...others].map((one) => evidenceObservation("acme/app", 12, one, 1_000).key);
  expect(new Set(keys).size).toBe(8);
});

test("observations cannot be changed or deleted", async () => {
  const store = await freshStore();
  await rememberObservations(store, [{ ...at12, key: "5", observation: review }]);
  const refused = "observations is append-only";
  await expect(store.db.updateTable("observations").set({ body: "{}" }).execute()).rejects.toThrow(refused);
  await expect(store.db.deleteFrom("observations").execute()).rejects.toThrow(refused);
  expect(await recall(store, "acme/app", 12)).toEqual([review]);
});

test("an observation of a kind not known here is an error, not nothing", async () => {
  const store = await freshStore();
  const row = { repo: "acme/app", number: 12, kind: "later", key: "1", sha: null, actor_id: null, at: 1 };
  await store.db
    .insertInto("observations")
    .values({ ...row, body: '{"kind":"later"}' })
    .execute();
  await expect(recall(store, "acme/app", 12)).rejects.toThrow(
    "Observation 1 (acme/app#12) in the database cannot be understood. " +
      "Was it written by a newer Countersign? Start that one, or restore a backup.",
  );
});

test("the right to answer a person at a head is taken once, on whichever handle, and stays taken", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const about = { repo: "acme/app", number: 12, at: 5_000 };
  const to = { login: "june", id: 101, kind: "User" } as const;
  const answer = { kind: "answer", to, sha: "a".repeat(40), comments: ["1"], said: true } as const;
  const claims = await Promise.all(
    [store, other, store, other].map(async (one) => claimAnswer(one, about, answer)),
  );

  expect(claims.filter((taken) => taken)).toEqual([true]);
  expect(await claimAnswer(store, about, { ...answer, comments: ["2"] })).toBe(false);
  expect(await recall(store, "acme/app", 12)).toEqual([answer]);
});

test("another person, head or pull request has a right to an answer of its own, and so has silence about a comment", async () => {
  const store = await freshStore();
  const about = { repo: "acme/app", number: 12, at: 5_000 };
  const to = { login: "june", id: 101, kind: "User" } as const;
  const answer = { kind: "answer", to, sha: "a".repeat(40), comments: ["1"], said: true } as const;
  const silence = { ...answer, comments: ["2"], said: false };

  expect([
    await claimAnswer(store, about, answer),
    await claimAnswer(store, about, { ...answer, to: { ...to, id: 102 } }),
    await claimAnswer(store, about, { ...answer, sha: "b".repeat(40) }),
    await claimAnswer(store, { ...about, number: 13 }, answer),
    await claimAnswer(store, { ...about, repo: "acme/other" }, answer),
    await claimAnswer(store, about, silence),
    await claimAnswer(store, about, silence),
  ]).toEqual([true, true, true, true, true, true, false]);
});
