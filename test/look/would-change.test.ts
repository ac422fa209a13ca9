import { expect, test } from "vitest";
import { judge } from "../../src/gate/judge.ts";
import type { Config } from "../../src/gate/verdict.ts";
import { proposedChanges } from "../../src/rules/proposed-changes.ts";
import { recordLook } from "../../src/store/record-look.ts";
import { wouldChange } from "../../src/rules/would-change.ts";
import * as small from "../gate/world.ts";
import { file, never, noon, openPlace, ownPolicyName, removed, rosterName, version } from "./given-files.ts";

const people = ["people:", "  june: junior", "  sara: senior", "  stan: staff"];
const organisation = { roster: file(...people) };

/** A store with open pull requests of acme/shop that passed under the roster alone, and what is in force for its configuration. */
async function openShop(count: number) {
  const { store, inForce } = await openPlace();
  const found = await inForce({ organisation, where: "acme/.github" });
  const look = async (number: number, versions: Readonly<Record<string, string>>, config: Config) => {
    const push = {
      kind: "push",
      actor: small.june,
      before: null,
      after: small.headSha,
      at: "2026-11-20T09:00:00Z",
    } as const;
    const facts = { ...small.reviewed(small.review(small.sara)), number, observations: [push] };
    const verdict = judge(facts, config);
    if (verdict === null) throw new Error("not gated");
    const about = { repo: "acme/shop", installation: 1, evidence: [], now: noon };
    await recordLook(store, { ...about, facts, verdict, configVersions: versions });
  };
  for (let number = 1; number <= count; number++) await look(number, found.versions, found.config);
  /** What would change when these files stand at the head. */
  const propose = async (head: { roster?: typeof never; policy?: typeof never }) => {
    const changed = found.guarded.filter((each) => each.file in head);
    const at = { roster: organisation.roster, policy: never, ...head };
    const pull = { owner: "acme", repo: ".github", number: 9 };
    const given = { pull, installation: 1, configRepo: ".github", config: found.config, now: noon };
    return wouldChange(store, given, proposedChanges(found, changed, at));
  };
  return { store, found, look, propose };
}

test("without the roster everybody loses their level, and what was countersigned would be blocked", async () => {
  const { propose } = await openShop(2);
  expect(await propose({ roster: removed })).toEqual({
    people: ["june", "sara", "stan"].map((who, at) => ({
      who,
      from: ["junior", "senior", "staff"][at],
      to: null,
      kind: "loses",
    })),
    passing: [],
    blocked: [],
    elsewhere: { passing: 0, blocked: 2 },
    judged: 2,
    untold: 0,
    left: 0,
  });
});

test("a file that would be broken tells enough, and no change tells nothing", async () => {
  const { propose } = await openShop(1);
  expect(await propose({ roster: file("people: [ada]") })).toBeNull();
  expect(await propose({})).toBeNull();
});

test("judges those that changed last where there are very many, and counts the rest", async () => {
  const { store, propose } = await openShop(1);
  const row = await store.db.selectFrom("pulls").selectAll().executeTakeFirstOrThrow();
  const copies = Array.from({ length: 202 }, (_, at) => ({ ...row, number: at + 2 }));
  await store.db.insertInto("pulls").values(copies).execute();
  expect(await propose({ policy: file("mode: observe") })).toMatchObject({ judged: 200, left: 3, untold: 0 });
});

test("says of no pull request what its own repository's policy, unknown here, may decide", async () => {
  const { look, found, propose } = await openShop(1);
  await look(2, { ...found.versions, [ownPolicyName]: version("mode: observe") }, found.config);
  await look(3, { [rosterName.replace(".github ", "old ")]: "1" }, found.config);
  expect(await propose({ policy: file("mode: observe") })).toMatchObject({ judged: 1, untold: 2 });
});

test("a level that only changes its name is told of, and a team is one entry", async () => {
  const { propose } = await openShop(0);
  const roster = file(
    "levels: [junior, senior, staff, chief]",
    "people: { June: junior, sara: chief }",
    "teams: { acme/staff: staff }",
  );
  expect((await propose({ roster }))?.people).toEqual([
    { who: "sara", from: "senior", to: "chief", kind: "gains" },
    { who: "stan", from: "staff", to: null, kind: "loses" },
    { who: "acme/staff", from: null, to: "staff", kind: "gains" },
  ]);
});
