/**
 * Looks a second where GitHub answers at once: the first at each pull request, which writes a check run, and one more at which
 * nothing has changed. On SQLite, and with 1, 2 and 4 replicas on PostgreSQL. Usage: npm run bench -- looks [COUNT]
 */
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { putMarks } from "../src/store/marks.ts";
import { openStore } from "../src/store/store.ts";
import { freshDatabase } from "./databases.ts";
import { furnish, openPull } from "./organisations.ts";
import { freshFolder, silence, type Started, startCountersign, workedOff } from "./processes.ts";
import { report, rounded } from "./report.ts";

const count = Number(process.argv[3] ?? 200);
/** GitHub allows each 900 points a minute, a write costing 5. */
const installations = Math.ceil(count / 50);

const rows = [];
for (const [store, replicas] of [
  ["SQLite", 1],
  ["PostgreSQL", 1],
  ["PostgreSQL", 2],
  ["PostgreSQL", 4],
] as const) {
  const { first, again } = await measure(store, replicas);
  rows.push({
    store,
    replicas,
    "first looks a second": rounded(first.rate),
    "processor ms each": rounded(first.cpuMs),
    "looks a second that change nothing": rounded(again.rate),
    "processor ms of each": rounded(again.cpuMs),
    "of the fake GitHub": rounded(again.githubMs),
  });
}
report({ method: `Looks at ${count} pull requests of ${installations} installations`, rows });

async function measure(kind: "SQLite" | "PostgreSQL", replicas: number) {
  const github = await startFakeGitHub({ validate: false });
  const { acme, owners } = furnish(github, installations);
  const database = kind === "PostgreSQL" ? await freshDatabase() : null;
  const place = { dataDir: freshFolder(), databaseUrl: database?.url ?? null };
  const env: NodeJS.ProcessEnv = {
    DATA_DIR: place.dataDir,
    LOG_LEVEL: "warn",
    ...(database && { DATABASE_URL: database.url }),
  };
  const servers: Started[] = [];
  for (let replica = 0; replica < replicas; replica += 1)
    servers.push(await startCountersign(acme, github.url, env));
  const targets: { target: string; installation: number; priority: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const owner = owners[index % installations] ?? "";
    const { number } = await openPull(github, owner);
    const installation = [...github.world.installations.keys()][index % installations] ?? 0;
    targets.push({ target: `pull:${owner}/shop:${number}`, installation, priority: 1 });
  }
  const store = await openStore(place);
  await silence(github);
  const looks = async () => {
    const [from, cpuMs] = [github.requests.length, cpuOf(servers)];
    const own = process.cpuUsage();
    await putMarks(store, targets, Date.now());
    await Promise.all(servers.map(workedOff));
    const asked = github.requests.slice(from).filter(({ as }) => as === "countersign[bot]");
    const began = Math.min(...asked.map(({ receivedAt }) => receivedAt));
    const ended = Math.max(...asked.map(({ answeredAt }) => answeredAt ?? Number.NaN));
    const { user, system } = process.cpuUsage(own);
    return {
      rate: count / ((ended - began) / 1000),
      cpuMs: (cpuOf(servers) - cpuMs) / count,
      githubMs: (user + system) / 1000 / count,
    };
  };
  const first = await looks();
  const again = await looks();
  await store.close();
  for (const server of servers) await server.stop();
  await database?.drop();
  await github.close();
  return { first, again };
}

function cpuOf(servers: readonly Started[]): number {
  return servers.reduce((sum, server) => sum + server.used().cpuMs, 0);
}
