/** Installations and repositories share the looks: none waits for ever because another has much to do. */
import { sql } from "kysely";
import { expect, test } from "vitest";
import { type ClaimedMark, claimMark, finishMark, type Mark, putMarks } from "../../src/store/marks.ts";
import { installationLooksMax, nextScope, repositoryLooksMax } from "../../src/store/next-scope.ts";
import type { Queryable } from "../../src/store/store.ts";
import { freshStore } from "./fresh-store.ts";

const now = 10_000;
/** As many as one server runs at once. */
const looksAtOnce = 8;
let claims = 0;

async function claim(store: Queryable): Promise<ClaimedMark> {
  const claimed = await claimMark(store, { worker: `w${++claims}`, now, leaseMs: 100 });
  if (claimed === null) throw new Error("nothing to claim");
  return claimed;
}

/** Marks of pull requests in one repository, the first due longest. */
function pulls(repo: string, count: number, more: Omit<Mark, "target">): Mark[] {
  return Array.from({ length: count }, (_, at) => ({ dueAt: at, target: `pull:${repo}:${at + 1}`, ...more }));
}

/** Repositories of the marks that are claimed while eight looks run at once and each takes as long as the others. */
async function served(store: Queryable, count: number): Promise<string[]> {
  const running: ClaimedMark[] = [];
  const repos: string[] = [];
  while (repos.length < count) {
    if (running.length === looksAtOnce) {
      const [done] = running.splice(0, 1);
      if (done !== undefined) await finishMark(store, done);
    }
    const claimed = await claim(store);
    running.push(claimed);
    repos.push(claimed.target.split(":")[1] ?? "");
  }
  return repos;
}

const countOf = (repos: readonly string[], repo: string) => repos.filter((one) => one === repo).length;

test("beside an installation with 5,000 marks, three others are served with the next claims", async () => {
  const store = await freshStore();
  for (let from = 0; from < 5_000; from += 1_000) {
    const some = pulls("big/app", 5_000, { installation: 1, priority: 1 }).slice(from, from + 1_000);
    await putMarks(store, some, now);
  }
  const others = [2, 3, 4].flatMap((installation) =>
    pulls(`small${installation}/app`, 2, { installation, priority: 1, dueAt: now }),
  );
  await putMarks(store, others, now);
  const repos = await served(store, 12);
  expect([2, 3, 4].map((one) => countOf(repos.slice(0, 4), `small${one}/app`))).toEqual([1, 1, 1]);
  expect([2, 3, 4].map((one) => countOf(repos, `small${one}/app`))).toEqual([2, 2, 2]);
});

test("a repository with many marks does not keep the others of its installation waiting", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/big", 100, { installation: 1, priority: 1 }), now);
  await putMarks(store, pulls("acme/small", 2, { installation: 1, priority: 1, dueAt: now }), now);
  expect(countOf(await served(store, 4), "acme/small")).toBe(2);
});

test("somebody who waits comes before the sweeps of every installation", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("one/app", 20, { installation: 1, priority: 5 }), now);
  await putMarks(store, pulls("two/app", 20, { installation: 2, priority: 5 }), now);
  await putMarks(store, pulls("one/other", 3, { installation: 1, priority: 0, dueAt: now }), now);
  expect(await served(store, 3)).toEqual(["one/other", "one/other", "one/other"]);
});

test("people who wait without end in one repository do not shut out what is less urgent elsewhere", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("noisy/app", 100, { installation: 1, priority: 0 }), now);
  await putMarks(store, pulls("quiet/app", 3, { installation: 2, priority: 5, dueAt: now }), now);
  const repos = await served(store, looksAtOnce);
  expect(repos).toEqual([
    ...Array.from({ length: repositoryLooksMax }, () => "noisy/app"),
    ...Array.from({ length: 3 }, () => "quiet/app"),
    // Nobody else waits any more.
    "noisy/app",
  ]);
});

test("nor do those in many repositories of one installation", async () => {
  const store = await freshStore();
  for (let repo = 1; repo <= 10; repo += 1) {
    await putMarks(store, pulls(`noisy/app${repo}`, 10, { installation: 1, priority: 0 }), now);
  }
  await putMarks(store, pulls("quiet/app", 1, { installation: 2, priority: 5, dueAt: now }), now);
  expect((await served(store, looksAtOnce)).indexOf("quiet/app")).toBe(installationLooksMax);
});

test("whoever is alone has every look", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 10, { installation: 1, priority: 5 }), now);
  expect(await served(store, looksAtOnce)).toHaveLength(looksAtOnce);
});

test("a look that died does not count as running", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 10, { installation: 1, priority: 0 }), now);
  for (let dead = 0; dead < repositoryLooksMax; dead += 1) {
    await claimMark(store, { worker: `dead${dead}`, now: now - 100, leaseMs: 100 });
  }
  await putMarks(store, pulls("other/app", 1, { installation: 2, priority: 5 }), now);
  expect((await claim(store)).target).toMatch(/^pull:acme\/app:/u);
});

test("nobody's turn it is where nothing is due, or everything is taken", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 2, { installation: 1, priority: 0, dueAt: now + 1 }), now);
  await putMarks(store, pulls("other/app", 1, { installation: 2, priority: 0 }), now);
  await claim(store);
  expect(await nextScope(store, now)).toBeNull();
});

test("who waits for GitHub is passed over, an installation as a whole or one repository, and keeps its place", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 2, { installation: 1, priority: 0 }), now);
  await putMarks(store, pulls("acme/other", 1, { installation: 1, priority: 0, dueAt: 5 }), now);
  await putMarks(store, pulls("else/app", 1, { installation: 2, priority: 5 }), now);
  const next = async (installations: number[], scopes: string[]) => {
    const waiting = { installations, scopes };
    return (await claimMark(store, { worker: `w${++claims}`, now, leaseMs: 100, waiting }))?.target ?? null;
  };
  expect([
    await next([1, 2], []),
    await next([2], ["1 acme/app", "1 acme/other"]),
    await next([], ["1 acme/app"]),
    await next([1], ["1 acme/app"]),
    await next([], []),
  ]).toEqual([null, null, "pull:acme/other:1", "pull:else/app:1", "pull:acme/app:1"]);
  const left = await store.db.selectFrom("marks").selectAll().where("lease_until", "=", 0).execute();
  expect(left).toMatchObject([{ target: "pull:acme/app:2", due_at: 1, attempts: 0, error: null }]);
});

test("as many as a server names may wait", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 1, { installation: 1, priority: 0 }), now);
  const installations = Array.from({ length: 1_000 }, (_, index) => index + 2);
  const scopes = installations.map((installation) => `${installation} acme/app`);
  const waiting = { installations, scopes };
  expect(await claimMark(store, { worker: "w", now, leaseMs: 100, waiting })).toMatchObject({
    target: "pull:acme/app:1",
  });
});

test("a mark put by somebody while a repository is worked off comes next, and a mark less urgent does not set it back", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 50, { installation: 1, priority: 4 }), now);
  const person = { target: "pull:acme/app:50", installation: 1, priority: 0 };
  await putMarks(store, [person], now);
  await putMarks(store, [{ ...person, priority: 4, dueAt: now + 3_600_000 }], now);
  const { target, priority } = await claim(store);
  expect({ target, priority }).toEqual({ target: person.target, priority: 0 });
});

test("marks of a database from before scopes get theirs", async () => {
  const store = await freshStore();
  await putMarks(store, pulls("acme/app", 1, { installation: 7, priority: 0 }), now);
  await store.db.schema.dropIndex("marks_by_scope").execute();
  await store.db.schema.dropIndex("marks_running").execute();
  await store.db.schema.alterTable("marks").dropColumn("scope").execute();
  await store.db.schema.createIndex("marks_order").on("marks").columns(["priority", "due_at"]).execute();
  await sql`delete from kysely_migration where name = '0008-scopes'`.execute(store.db);
  const again = await freshStore(store.place);
  expect((await claim(again)).target).toBe("pull:acme/app:1");
});
