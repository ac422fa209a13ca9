import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { MalformedDeliveryError, receive } from "../../src/delivery/inbox.ts";
import { cachedTeam, cacheTeam } from "../../src/store/configs.ts";
import { recall } from "../../src/store/observations.ts";
import { rememberShown } from "../../src/store/shown.ts";
import type { Store } from "../../src/store/store.ts";
import { pullPayload } from "../end-to-end/signed-delivery.ts";
import { freshStore } from "../store/fresh-store.ts";

async function freshInbox() {
  const store = await freshStore();
  let guids = 0;
  const take = async (event: string, payload: unknown, guid = `guid-${++guids}`) =>
    receive({ store, appId: 7, configRepo: ".github", now: 5000 }, { guid, event, payload });
  return { store, take };
}

async function marked({ db }: Store) {
  return db.selectFrom("marks").select(["target", "priority", "rewrite"]).orderBy("target").execute();
}

const installation = { id: 7 };
const repository = { full_name: "Acme/Shop", name: "Shop", default_branch: "main" };

it("knows a delivery it has seen by its guid, whatever it now says", async () => {
  const { store, take } = await freshInbox();

  expect(await take("pull_request", pullPayload(), "same")).toBe("accepted");
  expect(await take("pull_request", pullPayload({ number: 2 }), "same")).toBe("repeated");
  expect(await marked(store)).toEqual([{ target: "pull:acme/shop:1", priority: 0, rewrite: 0 }]);
});

it("marks every open pull request with the head SHA of a re-requested check, to be written again", async () => {
  const { store, take } = await freshInbox();
  for (const number of [1, 2]) await take("pull_request", pullPayload({ number }));
  await store.db.deleteFrom("marks").execute();
  const check_run = { head_sha: "a".repeat(40), name: "Countersign", app: { id: 7 } };

  expect(await take("check_run", { action: "rerequested", installation, repository, check_run })).toBe(
    "accepted",
  );
  expect(await marked(store)).toEqual([
    { target: "pull:acme/shop:1", priority: 0, rewrite: 1 },
    { target: "pull:acme/shop:2", priority: 0, rewrite: 1 },
  ]);
});

it("marks them too when another app makes a check run of our name, and not when we do", async () => {
  const { store, take } = await freshInbox();
  await take("pull_request", pullPayload());
  await store.db.deleteFrom("marks").execute();
  const made = (app: number | null) => ({
    action: "created",
    installation,
    repository,
    check_run: { head_sha: "a".repeat(40), name: "Countersign", app: app === null ? null : { id: app } },
  });

  expect(await take("check_run", made(7))).toBe("ignored");
  expect(await marked(store)).toEqual([]);
  expect(await take("check_run", made(15368))).toBe("accepted");
  expect(await marked(store)).toEqual([{ target: "pull:acme/shop:1", priority: 0, rewrite: 0 }]);
});

it("ignores a re-request for a commit of no pull request it knows", async () => {
  const { store, take } = await freshInbox();
  const check_suite = { head_sha: "c".repeat(40) };

  expect(await take("check_suite", { action: "rerequested", installation, repository, check_suite })).toBe(
    "ignored",
  );
  expect(await marked(store)).toEqual([]);
});

it("forgets the teams of an organisation when one changes, and those of no other", async () => {
  const { store, take } = await freshInbox();
  for (const name of ["acme/seniors", "umbrella/seniors"]) await cacheTeam(store, name, [], 4000);

  expect(await take("team", { action: "edited", installation, organization: { login: "Acme" } })).toBe(
    "accepted",
  );
  expect([
    await cachedTeam(store, "acme/seniors", 0),
    await cachedTeam(store, "umbrella/seniors", 0),
  ]).toEqual([null, []]);
});

it("says what is wrong with a malformed payload in one short line, and stores nothing", async () => {
  const { store, take } = await freshInbox();
  const many = { action: 1, installation: 2, repository: 3, pull_request: 4, sender: 5, before: 6, after: 7 };
  const failure: unknown = await take("pull_request", many, "bad").catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(MalformedDeliveryError);
  expect(String(failure)).toMatch(
    /^MalformedDeliveryError: Delivery bad is no pull_request event of GitHub: (?:[^;\n]+; ){4}[^;\n]+$/u,
  );
  expect(await store.db.selectFrom("deliveries").selectAll().execute()).toEqual([]);
});

it("stores the delivery, its marks and its observations together or not at all", async () => {
  const { store, take } = await freshInbox();
  const push = pullPayload({ action: "synchronize" });
  await sql`alter table marks rename to hidden`.execute(store.db);
  await expect(take("pull_request", push, "same")).rejects.toThrow(
    /no such table: marks|"marks" does not exist/u,
  );
  await sql`alter table hidden rename to marks`.execute(store.db);
  const left = await Promise.all(
    (["deliveries", "observations", "pulls", "marks"] as const).map(async (table) =>
      store.db.selectFrom(table).selectAll().execute(),
    ),
  );

  expect(left).toEqual([[], [], [], []]);
  expect(await take("pull_request", push, "same")).toBe("accepted");
});

describe("an override is bound to the head whose check run stood there, not passing, before it was written", () => {
  const [first, second] = ["1".repeat(40), "2".repeat(40)] as const;
  const written = Date.parse("2026-03-01T12:00:05Z");

  /** The head that stan's override is bound to, after these check runs were published on these heads at these times. */
  async function boundTo(shown: readonly { sha: string; at: number; passing?: boolean }[]) {
    const { store, take } = await freshInbox();
    for (const one of shown) {
      await rememberShown(store, { repo: "acme/shop", number: 12, passing: false, ...one });
    }
    const outcome = await take("issue_comment", {
      action: "created",
      installation,
      repository,
      issue: { number: 12, pull_request: {} },
      comment: {
        id: 345,
        body: "/countersign override the shop is down",
        user: { login: "stan", id: 4, type: "User" },
        created_at: "2026-03-01T12:00:05Z",
        updated_at: "2026-03-01T12:00:05Z",
      },
    });
    audited = await store.db.selectFrom("audit").select(["kind", "sha", "actor_id", "body"]).execute();
    return { outcome, marks: await marked(store), observations: await recall(store, "acme/shop", 12) };
  }
  let audited: unknown[] = [];

  const by = { login: "stan", id: 4, kind: "User" };
  const said = { kind: "override", comment: "345", by, reason: "the shop is down" };
  const looked = (sha: string | null) => ({
    outcome: "accepted",
    marks: [{ target: "pull:acme/shop:12", priority: 0, rewrite: 0 }],
    observations: [{ ...said, at: "2026-03-01T12:00:05Z", sha }],
  });

  it("the newest of several", async () => {
    const shown = [
      { sha: first, at: written - 1000 },
      { sha: second, at: written },
    ];

    expect(await boundTo(shown)).toEqual(looked(second));
  });

  it.each([
    ["in the same second, perhaps before it", 1],
    ["later, before we heard of the comment", 60_000],
  ])("and not to one published %s", async (_, later) => {
    const shown = [
      { sha: first, at: written - 60_000 },
      { sha: second, at: written + later },
    ];

    expect(await boundTo(shown)).toEqual(looked(first));
  });

  it("and that is a row of the audit log; one that is bound to none is not", async () => {
    await boundTo([{ sha: first, at: written }]);
    const body = '{"by":"stan","comment":"345","reason":"the shop is down"}';
    expect(audited).toEqual([{ kind: "override", sha: first, actor_id: 4, body }]);
    await boundTo([]);
    expect(audited).toEqual([]);
  });

  it("and to none where there was none, or one that passed; a look says so", async () => {
    expect(await boundTo([])).toEqual(looked(null));
    expect(await boundTo([{ sha: first, at: written + 1 }])).toEqual(looked(null));
    expect(await boundTo([{ sha: first, at: written, passing: true }])).toEqual(looked(null));
  });
});
