import { expect, test } from "vitest";
import type { Facts } from "../../src/gate/facts.ts";
import { evidenceObservation, rememberObservations } from "../../src/store/observations.ts";
import { hintPulls } from "../../src/store/pulls.ts";
import { recordLook } from "../../src/store/record-look.ts";
import type { Store } from "../../src/store/store.ts";
import { recallInherited } from "../../src/store/traces.ts";
import * as small from "../gate/world.ts";
import { freshStore } from "./fresh-store.ts";

const repo = "acme/shop";

/** A pull request with one commit of a tree, on a branch. */
function pull(number: number, headRef: string, tree: string, change: Partial<Facts> = {}): Facts {
  return small.pull({ number, headRef, commits: small.read([small.commit({ tree })]), ...change });
}

/** Records a look at it that found a trailer which names the number. */
async function see(store: Store, facts: Facts): Promise<void> {
  const evidence = [small.evidence({ quote: `Assisted-by: ${facts.number}` })];
  const verdict = small.verdict({ number: facts.number });
  await recordLook(store, { repo, installation: 7, facts, verdict, evidence, configVersions: {}, now: 1 });
}

/** From which pull requests one inherits, as the evidence itself says. */
async function heirs(store: Store, facts: Facts): Promise<string[]> {
  const inherited = await recallInherited(store, repo, facts);
  return inherited.map((seen) =>
    seen.kind === "evidence" ? `${seen.evidence.quote} on #${seen.evidence.seenOn}` : seen.kind,
  );
}

test("a pull request inherits from an earlier one of the same head branch, or with a commit of the same tree", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "t3"));
  const answers = [
    await heirs(store, pull(7, "parser", "t7")),
    await heirs(store, pull(7, "renamed", "t3")),
    await heirs(store, pull(7, "renamed", "t7")),
    await heirs(store, pull(7, "parser", "t7", { headRepo: "june/shop" })),
    await heirs(store, pull(7, "Parser", "t7")),
  ];
  expect(answers).toEqual([["Assisted-by: 3 on #3"], ["Assisted-by: 3 on #3"], [], [], []]);
});

test("the owner of a fork may be written in other letters, and a deleted fork leaves the trees", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "t3", { headRepo: "June/Shop" }));
  const answers = [
    await heirs(store, pull(7, "parser", "t7", { headRepo: "june/shop" })),
    await heirs(store, pull(7, "parser", "t3", { headRepo: null })),
    await heirs(store, pull(7, "parser", "t7", { headRepo: null, commits: { kind: "absent" } })),
  ];
  expect(answers).toEqual([["Assisted-by: 3 on #3"], ["Assisted-by: 3 on #3"], []]);
});

test("nothing is inherited from a later pull request, from itself, or from another repository", async () => {
  const store = await freshStore();
  await see(store, pull(7, "parser", "t7"));
  await see(store, pull(9, "parser", "t7"));
  const elsewhere = await recallInherited(store, "acme/other", pull(12, "parser", "t7"));
  expect([await heirs(store, pull(7, "parser", "t7")), elsewhere]).toEqual([[], []]);
});

test("a merged pull request leaves nothing, whether a look or a delivery told of the merge", async () => {
  const store = await freshStore();
  const hint = { repo, installation: 7, headSha: small.headSha, base: "main", open: false, merged: true };
  await see(store, pull(3, "parser", "t3", { open: false, merged: true }));
  await see(store, pull(4, "parser", "t4"));
  await hintPulls(store, [{ ...hint, number: 4 }]);
  expect(await heirs(store, pull(7, "parser", "t3"))).toEqual([]);
});

test("what an earlier pull request inherited is passed on, and trees that were pushed away still tell", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "t3"));
  await see(store, pull(5, "renamed", "t3"));
  await see(store, pull(5, "renamed", "t5"));
  const third = pull(7, "renamed-again", "t5");
  expect(await heirs(store, third)).toEqual(["Assisted-by: 3 on #3", "Assisted-by: 5 on #5"]);

  // What it showed earlier counts as well as what it shows now.
  await see(store, third);
  expect(await heirs(store, pull(7, "renamed-again", "t8"))).toEqual([
    "Assisted-by: 3 on #3",
    "Assisted-by: 5 on #5",
  ]);
});

test("a merge into another base branch takes no evidence back, because nobody may have gated that one", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "t3", { base: "playground", open: false, merged: true }));
  const answers = [
    await heirs(store, pull(7, "parser", "t7")),
    await heirs(store, pull(7, "renamed", "t3")),
    await heirs(store, pull(7, "parser", "t3", { base: "playground" })),
  ];
  expect(answers).toEqual([["Assisted-by: 3 on #3"], ["Assisted-by: 3 on #3"], []]);
});

test("a merged pull request passes nothing on", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "t3"));
  await see(store, pull(5, "renamed", "t3", { open: false, merged: true }));
  expect(await heirs(store, pull(7, "renamed", "t7"))).toEqual([]);
});

test("whatever contains what a pull request was merged as inherits from it, but not in the same base branch", async () => {
  const store = await freshStore();
  const merge = { at: "", by: null, commit: small.commit({ tree: "squashed" }), onto: "b".repeat(40) };
  await see(store, pull(5, "parser", "t5", { base: "develop", open: false, merged: true, merge }));
  const answers = [
    await heirs(store, pull(3, "develop", "squashed")),
    await heirs(store, pull(7, "develop", "squashed")),
    await heirs(store, pull(7, "topic", "squashed", { base: "develop" })),
    await heirs(store, pull(7, "develop", "t7")),
  ];
  expect(answers).toEqual([["Assisted-by: 5 on #5"], ["Assisted-by: 5 on #5"], [], []]);
});

test("only evidence is inherited: a review or a push belongs to its own pull request", async () => {
  const store = await freshStore();
  const facts = pull(3, "parser", "t3");
  const { observation } = evidenceObservation(repo, 3, small.evidence(), 1);
  await see(store, facts);
  await rememberObservations(store, [
    {
      repo,
      number: 3,
      key: "1",
      at: 1,
      observation: { kind: "review", reviewId: "1", sha: "a", base: "main" },
    },
    { repo, number: 3, key: "2", at: 1, observation },
  ]);
  expect(await heirs(store, pull(7, "parser", "t7"))).toEqual([
    "Assisted-by: 3 on #3",
    "Co-Authored-By: Claude <noreply@anthropic.com> on #3",
  ]);
});

test("traces cannot be changed or deleted", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "t3"));
  await expect(store.db.deleteFrom("traces").execute()).rejects.toThrow("traces is append-only");
  await expect(store.db.updateTable("traces").set({ number: 9 }).execute()).rejects.toThrow(
    "traces is append-only",
  );
});

test("of a merged pull request only what was left out of the merge passes anything on, and that into every branch", async () => {
  const store = await freshStore();
  await see(store, pull(3, "parser", "taken out"));
  await see(store, pull(3, "parser", "merged", { merged: true, open: false }));
  const inherited = async (tree: string, base: string) =>
    (await recallInherited(store, repo, pull(7, "parser", tree, { base }))).map(
      (seen) => seen.kind === "evidence" && [seen.evidence.seenOn, seen.evidence.left],
    );
  const left = [3, true];
  const elsewhere = [3, undefined];
  expect(await inherited("taken out", "main")).toEqual([left]);
  expect(await inherited("taken out", "release")).toEqual([left]);
  expect(await inherited("merged", "main")).toEqual([]);
  expect(await inherited("merged", "release")).toEqual([elsewhere]);
  expect(await inherited("new", "main")).toEqual([]);
});
