import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { until } from "../end-to-end/until.ts";
import type { FakeGitHub } from "../fake-github/server.ts";
import { freshStore } from "../store/fresh-store.ts";
import { playBeside } from "./play-beside.ts";
import { randomFrom, seeds } from "./random.ts";
import { acmeToServe, deliverTo, freePort, settle, startAt } from "./servers.ts";
import { expectAllRight } from "./settled.ts";
import { tellStory } from "./story.ts";

/** Waits until so many more deliveries were accepted. */
async function moreAccepted({ deliveries }: FakeGitHub, more: number): Promise<void> {
  const accepted = () => deliveries.filter(({ status }) => status === 202).length;
  const enough = accepted() + more;
  await until("deliveries to be accepted", () => accepted() >= enough);
}

/** How often the server is killed: 5 times in `npm run check`, 50 in `npm run check:long`. */
const kills = Number(process.env["COUNTERSIGN_KILLS"] ?? 5);

it.each(seeds(1))(
  `is right after a server was killed ${kills} times under load, seed %i`,
  { timeout: 900_000 + kills * 30_000 },
  async (seed) => {
    const random = randomFrom(seed);
    const { github, place, env } = await acmeToServe(25);
    const port = await freePort();
    deliverTo(github, port);
    github.installApp("acme", { repositories: "all" });
    const story = tellStory(github, random, 20);
    const playing = playBeside(story.goOn, () => random.number(150));
    for (let killed = 0; killed < kills; killed += 1) {
      const server = startAt(port, env);
      // Some die before they listen, while they make or read the database; the others after so many deliveries, in the midst of looks.
      if (random.whole(4) > 0) {
        await server.listening();
        await moreAccepted(github, random.whole(60));
        await pause(random.number(60));
      } else await pause(random.number(600));
      expect(await server.end("SIGKILL")).toBe("SIGKILL");
    }
    await playing.stop();

    const last = startAt(port, env);
    await last.listening();
    await settle(github, port);
    expect(await last.end("SIGTERM")).toBe(0);
    await expectAllRight(github, story, await freshStore(place));
    expect(github.deliveries.filter(({ status, redelivery }) => redelivery && status === 202)).not.toEqual(
      [],
    );
  },
);
