import { expect, test } from "vitest";
import { createOutages } from "../../src/delivery/outages.ts";
import { startUpkeep } from "../../src/delivery/upkeep.ts";
import { GitHubError } from "../../src/github/errors.ts";
import { appendAudit, verifyAudit } from "../../src/store/audit.ts";
import { choreDoneAt, claimChore } from "../../src/store/chores.ts";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../end-to-end/until.ts";
import { freshStore } from "../store/fresh-store.ts";

const day = 86_400_000;
const now = 40 * day;
const row = { kind: "verdict", repo: "acme/app", number: 1, sha: null, actorId: null, body: {} };
const noEffects = { marks: [], observations: [], pulls: [], outcome: "ignored" };

/** Keeps a store up until everything that is due at a start was tried once, where GitHub cannot be reached. */
async function keepUp(store: Store, auditKeepDays: number | null) {
  const said: string[] = [];
  const say = (fields: object, message: string) =>
    void said.push("chore" in fields ? `${message}: ${JSON.stringify(fields.chore)}` : message);
  const log = { info: say, warn: say, error: say };
  const clientFor = async () => {
    throw new GitHubError("GitHub is away.", { unavailable: true });
  };
  const upkeep = startUpkeep({
    store,
    appId: 1,
    auditKeepDays,
    now: () => now,
    log,
    outages: createOutages({ now: () => now, random: () => 0 }),
    clientFor,
    wake: () => {},
    configRepo: ".github",
    webUrl: "https://github.com",
    needed: { permissions: {}, events: [] },
  });
  await until("the last chore to be done", async () => (await choreDoneAt(store, "tidying")) === now);
  await upkeep.stop();
  return said;
}

async function kept(store: Store) {
  const deliveries = await store.db.selectFrom("deliveries").select("guid").execute();
  const rows = await store.db.selectFrom("audit").select("seq").orderBy("seq").execute();
  return { deliveries: deliveries.map(({ guid }) => guid), rows: rows.map(({ seq }) => seq) };
}

async function oldStore() {
  const store = await freshStore();
  for (const at of [0, 39 * day]) {
    await appendAudit(store, { ...row, at });
    await acceptDelivery(store, { guid: `at ${at / day}`, event: "push", action: null, at }, noEffects);
  }
  return store;
}

const failed = [
  'A chore failed and will be repeated: "redelivery"',
  'A chore failed and will be repeated: "sweep"',
  'A chore failed and will be repeated: "examination"',
  'A chore failed and will be repeated: "deployments"',
];

test("deliveries of the last month are kept, and the whole audit log where nobody said how long", async () => {
  const store = await oldStore();
  expect([await keepUp(store, null), await kept(store)]).toEqual([
    failed,
    { deliveries: ["at 39"], rows: [1, 2] },
  ]);
});

test("rows of the audit log past their days are taken out, a checkpoint stands for them, and the log says so", async () => {
  const store = await oldStore();
  expect([await keepUp(store, 30), await kept(store), await verifyAudit(store)]).toMatchObject([
    [...failed, "Took rows out of the audit log; a checkpoint stands for them"],
    { deliveries: ["at 39"], rows: [2, 3] },
    { ok: true, first: 2 },
  ]);
});

test("a chore that failed is due again in a minute, one that was done when its time has come", async () => {
  const store = await oldStore();
  await keepUp(store, null);
  const due = async (name: string, at: number) => claimChore(store, name, { now: at, everyMs: 1 });
  expect([
    await due("sweep", now + 59_999),
    await due("sweep", now + 60_000),
    await due("tidying", now + 60_000),
    await due("tidying", now + 3_600_000),
  ]).toEqual([false, true, false, true]);
});

test("of two replicas one does a chore that is due", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const claims = [store, other, store].map(async (each) =>
    claimChore(each, "sweep", { now, everyMs: 1_000 }),
  );
  const later = async (at: number) => claimChore(other, "sweep", { now: at, everyMs: 1_000 });
  expect([
    (await Promise.all(claims)).filter(Boolean),
    await later(now + 999),
    await later(now + 1_000),
  ]).toEqual([[true], false, true]);
});
