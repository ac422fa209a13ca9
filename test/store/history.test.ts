import { expect, it } from "vitest";
import type { Outcome } from "../../src/gate/verdict.ts";
import { undecidable } from "../../src/gate/verdict.ts";
import { appendAudit, pruneAudit } from "../../src/store/audit.ts";
import { bypassesIn, changesIn } from "../../src/store/history.ts";
import { noteRead } from "../../src/store/pulls.ts";
import { recordFailedLook, recordLook } from "../../src/store/record-look.ts";
import type { Store } from "../../src/store/store.ts";
import { factsWith } from "../look/facts-with.ts";
import { freshStore } from "./fresh-store.ts";

const verdict = undecidable({ number: 1, headSha: "a", mode: "enforce" }, { what: "", repair: "" });
const waiting: Outcome = { kind: "waiting", needs: [] };

async function look(
  store: Store,
  repo: string,
  number: number,
  more: { now: number; outcome?: Outcome; open?: boolean },
) {
  const { now, outcome = waiting, open = true } = more;
  const facts = factsWith({ owner: "acme", repo: "shop", number, open });
  await recordLook(store, {
    repo,
    installation: 7,
    facts,
    verdict: { ...verdict, number, outcome },
    evidence: [],
    configVersions: {},
    now,
  });
}

it("finds open pull requests and those judged since a time, of the given repositories, with their history", async () => {
  const store = await freshStore();
  await look(store, "acme/shop", 1, { now: 100 });
  await look(store, "acme/shop", 1, { now: 200, outcome: { kind: "countersigned", by: [] } });
  await recordFailedLook(store, { repo: "acme/shop", number: 1, base: "main", verdict, now: 300 });
  await look(store, "acme/shop", 2, { now: 50, open: false });
  await look(store, "acme/shop", 3, { now: 50 });
  await look(store, "acme/secret", 4, { now: 400 });
  const hint = {
    repo: "acme/shop",
    number: 1,
    installation: 7,
    headSha: "a",
    base: "main",
    open: true,
    merged: false,
  };
  await noteRead(store, { ...hint, updatedAt: "", openedAt: "1970-01-01T00:00:00.090Z", judged: true });

  const found = await changesIn(store, { repos: ["acme/shop"], since: 100, max: 10 });

  expect(found.cut).toBe(false);
  expect(found.changes.map(({ number, openedAt, history }) => ({ number, openedAt, history }))).toEqual([
    { number: 3, openedAt: null, history: [] },
    {
      number: 1,
      openedAt: 90,
      history: [
        { at: 100, outcome: waiting },
        { at: 200, outcome: { kind: "countersigned", by: [] } },
        { at: 300, outcome: null },
      ],
    },
  ]);
});

it("gives the open ones before those that were judged last, however long ago they were, and says when there are more", async () => {
  const store = await freshStore();
  await look(store, "acme/shop", 1, { now: 1 });
  for (const number of [2, 3]) await look(store, "acme/shop", number, { now: number, open: false });

  const { changes, cut } = await changesIn(store, { repos: ["acme/shop"], since: 0, max: 2 });

  expect([changes.map(({ number }) => number), cut]).toEqual([[1, 3], true]);
  expect(await changesIn(store, { repos: ["acme/other"], since: 0, max: 2 })).toEqual({
    changes: [],
    cut: false,
  });
  expect(await changesIn(store, { repos: [], since: 0, max: 2 })).toEqual({ changes: [], cut: false });
});

it("finds an open pull request also when the audit row of its verdict was taken out", async () => {
  const store = await freshStore();
  await look(store, "acme/shop", 1, { now: 1 });
  await look(store, "acme/shop", 2, { now: 1, open: false });
  const now = 9 * 86_400_000;
  await pruneAudit(store, { keepDays: 1, now });

  const { changes } = await changesIn(store, { repos: ["acme/shop"], since: 0, max: 2 });

  expect(changes.map(({ number, history }) => ({ number, history }))).toEqual([{ number: 1, history: [] }]);
});

it("finds what was merged past the check, of the given repositories", async () => {
  const store = await freshStore();
  const row = { kind: "bypass", number: 1, sha: "abc", actorId: null, body: {} };
  for (const [at, repo] of [
    [10, "acme/shop"],
    [20, "acme/shop"],
    [30, "acme/secret"],
  ] as const)
    await appendAudit(store, { ...row, at, repo });

  expect(await bypassesIn(store, { repos: ["acme/shop"], since: 15 })).toEqual([
    { repo: "acme/shop", number: 1, sha: "abc", at: 20 },
  ]);
  expect(await bypassesIn(store, { repos: [], since: 0 })).toEqual([]);
});
