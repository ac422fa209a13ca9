import { sql } from "kysely";
import { expect, it, onTestFinished } from "vitest";
import { createLog } from "../src/log.ts";
import { createUsage } from "../src/github/usage.ts";
import { healthOf } from "../src/health.ts";
import { backlog } from "../src/store/marks.ts";
import { startInboxServer } from "./end-to-end/inbox-server.ts";
import { deliver, pullPayload } from "./end-to-end/signed-delivery.ts";

async function started() {
  const quiet = createLog("fatal", () => undefined);
  const usage = createUsage(
    () => 1_000,
    () => {},
  );
  const server = await startInboxServer({
    health: async (store) => healthOf(store, { log: quiet, now: 1_000, usage, outages: { count: () => 0 } }),
  });
  onTestFinished(async () => server.close());
  const pragma = async (text: string) => sql.raw(`pragma ${text}`).execute(server.store.db);
  const delivered = async (guid: string) => (await deliver(server.url, { body: pullPayload(), guid })).status;
  const ready = async () => (await fetch(`${server.url}/health`)).status;
  return { ...server, pragma, delivered, ready };
}

it("answers 503 while the database is read-only, and takes the same delivery afterwards", async () => {
  const { store, pragma, delivered, ready } = await started();
  const before = [await ready(), await delivered("first")];
  await pragma("query_only = 1");
  const during = [await ready(), await delivered("second"), await ready()];
  await pragma("query_only = 0");
  const after = [await ready(), await delivered("second")];

  expect({ before, during, after }).toEqual({
    before: [200, 202],
    during: [503, 503, 503],
    after: [200, 202],
  });
  expect((await backlog(store, 1_000)).count).toBe(1);
});

it("answers 503 while the database is full, and takes what was refused afterwards", async () => {
  const { store, pragma, delivered, ready } = await started();
  const before = [await ready(), await delivered("first")];
  // No page more than there are, and what is left in the last one is used up.
  await pragma("max_page_count = 1");
  const filler = { at: 0, event: "", action: null, outcome: "", repeats: 0 };
  const fill = async (guid: string) =>
    store.db
      .insertInto("deliveries")
      .values({ ...filler, guid })
      .execute();
  await expect(
    (async () => {
      for (let row = 0; ; row += 1) await fill(`filler ${row}`);
    })(),
  ).rejects.toThrow("database or disk is full");
  const during = [await ready(), await delivered("second"), await ready()];
  await pragma("max_page_count = 1000000");
  const after = [await ready(), await delivered("second"), await delivered("first")];

  expect({ before, during, after }).toEqual({
    before: [200, 202],
    during: [503, 503, 503],
    after: [200, 202, 202],
  });
  const stored = store.db.selectFrom("deliveries").select(["guid", "repeats"]).where("event", "<>", "");
  expect(await stored.orderBy("guid").execute()).toEqual([
    { guid: "first", repeats: 1 },
    { guid: "second", repeats: 0 },
  ]);
});
