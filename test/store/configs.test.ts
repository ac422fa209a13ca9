import { expect, test } from "vitest";
import {
  bindLogins,
  cachedTeam,
  cacheTeam,
  configWasSeen,
  forgetTeams,
  landedCache,
  lastGoodConfig,
  patchCache,
  rememberConfig,
} from "../../src/store/configs.ts";
import { freshStore } from "./fresh-store.ts";

const path = ".github/countersign/roster.yml";
const config = {
  owner: "acme",
  repo: ".github",
  path,
  version: "v1",
  text: "people: {}",
  valid: true,
  now: 1_000,
};
const grace = { login: "grace", id: 1024, kind: "User" } as const;
const ghost = { login: "ghost", id: null, kind: "Mannequin" } as const;

test("a file never seen has no good version", async () => {
  const store = await freshStore();
  await rememberConfig(store, { ...config, repo: "app" });
  expect([
    await lastGoodConfig(store, "acme", ".github", path),
    await configWasSeen(store, "acme", ".github", path),
    await configWasSeen(store, "other", "app", path),
    await configWasSeen(store, "acme", "app", "policy.yml"),
    await configWasSeen(store, "acme", "app", path),
  ]).toEqual([null, false, false, false, true]);
});

test("a file may hold what no text should", async () => {
  const store = await freshStore();
  await rememberConfig(store, { ...config, text: "people: {} # \0 \u{1F680}" });
  expect(await lastGoodConfig(store, "acme", ".github", path)).toMatchObject({
    text: "people: {} # \u{FFFD} \u{1F680}",
  });
});

test("a broken version was seen, and the last good one stays the one before", async () => {
  const store = await freshStore();
  await rememberConfig(store, config);
  await rememberConfig(store, { ...config, version: "v2", text: "people: [", valid: false, now: 2_000 });
  expect(await lastGoodConfig(store, "acme", ".github", path)).toEqual({
    version: "v1",
    text: "people: {}",
    seenAt: 1_000,
  });
});

test("only broken versions are seen, but none is good", async () => {
  const store = await freshStore();
  await rememberConfig(store, { ...config, valid: false });
  expect([
    await configWasSeen(store, "acme", ".github", path),
    await lastGoodConfig(store, "acme", ".github", path),
  ]).toEqual([true, null]);
});

test("the last good version is the one in force last, also when it came back, and its time only moves on", async () => {
  const store = await freshStore();
  await rememberConfig(store, config);
  await rememberConfig(store, { ...config, version: "v2", text: "levels: [a]", now: 2_000 });
  await rememberConfig(store, { ...config, now: 3_000 });
  await rememberConfig(store, { ...config, now: 2_500 });
  expect(await lastGoodConfig(store, "acme", ".github", path)).toEqual({
    version: "v1",
    text: "people: {}",
    seenAt: 3_000,
  });
});

test("a version that is no longer understood is no longer good", async () => {
  const store = await freshStore();
  await rememberConfig(store, config);
  await rememberConfig(store, { ...config, valid: false, now: 2_000 });
  expect(await lastGoodConfig(store, "acme", ".github", path)).toBeNull();
});

test("a login is bound to the first id seen with it, in any case, under each owner by itself", async () => {
  const store = await freshStore();
  const first = await bindLogins(store, "acme", [grace, { login: "Ada", id: 1 }], 1_000);
  const later = await bindLogins(
    store,
    "acme",
    [
      { login: "GRACE", id: 6_666 },
      { login: "alan", id: 3 },
    ],
    2_000,
  );
  const elsewhere = await bindLogins(store, "other", [{ login: "grace", id: 6_666 }], 3_000);
  expect([first, later, elsewhere]).toEqual([
    new Map([
      ["ada", 1],
      ["grace", 1024],
    ]),
    new Map([
      ["alan", 3],
      ["grace", 1024],
    ]),
    new Map([["grace", 6_666]]),
  ]);
});

test("of two ids for one login at once the first one wins", async () => {
  const store = await freshStore();
  const twice = [grace, { login: "Grace", id: 6_666 }];
  expect(await bindLogins(store, "acme", twice, 1_000)).toEqual(new Map([["grace", 1024]]));
});

test("two processes that see a login for the first time agree on its id", async () => {
  const store = await freshStore();
  const other = await freshStore(store.place);
  const [here, there] = await Promise.all([
    bindLogins(store, "acme", [{ login: "grace", id: 1 }], 1_000),
    bindLogins(other, "acme", [{ login: "grace", id: 2 }], 1_000),
  ]);
  expect(here).toEqual(there);
});

test("no accounts bind nothing", async () => {
  const store = await freshStore();
  expect(await bindLogins(store, "acme", [], 1_000)).toEqual(new Map());
});

test("a team's members are kept until they are too old, and replaced when read again", async () => {
  const store = await freshStore();
  await cacheTeam(store, "acme/Staff", [grace, ghost], 1_000);
  const fresh = await cachedTeam(store, "Acme/staff", 1_000);
  const old = await cachedTeam(store, "acme/staff", 1_001);
  await cacheTeam(store, "acme/staff", [], 2_000);
  expect([fresh, old, await cachedTeam(store, "acme/staff", 1_001)]).toEqual([[grace, ghost], null, []]);
});

test("forgetting an organisation's teams leaves other organisations, logins and files alone", async () => {
  const store = await freshStore();
  await cacheTeam(store, "acme/staff", [grace], 1_000);
  await cacheTeam(store, "other/staff", [grace], 1_000);
  await bindLogins(store, "acme", [grace], 1_000);
  await rememberConfig(store, { ...config, path: "team:roster.yml" });
  await forgetTeams(store, "acme");
  expect([
    await cachedTeam(store, "acme/staff", 0),
    await cachedTeam(store, "other/staff", 0),
    await bindLogins(store, "acme", [{ login: "grace", id: 1 }], 2_000),
    await configWasSeen(store, "acme", ".github", "team:roster.yml"),
  ]).toEqual([null, [grace], new Map([["grace", 1024]]), true]);
});

test("a fingerprint is found again for its repository, merge base and head, and for no other", async () => {
  const store = await freshStore();
  const cacheOf = (repo: string) => patchCache(store, repo, () => 1_000);
  await cacheOf("Acme/App").keep("b", "h", "f");
  await cacheOf("acme/app").keep("b", "h", "f");
  expect([
    await cacheOf("acme/app").recall("b", "h"),
    await cacheOf("acme/other").recall("b", "h"),
    await cacheOf("acme/app").recall("h", "b"),
    await configWasSeen(store, "acme", "app", path),
  ]).toEqual(["f", null, null, false]);
});

test("that a commit landed is found again for its repository and base branch, and for no other", async () => {
  const store = await freshStore();
  const cacheOf = (repo: string, base: string) => landedCache(store, repo, base, () => 1_000);
  await cacheOf("Acme/App", "main").keep("a");
  await cacheOf("acme/app", "main").keep("a");
  expect([
    await cacheOf("acme/app", "main").recall("a"),
    await cacheOf("acme/other", "main").recall("a"),
    await cacheOf("acme/app", "release").recall("a"),
    await cacheOf("acme/app", "main").recall("b"),
  ]).toEqual([true, false, false, false]);
});
