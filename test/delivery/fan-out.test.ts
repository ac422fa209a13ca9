/** A change of roster or policy: what has to be looked at, what first, and what not at all. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { hintGroups } from "../../src/store/groups.ts";
import { claimMark, type Mark, putMarks } from "../../src/store/marks.ts";
import {
  assertNothingRefused,
  checkOn,
  configRepository,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "../end-to-end/company.ts";
import { openPull, type PullRequest, review } from "../end-to-end/pull-request.ts";
import { blobSha } from "../fake-github/git.ts";
import { until } from "../end-to-end/until.ts";
import { startWorkingDay, type WorkingDay } from "./working-day.ts";

let day: WorkingDay;
beforeEach(async () => {
  day = await startWorkingDay();
});
afterEach(async () => {
  assertNothingRefused(day.github);
  await day.close();
});

const at = { owner: "acme", repo: "shop" } as const;
const rules = "rules:acme/shop";
const target = ({ number }: Pick<PullRequest, "number">) => `pull:acme/shop:${number}`;
const byHand = { message: "By hand" };

/** Works off everything that is due. */
async function workOff(): Promise<void> {
  const worker = day.work();
  await until("the marks to be worked off", async () => {
    const due = await day.store.db
      .selectFrom("marks")
      .select("target")
      .where("due_at", "<=", day.clock())
      .execute();
    return due.length === 0;
  });
  await worker.stop();
}

async function looked(...pulls: readonly PullRequest[]): Promise<void> {
  await day.mark(...pulls.map(target));
  await workOff();
}

/** Puts files on the default branch of a repository, as ada. */
function commit(files: Readonly<Record<string, string>>, repository = configRepository): void {
  day.github.push(repository, {
    branch: "main",
    pusher: "ada",
    message: "New rules",
    files,
    bypassRules: true,
  });
}

/** What the fan-out of a mark marks, in the order in which it will be looked at: target, priority, and when if not now. */
async function fannedOut(mark: Partial<Mark> = {}): Promise<string[]> {
  const before = day.begun.length;
  await putMarks(
    day.store,
    [{ target: rules, installation: day.installation, priority: 1, ...mark }],
    day.clock(),
  );
  day.closeDoor();
  const worker = day.work();
  await until("the fan-out to begin", () => day.begun.length > before);
  // It claims nothing of what it marks.
  const stopping = worker.stop();
  day.openDoor();
  await stopping;
  const rows = await day.store.db
    .selectFrom("marks")
    .select(["target", "priority", "due_at"])
    .orderBy("priority")
    .orderBy("due_at")
    .orderBy("target")
    .execute();
  return rows.map(({ target: name, priority, due_at: due }) => {
    const when = due === day.clock() ? "" : ` in ${Math.round((due - day.clock()) / 3_600_000)} h`;
    return `${name} ${priority}${when}`;
  });
}

/** The queries the app sent since `from`, by name. */
const queriesSince = (from: number) =>
  day.github.requests.slice(from).flatMap(({ operation }) => operation ?? []);

const titleOf = async ({ sha }: PullRequest) => (await checkOn(day.github, sha))?.title;

it("has in the audit log which roster is in force though it changes no verdict, once", async () => {
  const pull = await openPull(day);
  await looked(pull);
  const added = roster.replace("people:\n", "people:\n  zoe: junior\n");
  commit({ [rosterFile]: added });
  const marked = [await fannedOut(), await fannedOut()];
  const rows = await day.store.db
    .selectFrom("audit")
    .select(["kind", "sha", "body"])
    .orderBy("seq", "desc")
    .limit(2)
    .execute();
  expect([marked, rows]).toMatchObject([
    [[], []],
    [
      {
        kind: "config",
        sha: blobSha(added),
        body: JSON.stringify({ file: `${configRepository} › ${rosterFile}` }),
      },
      { kind: "verdict" },
    ],
  ]);
});

it("looks first at what would be blocked, then at what is unknown, at other verdicts and other words, and not at the rest", async () => {
  const passing = await openPull(day);
  await review(day, passing, "grace");
  const promoted = await openPull(day);
  await review(day, promoted, "milo");
  const waiting = await openPull(day);
  const human = await openPull(day, byHand);
  await looked(passing, promoted, waiting, human);
  const unknown = await openPull(day);

  commit({
    [rosterFile]: roster.replace("grace: senior", "grace: mid").replace("milo: mid", "milo: senior"),
  });
  expect(await fannedOut()).toEqual([
    `${target(passing)} 1`,
    `${target(unknown)} 2`,
    `${target(promoted)} 3`,
    `${target(waiting)} 4`,
  ]);

  const from = day.github.requests.length;
  await workOff();
  expect(queriesSince(from)).toEqual(["Facts", "Facts", "Facts", "Facts"]);
  expect(await Promise.all([passing, promoted, waiting, human, unknown].map(titleOf))).toEqual([
    expect.stringContaining("Waiting for 1 approval by senior or above"),
    "Countersigned by milo (senior)",
    expect.stringContaining("Waiting for 1 approval by senior or above"),
    "No countersignature needed: no sign of AI assistance",
    expect.stringContaining("Waiting for 1 approval by senior or above"),
  ]);
});

it("asks twice for a hundred open pull requests of which it looks at none", async () => {
  await looked(await openPull(day), await openPull(day, byHand));
  commit({ [rosterFile]: `# Only a comment.\n${roster}` });
  const from = day.github.requests.length;
  expect([await fannedOut(), queriesSince(from)]).toEqual([[], ["ConfigFiles", "OpenPulls"]]);
  expect(day.log.at(-1)).toMatchObject({
    target: rules,
    blocks: 0,
    unread: 0,
    changes: 0,
    rewords: 0,
    same: 2,
    msg: "Judged stored facts by the rules of now",
  });
});

it("asks once more for each further hundred", async () => {
  const pull = await openPull(day, byHand);
  await looked(pull);
  const repository = [...day.github.world.repositories.values()].find(({ name }) => name === "shop");
  const one = repository?.pulls.get(pull.number);
  if (repository === undefined || one === undefined) throw new Error("There is no pull request.");
  for (let number = 1_001; number <= 1_230; number += 1) {
    repository.pulls.set(number, { ...one, id: number, number });
  }
  const from = day.github.requests.length;
  const marked = await fannedOut();
  expect([marked.length, marked[0], queriesSince(from)]).toEqual([
    230,
    "pull:acme/shop:1001 2",
    ["ConfigFiles", "OpenPulls", "OpenPulls", "OpenPulls"],
  ]);
});

it.each([
  [
    "a label that no delivery told of",
    2,
    async ({ number }: PullRequest) =>
      void (await day.github.as("ada").rest.issues.addLabels({ ...at, issue_number: number, labels: ["x"] })),
  ],
  [
    "facts that this version does not understand",
    2,
    async () => void (await day.store.db.updateTable("pulls").set({ verdict: "{}" }).execute()),
  ],
  [
    "a check run that is gone",
    4,
    async () => {
      for (const { checkRuns } of day.github.world.repositories.values()) checkRuns.splice(0);
    },
  ],
  [
    "a check run that says something else than was decided",
    4,
    async () => {
      for (const { checkRuns } of day.github.world.repositories.values())
        for (const run of checkRuns) run.output = { ...run.output, title: "Something else" };
    },
  ],
  ["a policy that asks for git-ai's notes", 2, async () => commit({ [policyFile]: "ai: { notes: true }\n" })],
  [
    "a first policy, which comes to be guarded",
    2,
    async () => commit({ [policyFile]: "mode: enforce\n" }, shop),
  ],
  ["a policy that only observes", 3, async () => commit({ [policyFile]: "mode: observe\n" })],
  [
    "a path rule, for which the old names of renamed files have to be read",
    2,
    async () => commit({ [policyFile]: `exempt: [{ only_paths: ["docs/**"] }]\n` }),
  ],
] as const)("looks where the rules find %s", async (_what, priority, happens) => {
  const pull = await openPull(day, byHand);
  await looked(pull);
  await happens(pull);
  expect(await fannedOut()).toEqual([`${target(pull)} ${priority}`]);
});

it("looks at once where GitHub shows a pass that the rules of now refuse, whatever was decided last", async () => {
  const pull = await openPull(day);
  await looked(pull);
  for (const { checkRuns } of day.github.world.repositories.values())
    for (const run of checkRuns) run.conclusion = "success";
  expect(await fannedOut()).toEqual([`${target(pull)} 1`]);
});

it("does not take facts of a look that was not judged for those of the last", async () => {
  const ungated = "branches: [release]\n";
  day.github.push(shop, { branch: "next", pusher: "ada", from: "main" });
  const pull = await openPull(day, { ...byHand, base: "next" });
  commit({ [policyFile]: "branches: [~ALL]\n" });
  await looked(pull);
  commit({ [policyFile]: ungated });
  await day.github
    .as("ada")
    .rest.issues.addLabels({ ...at, issue_number: pull.number, labels: ["ai-assisted"] });
  await looked(pull);
  commit({ [policyFile]: "branches: [~ALL]\n" });
  expect(await fannedOut()).toEqual([`${target(pull)} 2`]);
});

it("spreads what nobody waits for over the hours whose points it needs, and what passes wrongly comes at once", async () => {
  const passing = await openPull(day);
  await review(day, passing, "grace");
  const waiting = [await openPull(day), await openPull(day), await openPull(day)];
  await looked(passing, ...waiting);
  commit({ [rosterFile]: roster.replace("grace: senior", "grace: mid") });
  // A fifth of 5,000 is kept, and a look costs three. Two are marked already: this fan-out and the one that passes.
  day.github.world.graphqlPointsLeft = 1_009;
  expect(await fannedOut()).toEqual([
    `${target(passing)} 1`,
    ...waiting.map((pull, at_) => `${target(pull)} 4${at_ === 0 ? "" : " in 1 h"}`),
  ]);
});

it("does not hurry more than what it was marked for", async () => {
  const passing = await openPull(day);
  await review(day, passing, "grace");
  await looked(passing);
  commit({ [rosterFile]: roster.replace("grace: senior", "grace: mid") });
  expect(await fannedOut({ priority: 5 })).toEqual([`${target(passing)} 5`]);
});

it("marks every repository for a change of the organisation's rules", async () => {
  const marked = await fannedOut({ target: `all-rules:${day.installation}` });
  expect(marked).toEqual(["rules:acme/.github 1", "rules:acme/shop 1"]);
});

it("binds no login to the account it had when facts were read", async () => {
  const pull = await openPull(day, { by: "otto" });
  await looked(pull);
  commit({ [rosterFile]: `${roster}  otto: senior\n` });
  await fannedOut();
  const rows = await day.store.db
    .selectFrom("configs")
    .select("path")
    .where("path", "=", "login:otto")
    .execute();
  expect(rows).toEqual([]);
});

it("looks once more at what is being looked at, perhaps by rules that are no more", async () => {
  const pull = await openPull(day, byHand);
  await looked(pull);
  await day.mark(target(pull));
  await claimMark(day.store, { worker: "another server", now: day.clock(), leaseMs: 3_600_000 });
  await fannedOut();
  const mark = await day.store.db.selectFrom("marks").select(["generation", "lease_by"]).executeTakeFirst();
  expect(mark).toEqual({ generation: 2, lease_by: "another server" });
});

it("looks at the merge groups that are open, too", async () => {
  const sha = "a".repeat(40);
  const group = { repo: shop, sha, headRef: "gh-readonly-queue/main/pr-1", base: "main" };
  await hintGroups(day.store, [{ ...group, open: true }]);
  expect(await fannedOut()).toEqual([`group:acme/shop:${sha} 1`]);
});
