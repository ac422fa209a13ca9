/** What a look reads to find what was replaced before anybody looked, and what a lost store knew; and that it reads it once. */
import { describe, expect, test } from "vitest";
import { look } from "../../src/look.ts";
import { toText } from "../../src/memory.ts";
import { restore } from "../../src/restore.ts";
import { recall, rememberObservations } from "../../src/store/observations.ts";
import type { Store } from "../../src/store/store.ts";
import { evidence } from "../gate/world.ts";
import { freshStore } from "../store/fresh-store.ts";
import { factsWith } from "./facts-with.ts";
import { type Acme, assisted, openAcme, shop } from "./acme.ts";

const plain = { message: "Cache the total", files: { "cart.ts": "export const total = 1;\n" } };
const waiting = { verdict: { outcome: { kind: "waiting" } } };

/** The requests of what is done, by operation or path. */
async function requestsOf(acme: Acme, done: () => Promise<unknown>): Promise<string[]> {
  const from = acme.github.requests.length;
  await done();
  return acme.github.requests
    .slice(from)
    .map(({ path, operation }) => operation ?? path.replace(/^.repos.acme.shop.|\.\.\..*$|\/\d+$/gu, ""));
}

function forcePush({ github }: Acme, more: { message: string; files: Record<string, string> }): string {
  return github.push("acme/shop", { branch: "topic", pusher: "june", from: "main", force: true, ...more });
}

/** Rewrites what our check run on a commit says to itself. */
async function rewriteText({ octokit, context }: Acme, ref: string, text: string): Promise<void> {
  const app_id = context.appId ?? 0;
  const { data } = await octokit.rest.checks.listForRef({ ...shop, ref, app_id });
  const { id = 0, output } = data.check_runs[0] ?? {};
  const [title, summary] = [output?.title ?? "", output?.summary ?? ""];
  await octokit.rest.checks.update({ ...shop, check_run_id: id, output: { title, summary, text } });
}

/** A look of a server whose store is another one. */
async function lookFrom(acme: Acme, store: Store) {
  const request = { pull: { ...shop, number: 1 }, installation: acme.installation, rewrite: false };
  return look({ ...acme.context, store }, acme.octokit, request);
}

describe("a head that was replaced before anybody looked", () => {
  test("is read with two requests, and not again", async () => {
    const acme = await openAcme();
    forcePush(acme, plain);
    await acme.deliver();

    const reading = ["Facts", "compare/main", "OldCommits"];
    expect(await requestsOf(acme, async () => acme.look())).toEqual([...reading, "check-runs"]);
    // What is left is to ask whether the commit has landed since, as of all evidence that is only remembered.
    expect(await requestsOf(acme, async () => acme.look())).toEqual(["Facts", "compare/main"]);
    expect(await acme.look()).toMatchObject(waiting);
  });

  test("is not read where a look saw it", async () => {
    const acme = await openAcme();
    await acme.deliver();
    await acme.look();
    forcePush(acme, plain);
    await acme.deliver();

    expect(await requestsOf(acme, async () => acme.look())).toEqual(["Facts", "compare/main", "check-runs"]);
  });

  test("that GitHub fails to show keeps the verdict back, and is read by the next look", async () => {
    const acme = await openAcme();
    const sha = forcePush(acme, plain);
    acme.github.fault({ path: /\/compare\//u, status: 502, times: 1 });

    expect(await acme.look()).toMatchObject({
      verdict: { outcome: { kind: "undecidable" } },
      unread: expect.stringContaining("502"),
    });
    expect(await acme.look()).toMatchObject({ ...waiting, unread: null, headSha: sha });
  });

  test("that GitHub does not have any more holds nothing up", async () => {
    const acme = await openAcme();
    forcePush(acme, plain);
    for (const { commits } of acme.github.world.repositories.values()) commits.delete(acme.head);

    expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "not-needed" } } });
  });

  test("is read ten at a time, and nothing passes before all are", async () => {
    const acme = await openAcme();
    for (let at = 0; at < 11; at++) forcePush(acme, { ...plain, message: `Try ${at}` });

    const outcomes = [];
    for (let looks = 0; looks < 2; looks++) {
      const result = await acme.look();
      outcomes.push(result.kind === "published" ? result.verdict.outcome.kind : result.kind);
    }
    expect(outcomes).toEqual(["undecidable", "waiting"]);
  });
});

describe("our own earlier check runs", () => {
  /** The pull request without any sign of AI assistance, after a look that saw one in its description. */
  async function withForgotten(): Promise<Acme & { readonly sha: string }> {
    const acme = await openAcme();
    const sha = forcePush(acme, plain);
    acme.github.world.repositories.forEach(({ pulls }) => pulls.get(1)?.timeline.splice(0));
    const body = (text: string) =>
      acme.github.as("june").rest.pulls.update({ ...shop, pull_number: 1, body: text });
    await body("Generated with [Claude Code](https://claude.com/claude-code)");
    await acme.look();
    await body("By hand.");
    return { ...acme, sha };
  }

  test("on the head are read with the facts: what they remember is stored again", async () => {
    const acme = await withForgotten();
    const store = await freshStore();

    const again = ["Facts", "Facts", "check-runs"];
    expect(await requestsOf(acme, async () => lookFrom(acme, store))).toEqual(again);
    const remembered = await recall(store, "acme/shop", 1);
    expect(remembered).toEqual(await recall(acme.store, "acme/shop", 1));
    expect(await lookFrom(acme, store)).toMatchObject({ ...waiting, wrote: "unchanged" });
  });

  test("make up for an old backup, too, which knows of an earlier look", async () => {
    const acme = await withForgotten();
    const store = await freshStore();
    const observation = { kind: "scanned", sha: acme.sha } as const;
    await rememberObservations(store, [{ repo: "acme/shop", number: 1, key: acme.sha, at: 1, observation }]);

    expect(await lookFrom(acme, store)).toMatchObject(waiting);
  });

  test("are left out when they are damaged, and the log says so", async () => {
    const acme = await withForgotten();
    await rewriteText(acme, acme.sha, "<!-- countersign:memory:1 e30= -->");

    const result = await lookFrom(acme, await freshStore());

    expect(result).toMatchObject({ verdict: { outcome: { kind: "not-needed" } } });
    const message = "What our check run on this commit remembers is damaged and left out";
    expect(acme.warnings).toEqual([{ pull: "acme/shop#1", sha: acme.sha, message }]);
  });

  test("are not asked for when the pull request was opened before our eyes, however many commits it has", async () => {
    const acme = await openAcme();
    acme.github.push("acme/shop", { branch: "topic", pusher: "june", message: assisted("More") });
    await acme.deliver();
    expect(await requestsOf(acme, async () => acme.look())).toEqual(["Facts", "check-runs"]);
  });

  test("are asked for once where nobody knows whether there were looks", async () => {
    const acme = await openAcme();
    acme.github.push("acme/shop", { branch: "topic", pusher: "june", message: assisted("More") });

    const read = ["Facts", "Facts", "OwnTexts", "check-runs"];
    expect(await requestsOf(acme, async () => acme.look())).toEqual(read);
    expect(await requestsOf(acme, async () => acme.look())).toEqual(["Facts"]);
  });

  test("that cannot be read let nothing be published", async () => {
    const acme = await openAcme();
    acme.github.push("acme/shop", { branch: "topic", pusher: "june", message: assisted("More") });
    acme.github.fault({ path: /graphql/u, operation: "OwnTexts", status: 502, times: 1 });

    await expect(acme.look()).rejects.toMatchObject({ name: "GitHubError", gone: false });
    expect(acme.writes()).toEqual([]);
  });

  test("bring nothing twice: not a long line they keep only the beginning of", async () => {
    const acme = await openAcme();
    const trailer = `Assisted-by: Claude Code ${"x".repeat(500)}`;
    acme.github.push("acme/shop", { branch: "topic", pusher: "june", message: `More\n\n${trailer}\n` });
    await acme.look();
    const once = await recall(acme.store, "acme/shop", 1);
    await acme.look();

    expect(once.filter(({ kind }) => kind === "evidence")).toHaveLength(2);
    expect(await recall(acme.store, "acme/shop", 1)).toEqual(once);
  });

  test("make nobody's push that of another pull request with the same head", async () => {
    const acme = await openAcme();
    acme.github.push("acme/shop", { branch: "twin", pusher: "june", from: "topic" });
    const twin = await acme.openPull("main", "twin");
    await acme.deliver();
    for (const branch of ["topic", "twin"] as const)
      acme.github.push("acme/shop", { branch, pusher: "milo", from: acme.head, force: true });
    const sha = acme.github.push("acme/shop", { branch: "topic", pusher: "milo", message: "More" });
    acme.github.push("acme/shop", { branch: "twin", pusher: "grace", from: sha });
    await acme.deliver();
    for (const number of [1, twin, 1]) await acme.look(number);

    const pushers = (await recall(acme.store, "acme/shop", 1)).flatMap((seen) =>
      seen.kind === "push" ? [seen.actor.login] : [],
    );
    expect(pushers).toEqual(["milo"]);
  });

  test.each([
    [
      "while the store knows of a look, for there it was inherited and may lapse",
      [{ kind: "scanned", sha: "a" }],
      0,
    ],
    ["but when everything is forgotten", [], 1],
  ] as const)(
    "do not bring back what was seen on another pull request %s",
    async (_when, known, expected) => {
      const acme = await openAcme();
      const seen = { kind: "evidence", evidence: evidence({ seenOn: 3 }) } as const;
      const text = toText([{ number: 1, observations: [seen] }]);
      const run = { id: 1, status: "completed", conclusion: "failure", title: "", summary: "" };
      const checkRun = { ...run, text, detailsUrl: null };
      const pull = { facts: factsWith({ number: 1 }), checkRun };

      expect(await restore(acme.context, acme.octokit, pull, known)).toEqual([seen].slice(0, expected));
    },
  );
});
