import { expect, test } from "vitest";
import { z } from "zod";
import { appClient } from "../../src/cli/app-client.ts";
import { readNeeded } from "../../src/config/app-manifest.ts";
import { examineDue, examinedAtOnce } from "../../src/production/examine-due.ts";
import { lastFindings } from "../../src/store/examinations.ts";
import { acme } from "../cli/doctor-scene.ts";
import { roster, shop } from "../end-to-end/company.ts";
import { freshStore } from "../store/fresh-store.ts";

const hour = 3_600_000;

const placeSchema = z.object({
  repository: z.string().nullable().default(null),
  branch: z.string().nullable().default(null),
});

/** acme with a store and a clock of its own: `examine` runs what is due at an hour, and says what was done and logged. */
async function acmeByTheClock(files?: Parameters<typeof acme>[0]) {
  const own = await acme(files);
  const store = await freshStore();
  const { clientFor, environment } = await appClient({
    environment: own.environment,
    readFile: () => "",
    now: Date.now,
  });
  const logged: string[] = [];
  const say = (fields: object, message: string) => {
    const { repository, branch } = placeSchema.parse(fields);
    logged.push(`${repository ?? "acme"}${branch === null ? "" : `@${branch}`} ${message}`);
  };
  const examine = async (atHour: number, signal = new AbortController().signal) => {
    logged.length = 0;
    const before = own.github.requests.length;
    const done = await examineDue({
      store,
      clientFor,
      person: null,
      configRepo: environment.configRepo,
      webUrl: environment.webUrl,
      needed: readNeeded(),
      now: () => Date.parse("2026-05-01T00:00:00Z") + atHour * hour,
      signal,
      attempt: async (_chore, work) => work(),
      log: { info: say, warn: say },
    });
    const { repositories, findings } = await lastFindings(store);
    const kinds = findings.map(({ kind }) => kind);
    const asked = own.github.requests.slice(before).filter(({ operation }) => operation === "Branches");
    return {
      ...done,
      repositories: repositories.length,
      kinds: kinds.filter((kind) => kind !== "unseen"),
      unseen: kinds.filter((kind) => kind === "unseen").length,
      asked: asked.length,
      logged: [...logged],
    };
  };
  return { ...own, examine };
}

test("every repository is examined once a day, and what was found there before is replaced", async () => {
  const { github, install, examine } = await acmeByTheClock({ roster, policy: "branches: [main, next]\n" });
  install();
  github.push(shop, { branch: "next", pusher: "ada" });
  // Who may bypass the ruleset of main the app is told in neither.
  const open = { left: 0, failed: 0, repositories: 2, kinds: ["check-not-required"], unseen: 2 };
  expect(await examine(0)).toEqual({
    ...open,
    asked: 2,
    logged: [
      "acme/shop@next The gate: A policy gates this branch, but the check Countersign is not required on it: whoever may merge or push does so without it.",
    ],
  });
  const appId = [...github.world.apps.keys()][0] ?? 0;
  github.requireCheck(shop, "next", { context: "Countersign", appId });
  expect(await examine(23)).toEqual({ ...open, asked: 0, logged: [] });
  expect(await examine(24)).toEqual({ ...open, kinds: [], asked: 2, logged: [] });
});

test("what is wrong for the whole organisation is counted and logged once, and what it no longer has is forgotten", async () => {
  const { github, install, examine } = await acmeByTheClock({ roster: "people: [ada]\n" });
  const installation = install();
  const first = await examine(0);
  expect([first.kinds, first.repositories, first.logged.length]).toEqual([["roster-broken"], 2, 1]);
  github.world.installations.delete(installation);
  expect(await examine(1)).toMatchObject({ kinds: [], repositories: 0, asked: 0 });
});

test("a repository that could not be read is no closed one, and is tried again at the next run", async () => {
  const { github, install, examine } = await acmeByTheClock();
  install();
  github.fault({ path: /^\/graphql$/u, operation: "Branches", status: 502, times: 1 });
  expect(await examine(0)).toMatchObject({ kinds: ["unreadable"], repositories: 2, asked: 2 });
  expect(await examine(1)).toMatchObject({ kinds: [], repositories: 2, asked: 1 });
});

test("of very many repositories so many are examined that looks have points left, the others by the next runs", async () => {
  const { github, install, examine } = await acmeByTheClock();
  for (let at = 0; at < examinedAtOnce; at++) github.createRepository(`acme/r${at}`, { private: true });
  install();
  expect(await examine(0)).toMatchObject({ left: 2, asked: examinedAtOnce, repositories: examinedAtOnce });
  expect(await examine(0)).toMatchObject({ left: 0, asked: 2, repositories: examinedAtOnce + 2 });
});

test("an installation whose repositories cannot be listed keeps no other waiting, and forgets nothing", async () => {
  const { github, install, examine } = await acmeByTheClock();
  install();
  await examine(0);
  github.createOrganization("zeta");
  github.createRepository("zeta/app", { private: true });
  github.installApp("zeta", { repositories: "all" });
  github.fault({ path: /^\/installation\/repositories$/u, status: 502, times: 1 });
  expect(await examine(1)).toMatchObject({
    failed: 1,
    repositories: 3,
    logged: [
      "acme The repositories could not be listed",
      expect.stringMatching(/^zeta\/app The gate: There is no roster/u),
      expect.stringMatching(/^zeta\/app@main /u),
    ],
  });
});

test("a server that stops begins with no further repository", async () => {
  const { install, examine } = await acmeByTheClock();
  install();
  expect(await examine(0, AbortSignal.abort())).toMatchObject({ asked: 0, repositories: 0 });
});
