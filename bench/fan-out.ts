/**
 * A roster change that touches thousands of open pull requests of one repository, on a fake GitHub on this machine: which
 * requests it takes, and in which order the pull requests are worked off. Usage: npm run bench -- fan-out [COUNT]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { createOutages } from "../src/delivery/outages.ts";
import { startWorker } from "../src/delivery/worker.ts";
import { backlog, putMarks } from "../src/store/marks.ts";
import { openStore } from "../src/store/store.ts";
import { furnish, roster, rosterFile, shop } from "../test/end-to-end/company.ts";
import { octokitWith, startFakeGitHub } from "../test/fake-github/server.ts";
import { installationToken } from "../test/fake-github/shop-scene.ts";
import { report, rounded } from "./report.ts";

const count = Number(process.argv[3] ?? 1000);
/** The part of them that the change blocks, and the part whose words it changes. */
const [blockedShare, rewordedShare] = [0.04, 0.1];

const github = await startFakeGitHub({ validate: false });
const { appId } = furnish(github);
const installation = github.installApp("acme", { repositories: "all" });
const repository = [...github.world.repositories.values()].find(({ name }) => name === "shop");
if (repository === undefined) throw new Error("There is no shop.");
const kinds = await openPulls();
const dataDir = mkdtempSync(join(tmpdir(), "countersign-bench-"));
const store = await openStore({ dataDir });
// Without the lanes that keep to GitHub's limits: 180 writes a minute would be all that is seen.
const app = [...github.world.apps.values()].find(({ id }) => id === appId);
if (app === undefined) throw new Error("There is no app.");
const client = octokitWith(github.url, await installationToken(github, app, installation));

/** Pull requests in the order in which their looks ended. */
const order: number[] = [];
const log = {
  info: (fields: object, message: string) => {
    if (message === "Looked" && "target" in fields) order.push(Number(String(fields.target).split(":")[2]));
  },
  // A look that fails is repeated, and counted twice.
  warn: console.error,
  error: console.error,
};
const context = {
  store,
  appId,
  configRepo: ".github",
  pages: null,
  worker: "bench",
  now: () => Date.now(),
  log,
  outages: createOutages({ now: () => Date.now(), random: () => 0 }),
};

const rows = [
  await measured("first looks at all of them", "repo:acme/shop"),
  await measured("a comment in the roster", "rules:acme/shop", `# A comment.\n${roster}`),
  await measured(
    `grace is no senior any more: ${kinds.blocked.size} would be blocked, ${kinds.reworded.size} say it in other words`,
    "rules:acme/shop",
    roster.replace("grace: senior", "grace: mid"),
  ),
];
report({ method: `A change of the roster with ${count} open pull requests`, rows });
await store.close();
await github.close();
rmSync(dataDir, { recursive: true });

/** Each has a head of its own; approving them over HTTP would take minutes. */
async function openPulls() {
  const blocked = new Set<number>();
  const reworded = new Set<number>();
  for (let at = 0; at < count; at += 1) {
    const branch = `topic-${at}`;
    const assisted = at < count * (blockedShare + rewordedShare);
    const message = assisted ? "Cache it\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n" : "Cache it";
    github.push(shop, { branch, pusher: "juno", message, files: { [`src/${branch}.ts`]: "export {};\n" } });
    const about = { owner: "acme", repo: "shop", title: "Cache it", head: branch, base: "main" };
    const { data } = await github.as("juno").rest.pulls.create(about);
    if (!assisted) continue;
    if (at >= count * rewordedShare) {
      blocked.add(data.number);
      const review = { owner: "acme", repo: "shop", pull_number: data.number, event: "APPROVE" } as const;
      await github.as("grace").rest.pulls.createReview(review);
    } else reworded.add(data.number);
  }
  return { blocked, reworded };
}

async function measured(what: string, target: string, files?: string) {
  if (files !== undefined)
    github.push("acme/.github", {
      branch: "main",
      pusher: "ada",
      message: what,
      files: { [rosterFile]: files },
    });
  const from = github.requests.length;
  order.splice(0);
  const started = performance.now();
  await putMarks(store, [{ target, installation, priority: 1 }], Date.now());
  const worker = startWorker({ ...context, issues: false, clientFor: async () => client, random: () => 0 });
  while ((await backlog(store, Date.now())).count > 0) await pause(20);
  await worker.stop();
  const seconds = (performance.now() - started) / 1000;
  const asked = github.requests.slice(from);
  const queries = (name: string) => asked.filter(({ operation }) => operation === name).length;
  const last = order.findLastIndex((number) => kinds.blocked.has(number)) + 1;
  return {
    what,
    "queries of rules": queries("ConfigFiles"),
    "of open pull requests": queries("OpenPulls"),
    looks: queries("Facts"),
    "REST reads": asked.filter(({ method }) => method === "GET").length,
    writes: asked.filter(({ method, path }) => method !== "GET" && path !== "/graphql").length,
    "the last of those to be blocked was look": files === undefined || last === 0 ? "" : last,
    s: rounded(seconds),
  };
}
