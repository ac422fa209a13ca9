import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { countersign, makeFolder } from "./git-repository.ts";
import { claude, grace, makeChange, policyPath, roster, rosterPath, run, write } from "./local-change.ts";

describe("countersign check", () => {
  test("prints title, rules, evidence and people of a change that is blocked, and exits with 1", () => {
    const { directory, sha } = makeChange();
    const short = sha.slice(0, 7);
    expect(countersign(directory, ["check"])).toEqual({
      status: 1,
      stdout: `Waiting for 1 approval by senior or above: ada or alan can

  Range   main..HEAD, 1 commit, 1 changed file
  Author  grace, by the head commit; --author LOGIN names somebody else
  Roster  main:${rosterPath}
  Policy  built-in defaults; there is no main:${policyPath}

Evidence of AI assistance
  Tool         Sign                                            Where
  claude-code  ${claude}  trailer of ${short}

Contributors
  Who    Level   Level from  What they did
  grace  junior  roster      opened the pull request, author of ${short}, committer of ${short}

Rules that apply
  Rule             Because                                        Asks for             Still needs
  Senior sign-off  AI-assisted, its lowest contributor is junior  1 × senior or above  1 by ada or alan
`,
      stderr: "",
    });
  });

  test("exits with 0 for a change that passes", () => {
    const repository = makeChange();
    repository.git("checkout", "--quiet", "-b", "docs", "main");
    repository.commit("Explain the login", grace);
    const { status, stdout } = countersign(repository.directory, ["check"]);
    expect({ status, title: stdout.split("\n")[0] }).toEqual({
      status: 0,
      title: "No countersignature needed: no sign of AI assistance",
    });
  });

  test("with --json prints the verdict and nothing else", () => {
    const { directory, sha } = makeChange();
    const { status, stdout, stderr } = countersign(directory, ["check", "--json"]);
    const part = ["author", "committer"].map((what) => `${what} of ${sha.slice(0, 7)}`);
    const candidates = ["ada", "alan"];
    const verdict: unknown = JSON.parse(stdout);
    expect({ status, stderr, verdict }).toEqual({
      status: 1,
      stderr: "",
      verdict: {
        outcome: {
          kind: "waiting",
          needs: [{ rule: "Senior sign-off", approvals: 1, level: "senior", candidates }],
        },
        mode: "enforce",
        number: 0,
        url: "",
        headSha: sha,
        siblings: [],
        evidence: [
          {
            tool: "claude-code",
            kind: "trailer",
            role: "wrote",
            confidence: "official",
            place: { kind: "commit", sha },
            quote: claude,
            remembered: false,
          },
        ],
        contributors: [
          {
            name: "grace",
            account: { login: "grace", id: null, kind: "User" },
            level: "junior",
            source: "roster",
            parts: ["opened the pull request", ...part],
          },
        ],
        rules: [
          {
            policy: "built-in defaults",
            name: "Senior sign-off",
            because: "AI-assisted, its lowest contributor is junior",
            require: { approvals: 1, level: "senior" },
            countersignedBy: [],
            missing: 1,
            candidates,
          },
        ],
        refused: [],
        notes: [],
      },
    });
  });

  test("without a roster names the file it looked for and prints one to paste", async () => {
    const { directory } = makeChange({});
    const { status, stdout } = await run(directory);
    expect(status).toBe(1);
    expect(stdout).toContain(`  Roster  none; looked for main:${rosterPath}\n`);
    expect(
      stdout,
    ).toContain(`There is no roster, so nobody can countersign. Put this on the base branch as ${rosterPath}, with your own names:

people:
  ada: senior
  grace: junior

`);
  });
});

describe("roster and policy", () => {
  test("come from the base, whatever the change does to them", async () => {
    const repository = makeChange();
    write(repository, { [rosterPath]: "people: { grace: principal }\n", [policyPath]: "rules: []\n" });
    repository.commit("Help myself", grace);
    const { status, stdout } = await run(repository.directory);
    expect([status, stdout.split("\n")[0]]).toEqual([
      1,
      "Waiting for 1 approval by senior or above: ada or alan can",
    ]);
  });

  test("come from files that are named, and the output says which", async () => {
    const { directory } = makeChange();
    const folder = makeFolder();
    const [people, rules] = [join(folder, "people.yml"), join(folder, "rules.yml")];
    writeFileSync(people, "people: { lin: senior }\n");
    writeFileSync(rules, "mode: observe\n");
    const { status, stdout } = await run(directory, "--roster", people, "--policy", rules);
    expect([status, stdout.split("\n")[0]]).toEqual([
      0,
      "Observe only: Waiting for 1 approval by senior or above: lin can",
    ]);
    expect(stdout).toContain(`  Roster  ${people}\n  Policy  ${rules}\n`);
  });

  test("that are broken are told with every problem and its place", async () => {
    const { directory } = makeChange({
      [rosterPath]: "people:\n  ada: seniour\n",
      [policyPath]: "mode: off\nbranchs: [main]\n",
    });
    const { status, stdout, stderr } = await run(directory);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.split("\n").map((line) => line.split(": ")[0])).toEqual([
      `main:${rosterPath}:2:8`,
      `main:${policyPath}:1:7`,
      `main:${policyPath}:2:1`,
      "",
    ]);
  });

  test("that contradict each other are broken, too", async () => {
    const { directory } = makeChange({ [rosterPath]: "levels: [L1, L2]\n" });
    const { status, stderr } = await run(directory);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^main:\.github\/countersign\/roster\.yml:1:9: levels: no level "senior" in L1, L2, [^\n]*\n$/,
    );
  });

  test("with a rule that nobody can satisfy are warned of", async () => {
    const { directory } = makeChange({ [rosterPath]: "people: { grace: junior }\n" });
    const { status, stderr } = await run(directory);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^main:\.github\/countersign\/roster\.yml:1:1: warning: nobody can satisfy the rule [^\n]*\n$/,
    );
  });

  test("that cannot be read are named", async () => {
    const { directory } = makeChange();
    const path = join(directory, "no.yml");
    expect(await run(directory, "--roster", path)).toEqual({
      status: 2,
      stdout: "",
      stderr: `${path}: cannot be read (ENOENT: no such file or directory, open '${path}'); correct the path\n`,
    });
  });

  test("with teams say that only GitHub knows who is in them", async () => {
    const { directory } = makeChange({ [rosterPath]: `${roster}teams: { acme/staff: staff }\n` });
    expect((await run(directory)).stdout).toMatch(
      /\nWho is in acme\/staff, only GitHub knows: members are not named above, and as contributors they count as junior\.\n$/,
    );
  });
});

describe("whose change it is", () => {
  const titleFor = async (directory: string, ...argv: string[]) =>
    (await run(directory, ...argv)).stdout.split("\n")[0];

  test("is told by --author, in any case, and a contributor cannot countersign", async () => {
    const { directory } = makeChange();
    expect(await titleFor(directory, "--author", "Ada")).toBe(
      "Waiting for 1 approval by senior or above: alan can",
    );
  });

  test.each([
    ["a roster e-mail", "Ada <ADA@acme.dev>"],
    ["a noreply address with an id", "A <1815+ada@users.noreply.github.com>"],
    ["a noreply address without one", "A <Ada@users.noreply.github.com>"],
  ])("is told by %s", async (_, author) => {
    const repository = makeChange();
    repository.git("checkout", "--quiet", "-b", "own", "main");
    repository.commit(`Own\n\n${claude}`, author);
    expect(await titleFor(repository.directory)).toBe(
      "No countersignature needed: no rule applies: the lowest level among its contributors is senior",
    );
  });

  test("is not told by a noreply address with the id of another account", async () => {
    const repository = makeChange();
    repository.git("checkout", "--quiet", "-b", "claimed", "main");
    repository.commit(`Claim\n\n${claude}`, "A <7+ada@users.noreply.github.com>");
    expect(await titleFor(repository.directory)).toBe(
      "Waiting for 1 approval by senior or above: ada or alan can",
    );
  });

  test("includes co-authors, and strangers as one person with all their parts", async () => {
    const repository = makeChange();
    const sha = repository.commit(
      "More\n\nCo-authored-by: Alan <alan@users.noreply.github.com>",
      "Lin <lin@example.org>",
    );
    const { stdout } = await run(repository.directory);
    const short = sha.slice(0, 7);
    const rows = stdout.split("\nContributors\n")[1]?.split("\n").slice(1, 4) ?? [];
    // Where a level comes from is for the gate to word.
    expect(rows.map((row) => row.trim().split(/ {2,}/).toSpliced(2, 1))).toEqual([
      [
        "Lin <lin@example.org>",
        "junior",
        `opened the pull request, author of ${short}, committer of ${short}`,
      ],
      ["grace", "junior", expect.stringMatching(/^author of /)],
      ["alan", "staff", `co-author of ${short}`],
    ]);
  });

  test("is an agent's with the lowest level when a tool made the head commit", async () => {
    const repository = makeChange();
    repository.git("checkout", "--quiet", "-b", "agent", "main");
    repository.commit("Agent", "Claude <noreply@anthropic.com>");
    expect(await titleFor(repository.directory)).toBe(
      "Waiting for 1 approval by senior or above: ada or alan can",
    );
  });
});
