import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { containing } from "./containing.ts";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  openCompany,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { publicUrl } from "./public-url.ts";
import { openPull, pushMore, review } from "./pull-request.ts";

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

let branches = 0;

/** Opens a pull request of ada's that changes files of the organisation's configuration. */
async function proposeTo(
  { github }: Company,
  files: Readonly<Record<string, string | null>>,
  repository = configRepository,
) {
  const branch = `proposal-${++branches}`;
  const push = { branch, from: "main", pusher: "ada", message: "Change the rules", files };
  const sha = github.push(repository, push);
  const [owner = "", repo = ""] = repository.split("/");
  const about = { owner, repo, title: "Change the rules", head: branch, base: "main" };
  const { data } = await github.as("ada").rest.pulls.create(about);
  return { number: data.number, sha, branch };
}

/** The newest check runs of this commit by name, their summary as people see it without Markdown's signs. */
async function checksOn({ github, idle }: Company, ref: string, repository = configRepository) {
  await idle();
  const [owner = "", repo = ""] = repository.split("/");
  const { data } = await github.as("ada").rest.checks.listForRef({ owner, repo, ref });
  return Object.fromEntries(
    data.check_runs.map(({ id, name, conclusion, output }) => {
      const annotations = runsOf(github).find((run) => run.id === id)?.annotations ?? [];
      const summary = (output.summary ?? "").replaceAll(/[\\`\u2060]/gu, "");
      return [name, { conclusion, title: output.title, summary, annotations }];
    }),
  );
}

function runsOf({ world }: Company["github"]) {
  return [...world.repositories.values()].flatMap(({ checkRuns }) => checkRuns);
}

/** The app's writes of check runs from here on. */
function writesSince({ github }: Company) {
  const seen = github.requests.length;
  return () =>
    github.requests
      .slice(seen)
      .filter(
        ({ as, method, path }) =>
          as === "countersign[bot]" && method !== "GET" && path.includes("check-runs"),
      )
      .map(({ method, status }) => `${method} ${status}`);
}

it("fails a pull request that would break the roster, at the lines, and both checks say the same words", async () => {
  const pull = await proposeTo(company, {
    [rosterFile]: "people:\n  ada: principle\n  grace: 7\nlevls: []\n",
  });

  const checks = await checksOn(company, pull.sha);

  const config = checks["Countersign config"];
  expect(config?.conclusion).toBe("failure");
  expect(config?.title).toBe("Roster would be broken: 3 problems");
  const at = (line: number, column: number, message: string) => ({
    path: rosterFile,
    start_line: line,
    end_line: line,
    start_column: column,
    end_column: column,
    annotation_level: "failure",
    message,
  });
  expect(config?.annotations).toEqual([
    at(
      2,
      8,
      'people.ada: level "principle" does not exist; did you mean "principal"? the levels are junior, mid, senior, staff, principal',
    ),
    at(3, 10, "people.grace: expected a level, or keys with values such as level: senior, got 7"),
    at(
      4,
      1,
      'levls: unknown key "levls"; did you mean "levels"? the keys here are levels, unlisted, people, teams',
    ),
  ]);
  expect(checks["Countersign"]).toMatchObject({
    conclusion: "failure",
    title: containing("would be broken by this pull request"),
  });
  const name = `${configRepository} › ${rosterFile}`;
  expect(config?.summary).toContain(`${name} would be broken by this pull request:`);
  for (const { start_line: line, start_column: column, message } of config?.annotations ?? []) {
    const words = `${name}:${line}:${column}: ${message}`;
    expect(config?.summary).toContain(words);
    expect(checks["Countersign"]?.summary).toContain(words);
  }

  const repaired = company.github.push(configRepository, {
    branch: pull.branch,
    pusher: "ada",
    message: "Repair it",
    files: { [rosterFile]: roster },
  });
  // Back to what is on the default branch: the new commit changes nothing.
  expect(Object.keys(await checksOn(company, repaired))).toEqual(["Countersign"]);
  const valid = company.github.push(configRepository, {
    branch: pull.branch,
    pusher: "ada",
    message: "Promote milo",
    files: { [rosterFile]: roster.replace("milo: mid", "milo: senior") },
  });
  expect(await checksOn(company, valid)).toMatchObject({
    Countersign: { conclusion: "action_required" },
    "Countersign config": {
      conclusion: "success",
      title: "Roster is valid: 6 people; 1 person gains senior",
      annotations: [],
    },
  });
});

it("leads to no page, where Countersign leads to the verdict: no page shows what is only proposed", async () => {
  const own = await ownCompany({ publicUrl });
  const pull = await proposeTo(own, { [rosterFile]: `${roster}  otto: senior\n` });
  await own.idle();

  const wanted = { owner: "acme", repo: ".github", ref: pull.sha };
  const { data } = await own.github.as("ada").rest.checks.listForRef(wanted);
  const leads = data.check_runs.map(({ name, details_url: url }) => [name, url?.startsWith(publicUrl)]);
  expect(Object.fromEntries(leads)).toEqual({ Countersign: true, "Countersign config": false });
});

it("checks the first roster of a company, where nothing guards it yet", async () => {
  const own = await ownCompany({ files: { "README.md": "Nothing here yet.\n" } });
  const pull = await proposeTo(own, { [rosterFile]: "people: [ada]\n" });

  expect(await checksOn(own, pull.sha)).toMatchObject({
    Countersign: { conclusion: "success" },
    "Countersign config": { conclusion: "failure", title: "Roster would be broken: 1 problem" },
  });
  assertNothingRefused(own.github);
});

describe("a repository's own policy", () => {
  it("is checked beside the organisation's roster, with a warning for what nobody can give", async () => {
    const policy = "rules:\n  - name: Staff\n    require: { approvals: 2, level: staff }\n";
    const pull = await openPull(company, { message: "Ask for staff" });
    const sha = pushMore(company, pull, { files: { [policyFile]: policy } });

    const checks = await checksOn(company, sha, shop);

    expect(checks["Countersign config"]).toEqual({
      conclusion: "success",
      title: "Policy is valid: 1 rule, 1 warning",
      summary: containing(
        [
          "### Policy\n",
          `${shop} › ${policyFile} is valid: 1 rule.\n`,
          "Warnings:\n",
          `- ${shop} › ${policyFile}:3:14: rules[0].require: nobody can satisfy the rule "Staff": it asks for 2 of level staff or above, and the roster has 1; pull requests it matches will wait`,
        ].join("\n"),
      ),
      annotations: [
        {
          path: policyFile,
          start_line: 3,
          end_line: 3,
          start_column: 14,
          end_column: 14,
          annotation_level: "warning",
          message:
            'rules[0].require: nobody can satisfy the rule "Staff": it asks for 2 of level staff or above, and the roster has 1; pull requests it matches will wait',
        },
      ],
    });
  });

  it("has its check run written once, and again with the other when somebody asks for either", async () => {
    const pull = await openPull(company);
    const sha = pushMore(company, pull, { files: { [policyFile]: "mode: maybe\n" } });
    const before = await checksOn(company, sha, shop);
    const at = { owner: "acme", repo: "shop" } as const;

    const afterRecheck = writesSince(company);
    const body = "/countersign recheck";
    await company.github.as("juno").rest.issues.createComment({ ...at, issue_number: pull.number, body });
    await company.idle();
    expect(afterRecheck()).toEqual([]);

    const afterRerequest = writesSince(company);
    const run = runsOf(company.github).find(
      ({ name, headSha }) => name === "Countersign config" && headSha === sha,
    );
    await company.github.as("juno").rest.checks.rerequestRun({ ...at, check_run_id: run?.id ?? 0 });
    expect(await checksOn(company, sha, shop)).toEqual(before);
    expect(afterRerequest()).toEqual(["PATCH 200", "PATCH 200"]);
  });
});

describe("what would change for whom", () => {
  it("names levels, and counts pull requests of other repositories without naming them", async () => {
    const own = await ownCompany();
    const waits = await openPull(own);
    await review(own, waits, "milo");
    const passes = await openPull(own, { branch: "countersigned" });
    await review(own, passes, "grace");
    await own.idle();

    const pull = await proposeTo(own, {
      [rosterFile]: roster.replace("milo: mid", "milo: senior").replace("  grace: senior\n", ""),
    });

    const config = (await checksOn(own, pull.sha))["Countersign config"];
    expect(config).toMatchObject({
      conclusion: "success",
      title:
        "Roster is valid: 5 people; 1 person loses senior, 1 person gains senior, 1 open pull request would pass, 1 open pull request would be blocked",
    });
    expect(config?.summary).toContain(
      [
        "### What would change\n",
        "- grace: senior → not listed",
        "- milo: mid → senior",
        "- 1 open pull request would pass: 1 in other repositories",
        "- 1 open pull request would be blocked: 1 in other repositories",
        "\n2 other open pull requests judged by what the last looks read.",
      ].join("\n"),
    );
    expect(config?.summary).not.toContain("acme/shop");
    assertNothingRefused(own.github);
  });

  it("names pull requests of the same repository by their number, and says of which only a look can tell", async () => {
    const own = await ownCompany();
    const waits = await openPull(own);
    const other = await openPull(own, { branch: "codex/other" });
    const pull = await openPull(own, { message: "Ask for two", branch: "rules" });
    const policy = (text: string) => pushMore(own, pull, { files: { [policyFile]: text } });

    const exempting = policy("exempt: [{ only_paths: ['src/**'] }]\n");
    const unknown = (await checksOn(own, exempting, shop))["Countersign config"];
    expect(unknown?.title).toBe("Policy is valid: 1 rule");
    expect(unknown?.summary).toContain("0 other open pull requests judged by what the last looks read.");
    expect(unknown?.summary).toContain("Of 2 more only a look after the change can tell.");

    const observing = policy("branches: [release]\n");
    const known = (await checksOn(own, observing, shop))["Countersign config"];
    // The organisation's built-in policy stays: a repository can only tighten.
    expect(known?.title).toBe("Policy is valid: 1 rule");

    await review(own, waits, "grace");
    await review(own, other, "ada");
    await own.idle();
    const tightened = policy("rules: [{ name: Top, require: { approvals: 1, level: principal } }]\n");
    const tight = (await checksOn(own, tightened, shop))["Countersign config"];
    expect(tight?.title).toBe("Policy is valid: 1 rule; 1 open pull request would be blocked");
    expect(tight?.summary).toContain(`- 1 open pull request would be blocked: #${waits.number}\n`);
    assertNothingRefused(own.github);
  });

  it("judges the organisation's first policy in place of the built-in one, and beside a repository's own", async () => {
    const own = await ownCompany();
    own.github.push(shop, {
      branch: "main",
      pusher: "ada",
      bypassRules: true,
      files: { [policyFile]: "rules: [{ name: One, require: { approvals: 1, level: senior } }]\n" },
    });
    const waits = await openPull(own);
    await own.idle();

    const off = await proposeTo(own, { [policyFile]: "rules: []\n" });
    const still = (await checksOn(own, off.sha))["Countersign config"];
    expect(still?.title).toBe("Policy is valid: 0 rules");
    expect(still?.summary).toContain("1 other open pull request judged");

    await review(own, waits, "grace");
    const two = await proposeTo(own, {
      [policyFile]: "rules: [{ name: Two, require: { approvals: 2, level: senior } }]\n",
    });
    expect(await checksOn(own, two.sha)).toMatchObject({
      "Countersign config": { title: "Policy is valid: 1 rule; 1 open pull request would be blocked" },
    });
    assertNothingRefused(own.github);
  });
});

it("takes the check back when the pull request goes to another branch, where the file decides nothing", async () => {
  const pull = await proposeTo(company, { [rosterFile]: "people: [ada]\n" });
  expect(await checksOn(company, pull.sha)).toMatchObject({
    "Countersign config": { conclusion: "failure" },
  });

  company.github.push(configRepository, { branch: "drafts", from: "main", pusher: "ada" });
  const about = { owner: "acme", repo: ".github", pull_number: pull.number };
  await company.github.as("ada").rest.pulls.update({ ...about, base: "drafts" });

  expect(await checksOn(company, pull.sha)).toMatchObject({
    "Countersign config": {
      conclusion: "neutral",
      title: "No roster or policy in force is changed",
      annotations: [],
    },
  });
});

it("lets no text of the file take effect", async () => {
  const hostile =
    'people:\n  "@acme/everyone": senior\n  "[ok](https://evil.example)": senior\n  bob: "#1 <img src=x>"\n';
  const pull = await proposeTo(company, { [rosterFile]: hostile });
  await company.idle();

  const [run] = runsOf(company.github).filter(
    ({ name, headSha }) => name === "Countersign config" && headSha === pull.sha,
  );

  const texts = [run?.output.summary, ...(run?.annotations ?? []).map(({ message }) => message)].join("\n");
  expect(run?.annotations).toHaveLength(3);
  expect(texts).not.toMatch(/@acme|https:\/\/|#1/u);
  expect(run?.output.summary).not.toMatch(/(?<!\\)\[ok|(?<!\\)<img/u);
});
