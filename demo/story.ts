import { setTimeout as pause } from "node:timers/promises";
import type { FakeGitHub } from "../test/fake-github/server.ts";
import { configRepository, rosterFile, secondRoster, shop } from "./acme.ts";
import { type ShownCheckRun, showCheckRun, timeless } from "./check-run.ts";

/** How one step has to come out: the conclusion, and words that the check run must contain. */
type Expected = { readonly conclusion: string; readonly says: readonly string[] };
type Settled = { readonly run: ShownCheckRun; readonly expected: Expected };

export type Teller = { readonly say: (line: string) => void };

export const [owner, repo] = ["acme", "shop"] as const;
const branch = "faster-checkout";
/** A step that takes longer has not come out as told. */
export const settlesWithinMs = 10_000;

/**
 * Plays the story over GitHub's own API, with everybody's own token, and checks every step.
 * @returns the check run of the first step, for the README.
 * @throws when a step does not come out as told.
 */
export async function play(github: FakeGitHub, { say }: Teller): Promise<string> {
  const { juno, milo, grace, ada } = {
    juno: github.as("juno"),
    milo: github.as("milo"),
    grace: github.as("grace"),
    ada: github.as("ada"),
  };

  say("1. juno, a junior, opens a pull request that an AI assistant helped to write.");
  const first = github.push(shop, {
    branch,
    pusher: "juno",
    files: { "src/cart.ts": "export const total = 1;\n" },
    message: aiMessage("Cache the cart total"),
  });
  const { data: pull } = await juno.rest.pulls.create({
    owner,
    repo,
    title: "Cache the cart total",
    head: branch,
    base: "main",
  });
  const opened = await settle(github, first, {
    conclusion: "action_required",
    says: ["Waiting for 1 approval by senior or above: grace or ada can"],
  });
  const shown = showCheckRun(opened.run);
  say(shown);
  say(
    `   Its details lead to ${await explained(github, first)}, which explains it to everybody who may see the repository.`,
  );
  say(`   She presses Merge all the same. GitHub: ${await refusedMerge(juno, pull.number)}`);

  say("2. milo, mid-level, approves. That does not count, and the check says why.");
  await milo.rest.pulls.createReview({ owner, repo, pull_number: pull.number, event: "APPROVE" });
  say(
    line(
      await settle(github, first, {
        conclusion: "action_required",
        says: ["is mid; the rules ask for senior or above"],
      }),
    ),
  );

  say("3. grace, a senior, approves.");
  await grace.rest.pulls.createReview({ owner, repo, pull_number: pull.number, event: "APPROVE" });
  say(
    line(await settle(github, first, { conclusion: "success", says: ["Countersigned by grace (senior)"] })),
  );

  say(
    "4. juno pushes one more commit. Nobody has seen it, so the approval no longer covers what would land.",
  );
  const second = github.push(shop, {
    branch,
    pusher: "juno",
    files: { "src/cart.ts": "export const total = 2;\n" },
    message: "Round the total",
  });
  say(
    line(
      await settle(github, second, {
        conclusion: "action_required",
        says: [`approved ${first.slice(0, 7)}, the head is now ${second.slice(0, 7)}`],
      }),
    ),
  );

  say("5. grace approves again.");
  await grace.rest.pulls.createReview({ owner, repo, pull_number: pull.number, event: "APPROVE" });
  say(
    line(await settle(github, second, { conclusion: "success", says: ["Countersigned by grace (senior)"] })),
  );

  say(
    "6. The roster changes: grace is mid-level now. The verdict follows without anybody touching the pull request.",
  );
  github.push(configRepository, {
    branch: "main",
    pusher: "ada",
    files: { [rosterFile]: secondRoster },
    message: "grace moves to another ladder",
  });
  say(
    line(
      await settle(github, second, {
        conclusion: "action_required",
        says: ["ada can", "is mid; the rules ask for senior or above"],
      }),
    ),
  );

  say("7. ada, a principal, approves, and juno merges.");
  await ada.rest.pulls.createReview({ owner, repo, pull_number: pull.number, event: "APPROVE" });
  say(
    line(await settle(github, second, { conclusion: "success", says: ["Countersigned by ada (principal)"] })),
  );
  const { data: merge } = await juno.rest.pulls.merge({ owner, repo, pull_number: pull.number });
  say(`   GitHub: ${merge.message}`);
  return timeless(shown, first);
}

/** A message that says that an assistant helped. */
export function aiMessage(subject: string): string {
  return `${subject}\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n`;
}

/** Waits until the check run on a commit is what it has to be. */
export async function settle(github: FakeGitHub, sha: string, expected: Expected): Promise<Settled> {
  const deadline = Date.now() + settlesWithinMs;
  for (;;) {
    const run = await checkRun(github, sha);
    const text = `${run?.title}\n${run?.summary}`;
    if (
      run !== null &&
      run.conclusion === expected.conclusion &&
      expected.says.every((words) => text.includes(words))
    ) {
      return { run, expected };
    }
    if (Date.now() > deadline) {
      const is = run === null ? "there is no check run" : showCheckRun(run);
      throw new Error(
        `Expected ${expected.conclusion} with ${expected.says.map((words) => `"${words}"`).join(" and ")}, but:\n${is}`,
      );
    }
    await pause(50);
  }
}

async function checkRun(github: FakeGitHub, ref: string): Promise<ShownCheckRun | null> {
  const { data } = await github
    .as("ada")
    .rest.checks.listForRef({ owner, repo, ref, check_name: "Countersign" });
  if (data.check_runs.length > 1)
    throw new Error(`There are ${data.check_runs.length} check runs on ${ref}, there must be one.`);
  const run = data.check_runs[0];
  if (run === undefined) return null;
  return { name: run.name, conclusion: run.conclusion, title: run.output.title, summary: run.output.summary };
}

/** Opens the page that the check leads to, as somebody who is not signed in. Returns its address. */
async function explained(github: FakeGitHub, ref: string): Promise<string> {
  const wanted = { owner, repo, ref, check_name: "Countersign" };
  const { data } = await github.as("ada").rest.checks.listForRef(wanted);
  const address = data.check_runs[0]?.details_url ?? "";
  const page = await (await fetch(address)).text();
  if (!page.includes("Waiting for 1 approval"))
    throw new Error(`The page ${address} does not explain the check.`);
  return address;
}

/** The line in the list of checks, and what the details say about the step. */
export function line({ run, expected }: Settled): string {
  const [first = "", ...rest] = showCheckRun(run).split("\n");
  const telling = rest.filter(
    (text) => text.startsWith("│ | ") && expected.says.some((words) => text.includes(words)),
  );
  return [first, ...telling].join("\n");
}

/** What GitHub says to somebody who merges too early. */
export async function refusedMerge(person: ReturnType<FakeGitHub["as"]>, number: number): Promise<string> {
  const failure: unknown = await person.rest.pulls.merge({ owner, repo, pull_number: number }).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(failure instanceof Error)) throw new Error("GitHub merged a pull request that Countersign blocks.");
  return (failure.message.split(" - ")[0] ?? "").replace(/\s+/gu, " ").trim();
}
