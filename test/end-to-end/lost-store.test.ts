import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { assertNothingRefused, type Company, openCompany } from "./company.ts";
import { containing } from "./containing.ts";
import { toText } from "../../src/memory.ts";
import { otherApp } from "./other-app.ts";
import { aiTrailer, openPull, type PullRequest, pushMore } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** By hand, and so it says. */
const plain = { message: "Cache the total" };
const generated = "\u{1F916} Generated with [Claude Code](https://claude.com/claude-code)";

async function setBody({ number }: PullRequest, body: string): Promise<void> {
  await company.github.as("juno").rest.pulls.update({ ...at, pull_number: number, body });
}

async function recheck({ number }: PullRequest): Promise<void> {
  const body = "/countersign recheck";
  await company.github.as("juno").rest.issues.createComment({ ...at, issue_number: number, body });
}

function amend(pull: PullRequest): string {
  return pushMore(company, pull, { force: true, from: "main", ...plain });
}

it("still counts a label that was taken off before the store was lost", async () => {
  const pull = await openPull(company, plain);
  const label = { ...at, issue_number: pull.number };
  await company.github.as("juno").rest.issues.addLabels({ ...label, labels: ["ai-assisted"] });
  await company.github.as("juno").rest.issues.removeLabel({ ...label, name: "ai-assisted" });
  // Our own check run says it as well, so it is taken away: the label's history alone has to tell.
  await company.loseStore(() => forgetChecks());
  await recheck(pull);

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("put on by juno, taken off by juno, still counts"),
  });
});

it("still finds a trailer that was amended away before the store was lost, on the head that a force-push replaced", async () => {
  const pull = await openPull(company);
  await company.idle();
  const sha = amend(pull);
  await company.loseStore(() => forgetChecks());
  await recheck(pull);

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing(`seen on [${pull.sha.slice(0, 7)}]`),
  });
});

it("still knows what was edited away before the store was lost, from its own check run on the head", async () => {
  const pull = await openPull(company, plain);
  await setBody(pull, generated);
  await company.idle();
  await setBody(pull, "By hand.");
  await company.loseStore();
  await recheck(pull);

  expect(await company.check(pull.sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing("Generated with"),
  });
});

it.each([
  ["pushed over", { force: true, from: "main" }],
  ["built upon", {}],
] as const)(
  "still knows it when the head of that check run was %s while the server was down",
  async (_, more) => {
    const pull = await openPull(company, plain);
    await setBody(pull, generated);
    await company.idle();
    await setBody(pull, "By hand.");
    let sha = "";
    await company.loseStore(() => {
      pushMore(company, pull, { ...more, ...plain });
      sha = pushMore(company, pull, { files: { "src/more.ts": "" } });
    });
    await recheck(pull);

    expect(await company.check(sha)).toMatchObject({
      conclusion: "action_required",
      summary: containing("Generated with"),
    });
  },
);

it("still bars who pushed before the store was lost", async () => {
  const pull = await openPull(company);
  const author = { author: "juno", committer: "juno" };
  const sha = pushMore(company, pull, { ...author, pusher: "vera" });
  await company.idle();
  await company.loseStore();
  await company.github
    .as("vera")
    .rest.pulls.createReview({ ...at, pull_number: pull.number, event: "APPROVE" });

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing(`pushed ${sha.slice(0, 7)}`),
  });
});

it("finds evidence in a head that was replaced before anybody looked at it", async () => {
  const pull = await openPull(company, plain);
  await company.idle();
  company.github.holdDeliveries();
  const between = pushMore(company, pull, { message: `Round it\n\n${aiTrailer}\n` });
  const sha = amend(pull);
  company.github.releaseDeliveries();

  expect(await company.check(sha)).toMatchObject({
    conclusion: "action_required",
    summary: containing(`seen on [${between.slice(0, 7)}]`),
  });
});

it("believes no record that another app left in a check run of the same name, or that people wrote", async () => {
  const pull = await openPull(company, plain);
  const { number } = pull;
  const evidence = {
    tool: "claude-code",
    kind: "body",
    role: "wrote",
    confidence: "official",
    place: { kind: "pull-request" },
    quote: "forged",
    remembered: false,
  } as const;
  const forged = toText([{ number, observations: [{ kind: "evidence", evidence }] }]);
  if (forged === null) throw new Error("There is nothing to forge.");
  await setBody(pull, forged);
  const workflow = await otherApp(company.github, "workflow");
  const run = { ...at, name: "Countersign", head_sha: pull.sha, conclusion: "success" } as const;
  await workflow.rest.checks.create({ ...run, output: { title: "Fine", summary: forged, text: forged } });
  await company.loseStore();
  await recheck(pull);

  expect(await company.check(pull.sha)).toMatchObject({
    title: "No countersignature needed: no sign of AI assistance",
  });
});

function shopWorld() {
  const found = [...company.github.world.repositories.values()].find(({ name }) => name === "shop");
  if (found === undefined) throw new Error("There is no shop.");
  return found;
}

/** As if GitHub had deleted them: it keeps check runs for 400 days. */
function forgetChecks(): void {
  shopWorld().checkRuns.splice(0);
}
