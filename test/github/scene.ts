/** The shop of the fake GitHub's own tests with one pull request, and what a look's reader needs to read it. */
import { onTestFinished } from "vitest";
import { type ReadOptions, readPull } from "../../src/github/read-pull.ts";
import { openShop, shop } from "../fake-github/shop-scene.ts";
import type { Pull, Repository } from "../fake-github/world.ts";

export const now = Date.parse("2026-03-01T12:00:00Z");

/** `openShop` with june's pull request #1 from topic; closed when the test is over, and it must have refused nothing. */
export async function openPull(more: { body?: string; base?: string } = {}) {
  const scene = await openShop();
  const { github, octokit, app } = scene;
  onTestFinished(async () => {
    await scene.close();
    if (github.refused.length > 0) throw new Error(`GitHub would refuse:\n${github.refused.join("\n")}`);
  });
  const { base = "main", body = "" } = more;
  if (base !== "main") github.push("acme/shop", { branch: base, pusher: "ada", from: "main" });
  await github.as("june").rest.pulls.create({ ...shop, title: "Fill the cart", head: "topic", base, body });
  const options: ReadOptions = { configRepo: ".github", appId: app.id, now };
  return {
    ...scene,
    /** Reads pull request `number` as the app. */
    read: async (number = 1) => readPull(octokit, { ...shop, number }, options),
    /** The queries that were sent since the last call, by name. */
    queries: since(() => github.requests.flatMap(({ operation }) => operation ?? [])),
  };
}

/** Every call returns what came after the one before. */
function since(all: () => readonly string[]): () => string[] {
  let seen = 0;
  return () => {
    const fresh = all().slice(seen);
    seen += fresh.length;
    return fresh;
  };
}

/** The only repository of that name, for what only the fake's world can be told. */
export function repositoryOf(scene: Awaited<ReturnType<typeof openPull>>, name = "shop"): Repository {
  const found = [...scene.github.world.repositories.values()].find((repository) => repository.name === name);
  if (found === undefined) throw new Error(`There is no repository ${name}.`);
  return found;
}

/** The pull request with this number. */
export function pullOf(scene: Awaited<ReturnType<typeof openPull>>, number = 1): Pull {
  const pull = repositoryOf(scene).pulls.get(number);
  if (pull === undefined) throw new Error(`There is no pull request ${number}.`);
  return pull;
}
