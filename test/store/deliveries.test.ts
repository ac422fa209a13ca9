import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import { claimMark } from "../../src/store/marks.ts";
import { recall } from "../../src/store/observations.ts";
import { knownHead } from "../../src/store/pulls.ts";
import { freshPlace, freshStore } from "./fresh-store.ts";

const delivery = { guid: "g-1", event: "pull_request_review", action: "submitted", at: 1_000 };
const pull = { repo: "acme/app", number: 12, installation: 7 };
const review = { kind: "review", reviewId: "5", sha: "a".repeat(40), base: "main" } as const;
const effects = {
  marks: [{ target: "pull:acme/app:12", installation: 7, priority: 1 }],
  observations: [{ repo: "acme/app", number: 12, key: "5", at: 1_000, observation: review }],
  pulls: [{ ...pull, headSha: "a".repeat(40), base: "main", open: true, merged: false }],
  outcome: "marked",
};

test("a delivery is stored with its marks, observations and pull requests", async () => {
  const store = await freshStore();
  expect(await acceptDelivery(store, delivery, effects)).toBe("accepted");
  expect({
    deliveries: await store.db.selectFrom("deliveries").selectAll().execute(),
    mark: await claimMark(store, { worker: "w", now: 1_000, leaseMs: 10 }),
    observations: await recall(store, "acme/app", 12),
    head: await knownHead(store, "acme/app", 12),
  }).toEqual({
    deliveries: [{ ...delivery, outcome: "marked", repeats: 0 }],
    mark: {
      target: "pull:acme/app:12",
      installation: 7,
      generation: 1,
      priority: 1,
      dueAt: 1_000,
      attempts: 0,
      rewrite: false,
      died: false,
      worker: "w",
    },
    observations: [review],
    head: "a".repeat(40),
  });
});

test("a repeated guid has no effect, whatever comes with it, and is counted", async () => {
  const store = await freshStore();
  await acceptDelivery(store, delivery, effects);
  const other = {
    marks: [{ target: "pull:acme/app:99", installation: 7, priority: 1 }, ...effects.marks],
    observations: effects.observations.map((one) => ({ ...one, key: "6" })),
    pulls: [{ ...pull, headSha: "b".repeat(40), base: "main", open: false, merged: false }],
    outcome: "other",
  };
  expect(await acceptDelivery(store, { ...delivery, at: 2_000 }, other)).toBe("repeated");
  expect({
    deliveries: await store.db.selectFrom("deliveries").selectAll().execute(),
    marks: await store.db.selectFrom("marks").select(["target", "generation"]).execute(),
    observations: await recall(store, "acme/app", 12),
    head: await knownHead(store, "acme/app", 12),
  }).toEqual({
    deliveries: [{ ...delivery, outcome: "marked", repeats: 1 }],
    marks: [{ target: "pull:acme/app:12", generation: 1 }],
    observations: [review],
    head: "a".repeat(40),
  });
});

test("of the same guid arriving several times at once, at two handles, one is accepted", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const answers = await Promise.all(
    [store, other, store, other].map((handle) => acceptDelivery(handle, delivery, effects)),
  );
  expect(answers.toSorted()).toEqual(["accepted", "repeated", "repeated", "repeated"]);
});

test("a delivery whose effects cannot be stored is not stored either", async () => {
  const store = await freshStore();
  const broken = {
    ...effects,
    marks: [{ target: "pull:acme/app:12", installation: 7, priority: Number.NaN }],
  };
  await expect(acceptDelivery(store, delivery, broken)).rejects.toThrow(
    /NOT NULL constraint failed|invalid input syntax for type integer/u,
  );
  expect([await recall(store, "acme/app", 12), await acceptDelivery(store, delivery, effects)]).toEqual([
    [],
    "accepted",
  ]);
});

test("a process killed while it stores deliveries loses none it has acknowledged, and leaves none by halves", async () => {
  const place = await freshPlace();
  const acknowledged: string[] = [];
  for (const run of ["first", "second", "third"]) {
    const script = join(import.meta.dirname, "accept-deliveries.ts");
    const child = spawn(process.execPath, [script, JSON.stringify(place), run], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    let lines = 0;
    for await (const guid of createInterface({ input: child.stdout })) {
      acknowledged.push(guid);
      lines += 1;
      // It goes on storing while the signal is on its way: where that hits is chance, and what was printed still counts.
      if (lines === 25) child.kill("SIGKILL");
    }
    expect(await exited).toEqual([null, "SIGKILL"]);
  }
  const { db } = await freshStore(place);
  const deliveries = await db.selectFrom("deliveries").select("guid").orderBy("guid").execute();
  const marks = await db.selectFrom("marks").select("target").orderBy("target").execute();
  const observations = await db.selectFrom("observations").select("key").orderBy("key").execute();
  const stored = new Set(deliveries.map(({ guid }) => guid));
  expect({
    lost: acknowledged.filter((guid) => !stored.has(guid)),
    marks: marks.map(({ target }) => target.replace("pull:acme/app:", "")),
    observations: observations.map(({ key }) => key),
  }).toEqual({ lost: [], marks: [...stored], observations: [...stored] });
  expect(acknowledged.length).toBeGreaterThanOrEqual(75);
});

test("deliveries that come at once are all stored, each as if it came alone", async () => {
  const store = await freshStore();
  const guids = Array.from({ length: 250 }, (_, index) => `g-${index % 200}`);
  const answers = await Promise.all(
    guids.map(async (guid) => acceptDelivery(store, { ...delivery, guid }, effects)),
  );
  expect(answers).toEqual([...Array<string>(200).fill("accepted"), ...Array<string>(50).fill("repeated")]);
  expect(await store.db.selectFrom("deliveries").selectAll().execute()).toHaveLength(200);
  expect(await store.db.selectFrom("marks").select("generation").execute()).toEqual([{ generation: 200 }]);
});

test("one that cannot be stored keeps none of those out that come with it, and has no effect itself", async () => {
  const store = await freshStore();
  const broken = {
    ...effects,
    marks: [{ target: "pull:acme/app:13", installation: 7, priority: Number.NaN }],
  };
  const answers = await Promise.allSettled(
    [effects, broken, effects].map(async (each, index) =>
      acceptDelivery(store, { ...delivery, guid: `g-${index}` }, each),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await store.db.selectFrom("deliveries").select("guid").orderBy("guid").execute()).toEqual([
    { guid: "g-0" },
    { guid: "g-2" },
  ]);
});
