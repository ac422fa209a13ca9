import { expect, test } from "vitest";
import { startUpkeep } from "../../src/delivery/upkeep.ts";
import { appendAudit, verifyAudit } from "../../src/store/audit.ts";
import { acceptDelivery } from "../../src/store/deliveries.ts";
import type { Store } from "../../src/store/store.ts";
import { freshStore } from "../store/fresh-store.ts";

const day = 86_400_000;
const row = { kind: "verdict", repo: "acme/app", number: 1, sha: null, actorId: null, body: {} };
const noEffects = { marks: [], observations: [], pulls: [], outcome: "ignored" };

/** Tidies a store up once, 40 days after its first row. */
async function tidyUp(store: Store, auditKeepDays: number | null) {
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const log = { info: say, warn: say, error: say };
  await startUpkeep({ store, auditKeepDays, now: () => 40 * day, log }).stop();
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

test("deliveries of the last month are kept, and the whole audit log where nobody said how long", async () => {
  const store = await oldStore();
  expect([await tidyUp(store, null), await kept(store)]).toEqual([
    [],
    { deliveries: ["at 39"], rows: [1, 2] },
  ]);
});

test("rows of the audit log past their days are taken out, a checkpoint stands for them, and the log says so", async () => {
  const store = await oldStore();
  expect([await tidyUp(store, 30), await kept(store), await verifyAudit(store)]).toMatchObject([
    ["Took rows out of the audit log; a checkpoint stands for them"],
    { deliveries: ["at 39"], rows: [2, 3] },
    { ok: true, first: 2 },
  ]);
});

test("a store that cannot be written is told in the log and does no other harm", async () => {
  const store = await oldStore();
  await store.close();
  expect(await tidyUp(store, 30)).toEqual(["The store cannot be tidied up; trying again in an hour"]);
});
