import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { leaseMs } from "../../src/lease.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../end-to-end/until.ts";
import { freshStore } from "../store/fresh-store.ts";
import { playBeside } from "./play-beside.ts";
import { type Random, randomFrom, seeds } from "./random.ts";
import { acmeToServe, deliverTo, freePort, settle, startAt } from "./servers.ts";
import { expectAllRight } from "./settled.ts";
import { tellStory } from "./story.ts";

/** What `docs/operations.md` promises, and how often the others ask the database what they could take over. */
const takenOverWithinMs = 30_000;
const pollMs = 1_000;

const cases = [2, 4].flatMap((replicas) => seeds(1).map((seed) => ({ replicas, seed })));

it.each(cases)(
  "is right when one of $replicas servers on one database is killed under load, seed $seed",
  async ({ replicas, seed }) => {
    const random = randomFrom(seed);
    const { github, place, env } = await acmeToServe(40);
    const store = await freshStore(place);
    const victim = startAt(await freePort(), env);
    let ports = [portOf(await victim.listening())];
    deliverTo(github, ports[0] ?? 0);
    github.installApp("acme", { repositories: "all" });
    // Nobody else is there yet.
    const name = await until("the first server to work", async () => (await holders(store))[0]);
    const others = [];
    for (let more = 1; more < replicas; more += 1) others.push(startAt(await freePort(), env));
    const otherPorts = await Promise.all(others.map(async (server) => portOf(await server.listening())));
    ports = [...ports, ...otherPorts];

    const story = tellStory(github, random, 20);
    let acts = 0;
    const goOn = async () => {
      deliverTo(github, ports[acts % ports.length] ?? 0);
      acts += 1;
      await story.goOn();
    };
    const playing = playBeside(goOn, () => random.number(400));
    const held = await stopAmidLooks(store, victim.child, name, random);
    expect(await victim.end("SIGKILL")).toBe("SIGKILL");
    ports = otherPorts;
    const killedAt = Date.now();
    // From then on one of the others may take it, and does at its next poll.
    expect(Math.max(...held) - killedAt).toBeLessThanOrEqual(leaseMs);
    expect(leaseMs + pollMs).toBeLessThan(takenOverWithinMs);
    await until("the others to take over", async () => !(await holders(store)).includes(name));
    await playing.stop();

    for (const port of otherPorts) await settle(github, port);
    await expectAllRight(github, story, store);
    expect(await Promise.all(others.map(async (server) => server.end("SIGTERM")))).toEqual(
      others.map(() => 0),
    );
  },
);

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** Who holds marks: a server names its leases with a UUID of its own, and each claim with one more. */
async function holders({ db }: Store): Promise<string[]> {
  const rows = await db.selectFrom("marks").select("lease_by").where("lease_until", ">", 0).execute();
  return rows.flatMap(({ lease_by }) => lease_by?.split(" ")[0] ?? []);
}

/** Stops a server while it holds marks. Returns when its leases run out. */
async function stopAmidLooks(
  { db }: Store,
  child: { kill: (signal: NodeJS.Signals) => boolean },
  name: string,
  random: Random,
): Promise<number[]> {
  return until("the server to be in the midst of a look", async () => {
    await pause(random.number(300));
    child.kill("SIGSTOP");
    const marks = await db.selectFrom("marks").select(["lease_by", "lease_until"]).execute();
    const held = marks.filter(({ lease_by }) => lease_by?.startsWith(name));
    if (held.length > 0) return held.map(({ lease_until }) => lease_until);
    child.kill("SIGCONT");
    return null;
  });
}
