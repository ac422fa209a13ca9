import { renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { countersign, environment, makeFolder, makeRepository, repositoryAt } from "./git-repository.ts";
import { grace, makeChange, policyPath, roster, rosterPath, run, write } from "./local-change.ts";

describe("the range", () => {
  test("is of real commits and files: merges, renames under both names, names that nobody expects", async () => {
    const policy = `rules: [{ name: Guarded, when: { paths: ["guarded/**"], provenance: any }, require: { approvals: 1, level: senior } }]\n`;
    const repository = makeChange({
      [rosterPath]: roster,
      [policyPath]: policy,
      "guarded/a": "1\n2\n3\n",
      other: "x\n",
    });
    repository.git("checkout", "--quiet", "main");
    write(repository, { other: "y\n" });
    repository.commit("Meanwhile");
    repository.git("checkout", "--quiet", "fix");
    repository.git(
      "-c",
      "user.name=Grace",
      "-c",
      "user.email=grace@acme.dev",
      "merge",
      "--quiet",
      "--no-edit",
      "main",
    );
    renameSync(join(repository.directory, "guarded/a"), join(repository.directory, 'odd"\nname\x1b[2J'));
    repository.commit("Move", grace);
    const { status, stdout } = await run(repository.directory);
    expect(status).toBe(1);
    expect(stdout).toContain("  Range   main..HEAD, 3 commits, 2 changed files\n");
    expect(stdout).toContain("  Guarded  changes guarded/a");
    expect(stdout).not.toContain("\x1b");
  });

  test("has a head whose branch can be evidence", async () => {
    const repository = makeChange();
    repository.git("checkout", "--quiet", "-b", "copilot/fix-login", "main");
    repository.commit("Fix", grace);
    expect((await run(repository.directory, "--head", "copilot/fix-login")).stdout).toMatch(
      /\n {2}copilot\S* +copilot\/fix-login +name of the head branch\n/,
    );
  });

  test("into a branch that no policy gates is not judged", async () => {
    const { directory, git } = makeChange();
    git("branch", "release/1", "main");
    const said = {
      status: 0,
      stdout: "release/1 is not gated by built-in defaults: nothing to judge.\n",
      stderr: "",
    };
    expect(await run(directory, "--base", "release/1")).toEqual(said);
    expect(await run(directory, "--base", "release/1", "--json")).toEqual({ ...said, stdout: "null\n" });
  });

  test("that is empty passes", async () => {
    const { directory } = makeChange();
    const said = { status: 0, stdout: "There are no commits in main..main: nothing to judge.\n", stderr: "" };
    expect(await run(directory, "--head", "main")).toEqual(said);
    expect(await run(directory, "--head", "main", "--json")).toEqual({ ...said, stdout: "null\n" });
  });

  test("goes to the default branch of origin, also in a bare clone", async () => {
    const { directory, git } = makeChange();
    const folder = makeFolder();
    git("clone", "--quiet", directory, join(folder, "clone"));
    git("clone", "--quiet", "--bare", directory, join(folder, "bare"));
    repositoryAt(join(folder, "clone")).git("remote", "set-head", "origin", "main");
    expect((await run(join(folder, "clone"))).stdout).toContain(
      "  Range   origin/main..HEAD, 1 commit, 1 changed file\n",
    );
    expect((await run("/", "--repo", join(folder, "bare"))).stdout).toContain(
      "  Range   main..HEAD, 1 commit, 1 changed file\n",
    );
  });

  test("in the repository of --repo is read there, also from within a hook of another one", async () => {
    const { directory } = makeChange();
    const other = makeRepository();
    const env = { ...environment, GIT_DIR: join(other.directory, ".git") };
    expect(
      countersign(other.directory, ["check", "--repo", directory, "--author", "alan"], { env }).stdout,
    ).toContain("Author  alan\n");
  });

  test("that leaves a shallow clone is not judged by half", async () => {
    const repository = makeChange();
    repository.commit("More", grace);
    const folder = makeFolder();
    const from = `file://${repository.directory}`;
    repository.git("clone", "--quiet", "--depth=1", "--no-single-branch", from, join(folder, "shallow"));
    expect(await run(join(folder, "shallow"), "--base", "origin/main")).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign check: this clone is too shallow for origin/main..HEAD; run "git fetch --unshallow" and try again\n`,
    });
  });

  test("of more than 2000 commits is not judged", async () => {
    const repository = makeChange();
    const commits = Array.from({ length: 2_001 }, (_, at) => {
      const from = at === 0 ? `from ${repository.sha}\n` : "";
      return `commit refs/heads/long\ncommitter A <a@b.c> ${at} +0000\ndata 1\nx\n${from}`;
    });
    repository.fastImport(commits.join(""));
    expect(await run(repository.directory, "--head", "long")).toEqual({
      status: 2,
      stdout: "",
      stderr: "countersign check: main..long has more than 2000 commits; name a closer --base\n",
    });
  });

  test("without common history is not judged", async () => {
    const repository = makeChange();
    repository.git("checkout", "--quiet", "--orphan", "island");
    repository.commit("Island");
    expect((await run(repository.directory)).stderr).toBe(
      "countersign check: main and HEAD share no history; name another --base\n",
    );
  });
});

describe("what is wrong", () => {
  const usage = 'Run "countersign check --help" for how it is used.\n';
  const branches = 'in this repository; "git branch --all" lists the branches there are\n';

  test.each([
    ["an unknown base", ["--base", "nope"], `there is no revision "nope" ${branches}`],
    ["a revision named like an option", ["--head=--all"], `there is no revision "--all" ${branches}`],
    ["a range for a revision", ["--head", "main..fix"], `there is no revision "main..fix" ${branches}`],
    [
      "a file for a revision",
      ["--head", "HEAD:src/login.ts"],
      `"HEAD:src/login.ts" is not a commit ${branches}`,
    ],
    ["no such directory", ["--repo", "/no/such"], `there is no directory "/no/such"; correct the path\n`],
    ["an empty value", ["--base", ""], `--base is empty; give a value or leave it out\n${usage}`],
    [
      "no login",
      ["--author", "Ada L"],
      `"Ada L" is not a GitHub login; write it as in --author ada\n${usage}`,
    ],
    [
      "an argument",
      ["main"],
      `Unexpected argument 'main'. This command does not take positional arguments\n${usage}`,
    ],
  ])("is told in one line: %s", async (_, argv, why) => {
    const { directory } = makeChange();
    expect(await run(directory, ...argv)).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign check: ${why}`,
    });
  });

  test("is told when there is no repository, no default branch, or no git", async () => {
    const folder = makeFolder();
    const other = makeRepository();
    other.git("checkout", "--quiet", "-b", "trunk");
    other.commit("One");
    const notHere = `${JSON.stringify(folder)} is not in a git repository; go to a clone`;
    const noBase =
      "no default branch: neither origin/HEAD nor main or master is here; name the base with --base";
    const failed = (why: string) => ({ status: 2, stdout: "", stderr: `countersign check: ${why}\n` });
    expect(await run(folder)).toEqual(failed(notHere));
    expect(await run(other.directory)).toEqual(failed(noBase));
    expect(countersign(folder, ["check"], { env: { ...environment, PATH: "" } })).toEqual(
      failed("git was not found; install it, or add its folder to PATH"),
    );
  });

  test("includes git-ai's notes where the policy asks for them", async () => {
    const human = makeChange({ [rosterPath]: roster, [policyPath]: "ai: { notes: true }\n" });
    const grace = ["-c", "user.name=Grace", "-c", "user.email=grace@acme.dev"];
    human.git(...grace, "commit", "--quiet", "--amend", "-m", "Fix the login");
    expect(await run(human.directory)).toMatchObject({ status: 0, stderr: "" });

    const session = { agent_id: { tool: "cursor", id: "1", model: "m" } };
    const data = { schema_version: "authorship/3.0.0", prompts: { a1b2c3d4e5f60718: session } };
    const note = `src/login.ts\n  a1b2c3d4e5f60718 2\n---\n${JSON.stringify(data)}\n`;
    human.git(...grace, "notes", "--ref=ai", "add", "-m", note, "HEAD");
    const { status, stdout } = await run(human.directory);
    expect({ status, note: stdout.includes("git-ai: 1 line in 1 file by cursor") }).toEqual({
      status: 1,
      note: true,
    });
  });

  test.each(["--help", "-h"])("is looked up with %s, which shows an example", async (option) => {
    const { status, stdout, stderr } = await run("/", option);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("  countersign check --base origin/release/2 --head fix-login --author ada\n");
  });
});
