/** Attacks on evidence: taking it away, renaming it, contradicting it, keeping quiet. */
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from "vitest";
import { accountNamed, repositoryNamed } from "../fake-github/setup.ts";
import { storedPull } from "../../src/store/pulls.ts";
import { openStore } from "../../src/store/store.ts";
import {
  assertNothingRefused,
  type Company,
  openCompany,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing, matching } from "./containing.ts";
import { ledgerOf } from "./ledger-of.ts";
import { aiTrailer, merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };
const bodyMarker = "🤖 Generated with [Claude Code](https://claude.com/claude-code)";

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

async function edit(by: string, { number }: PullRequest, body: string, own = company): Promise<void> {
  await own.github.as(by).rest.pulls.update({ ...at, pull_number: number, body });
}

async function label(by: string, { number }: PullRequest, name: string): Promise<void> {
  await company.github.as(by).rest.issues.addLabels({ ...at, issue_number: number, labels: [name] });
}

async function unlabel(by: string, { number }: PullRequest, name: string): Promise<void> {
  await company.github.as(by).rest.issues.removeLabel({ ...at, issue_number: number, name });
}

it("remembers what the description said when somebody edits it away", async () => {
  const pull = await openPull(company, { message: "By hand" });
  await edit("juno", pull, `Caches the total.\n\n${bodyMarker}\n`);
  expect(await company.check(pull.sha)).toMatchObject(waits);
  await edit("juno", pull, "Caches the total.");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("seen earlier, no longer there"),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("remembers a trailer through two force-pushes, and says on which commit it was", async () => {
  const pull = await openPull(company);
  expect(await company.check(pull.sha)).toMatchObject(waits);
  pushMore(company, pull, { force: true, from: "main", message: "By hand" });
  const sha = pushMore(company, pull, { force: true, from: "main", message: "By hand again" });

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(
      new RegExp(`${aiTrailer}.*seen on \\[${pull.sha.slice(0, 7)}\\].*no longer in the branch`, "u"),
    ),
  });
});

it("finds a trailer that was amended away before the pull request was opened", async () => {
  const { github } = company;
  const files = { "src/early.ts": "export {};\n" };
  const push = { branch: "early", pusher: "juno", files };
  const between = github.push(shop, { ...push, message: `Cache the total\n\n${aiTrailer}\n` });
  const sha = github.push(shop, { ...push, from: "main", force: true, message: "By hand" });
  await github.as("juno").rest.pulls.create({ ...at, title: "All by myself", head: "early", base: "main" });

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing(`seen on [${between.slice(0, 7)}]`),
  });
});

it("remembers what the head branch was called when the work comes back under another name", async () => {
  const { github } = company;
  const first = await openPull(company, { message: "By hand", branch: "codex/cache-the-total" });
  expect(await company.check(first.sha)).toMatchObject(waits);
  const { rest } = github.as("juno");
  // GitHub closes the pull request of a head branch that is renamed.
  await rest.pulls.update({ ...at, pull_number: first.number, state: "closed" });
  github.push(shop, { branch: "cache-the-total", pusher: "juno", from: first.sha });
  await rest.pulls.create({ ...at, title: "All by myself", head: "cache-the-total", base: "main" });

  expect(await company.check(first.sha)).toMatchObject({
    ...waits,
    summary: containing("codex/cache-the-total"),
  });
});

it("remembers evidence through a merge into a branch nobody gates", async () => {
  const { github } = company;
  github.push(shop, { branch: "playground", pusher: "juno", from: "main" });
  const first = await openPull(company);
  expect(await company.check(first.sha)).toMatchObject(waits);
  const { rest } = github.as("juno");
  await rest.pulls.update({ ...at, pull_number: first.number, base: "playground" });
  await rest.pulls.merge({ ...at, pull_number: first.number });
  await company.idle();
  const files = { [`src/${first.branch}.ts`]: "export {};\n" };
  const sha = github.push(shop, { branch: "laundered", pusher: "juno", message: "By hand", files });
  await rest.pulls.create({ ...at, title: "All by myself", head: "laundered", base: "main" });

  expect(await company.check(sha)).toMatchObject({ ...waits, summary: containing(aiTrailer) });
});

it.each(["after", "before"])(
  "remembers evidence through a squash that drops the trailer, for a pull request from there that was opened %s it",
  async (when) => {
    const { github } = company;
    const base = `develop-${when}`;
    const aside = { branch: base, pusher: "ada", message: "Aside" };
    github.push(shop, { ...aside, from: "main", files: { [`${base}.md`]: "" } });
    const { rest } = github.as("juno");
    const release = async () => rest.pulls.create({ ...at, title: "Release", head: base, base: "main" });
    if (when === "before") await release();
    const assisted = await openPull(company, { base });
    expect(await company.check(assisted.sha)).toBeNull();
    // So that nothing in the branch has the files of the pull request and no others.
    github.push(shop, { ...aside, files: { [`${base}-too.md`]: "" } });
    const squash = { merge_method: "squash", commit_message: "" } as const;
    const { data } = await rest.pulls.merge({ ...at, pull_number: assisted.number, ...squash });
    if (when === "after") await release();

    expect(await company.check(data.sha)).toMatchObject({
      ...waits,
      summary: containing(`seen on [#${assisted.number}]`),
    });
  },
);

it("shows who put a label on and who took it off, and the label counts all the same", async () => {
  const pull = await openPull(company, { message: "By hand" });
  await label("milo", pull, "ai-assisted");
  await unlabel("juno", pull, "ai-assisted");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("put on by milo, taken off by juno, still counts"),
  });
});

it("knows a label that was on for less time than a look takes", async () => {
  const pull = await openPull(company, { message: "By hand" });
  await company.idle();
  company.github.holdDeliveries();
  await label("milo", pull, "ai-assisted");
  await unlabel("juno", pull, "ai-assisted");
  company.github.releaseDeliveries({ order: "reversed" });

  expect(await company.check(pull.sha)).toMatchObject(waits);
});

it.each(["renamed", "deleted"])("counts a label that was %s afterwards", async (what) => {
  const pull = await openPull(company, { message: "By hand" });
  await label("milo", pull, "ai-generated");
  expect(await company.check(pull.sha)).toMatchObject(waits);
  if (what === "renamed") company.github.renameLabel(shop, "ai-generated", "chore", "otto");
  else company.github.deleteLabel(shop, "ai-generated", "otto");

  expect(await company.check(pull.sha)).toMatchObject({
    ...waits,
    summary: containing("ai-generated"),
  });
  if (what === "renamed") company.github.deleteLabel(shop, "chore", "otto");
});

it.each(["human-only", "no-ai", "countersign-exempt"])("lets no label exempt: %s", async (name) => {
  const pull = await openPull(company);
  await label("grace", pull, name);

  expect(await company.check(pull.sha)).toMatchObject(waits);
});

it("keeps verdict and evidence on record when a squash drops the trailer", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  await company.idle();
  const squash = { ...at, pull_number: pull.number, merge_method: "squash", commit_message: "" } as const;
  const { data } = await company.github.as("juno").rest.pulls.merge(squash);

  expect(await company.check(pull.sha)).toMatchObject({
    title: "Countersigned by grace (senior)",
    summary: containing(aiTrailer),
  });
  const store = await openStore({ dataDir: company.dataDir });
  onTestFinished(async () => store.close());
  expect((await storedPull(store, "acme/shop", pull.number))?.verdict).toMatchObject({
    outcome: { kind: "countersigned", by: [{ login: "grace" }] },
    evidence: [{ quote: aiTrailer, place: { kind: "commit", sha: pull.sha } }],
  });
  const { number } = pull;
  const landed = { how: "squash", number, assisted: true, cleared: true, by: ["grace"] };
  expect(await ledgerOf(company, data.sha)).toMatchObject(landed);
});

const human = "Written without AI assistance";
it("knows the labels of the policy in any case", async () => {
  const own = await ownCompany({
    files: { [rosterFile]: roster, [policyFile]: "ai: { labels: [robot-helped] }\n" },
  });
  const pull = await openPull(own, { message: "By hand" });
  const about = { ...at, issue_number: pull.number };
  await own.github.as("milo").rest.issues.addLabels({ ...about, labels: ["Robot-Helped"] });

  expect(await own.check(pull.sha)).toMatchObject(waits);
});

const attesting = {
  [rosterFile]: roster,
  [policyFile]: `ai: { undeclared: ai, attestation: { human: "${human}", ai: "AI was used" } }\n`,
};

it("takes silence for AI assistance where the policy says so, and only the author can say otherwise", async () => {
  const own = await ownCompany({ files: attesting });
  const pull = await openPull(own, { message: "By hand" });
  expect(await own.check(pull.sha)).toMatchObject(waits);
  await edit("milo", pull, `- [x] ${human}`, own);
  expect(await own.check(pull.sha)).toMatchObject(waits);

  await edit("juno", pull, `- [x] ${human}\n`, own);

  expect(await own.check(pull.sha)).toMatchObject({
    conclusion: "success",
    title: "No countersignature needed: no sign of AI assistance",
  });
});

it("takes what a person pushes to a dependency bot's pull request for a person's, though git names the bot", async () => {
  const own = await ownCompany({ files: attesting });
  const bot = "dependabot[bot]";
  own.github.createUser(bot, { type: "Bot", id: 49699333 });
  repositoryNamed(own.github.world, shop).collaborators.set(accountNamed(own.github.world, bot).id, "write");
  const pull = await openPull(own, { by: bot, message: "Bump x from 1 to 2" });
  expect(await own.check(pull.sha)).toMatchObject({ conclusion: "success" });

  const sha = pushMore(own, pull, { author: bot, committer: bot });

  expect(await own.check(sha)).toMatchObject(waits);
});

it("believes a sign over an author who says that no AI was used", async () => {
  const own = await ownCompany({ files: attesting });
  const pull = await openPull(own);
  await edit("juno", pull, `- [x] ${human}\n`, own);

  expect(await own.check(pull.sha)).toMatchObject({ ...waits, summary: containing(aiTrailer) });
});
