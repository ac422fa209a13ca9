import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { detect } from "../../src/cli/detect.ts";
import {
  countersign,
  environment,
  makeFolder,
  makeRepository,
  type Ran,
  repositoryAt,
} from "./git-repository.ts";

const claude = "Co-Authored-By: Claude <noreply@anthropic.com>";
const ada = { name: "Ada", email: "ada@acme.dev" };
const evidence = [{ tool: "claude-code", kind: "trailer", role: "wrote", quote: claude }];

function line(sha: string, message: string): string {
  return `${JSON.stringify({ sha, message, author: ada, committer: ada })}\n`;
}

/** A repository with one commit by a person and one with an assistant. */
function makeHistory() {
  const repository = makeRepository();
  const human = repository.commit("Start\n");
  const assisted = repository.commit(`Fix the login\n\n${claude}\n`);
  const note = (ref: string, text: string, sha: string) => {
    repository.git(
      "-c",
      "user.name=A",
      "-c",
      "user.email=a@b.c",
      "notes",
      `--ref=${ref}`,
      "add",
      "-m",
      text,
      sha,
    );
  };
  return { ...repository, human, assisted, note };
}

describe("countersign detect", () => {
  test("lists all of HEAD's history like git log, the evidence below each commit and the sum at the end", () => {
    const { directory, human, assisted } = makeHistory();
    expect(countersign(directory, ["detect"])).toEqual({
      status: 0,
      stdout: `${assisted.slice(0, 7)} Fix the login
        claude-code: ${claude} (trailer, wrote)
${human.slice(0, 7)} Start

1 of 2 commits show signs of AI assistance: claude-code 1
`,
      stderr: "",
    });
  });

  test("with --json writes one line for each commit of the range", async () => {
    const { directory, human, assisted } = makeHistory();
    const { status, stdout, stderr } = await detected(directory, ["HEAD", "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(
      `${JSON.stringify({ sha: assisted, ai: true, evidence })}\n${JSON.stringify({ sha: human, ai: false, evidence: [] })}\n`,
    );
    expect((await detected(directory, [`${human}..HEAD`, "--json"])).stdout).toBe(stdout.split(/^/m)[0]);
  });

  test("shows what messages say without letting them move the cursor", async () => {
    const repository = makeRepository();
    const sha = repository.commit("Hide \x1b[2J\x07 this\r\n");
    expect((await detected(repository.directory, [])).stdout).toBe(
      `${sha.slice(0, 7)} Hide [2J this\n\n0 of 1 commit shows signs of AI assistance\n`,
    );
  });

  test("says that a range is empty, and writes no JSON for it", async () => {
    const { directory } = makeHistory();
    const empty = { status: 0, stdout: "There are no commits in main..HEAD.\n", stderr: "" };
    expect(await detected(directory, ["main..HEAD"])).toEqual(empty);
    expect(await detected(directory, ["main..HEAD", "--json"])).toEqual({ ...empty, stdout: "" });
  });

  test("reads a bare repository, and says what a shallow clone lacks", async () => {
    const { directory, git, assisted } = makeHistory();
    const folder = makeFolder();
    git("clone", "--quiet", "--bare", directory, join(folder, "bare"));
    expect((await detected(join(folder, "bare"), [])).stdout).toContain("1 of 2 commits");
    git("clone", "--quiet", "--depth=1", `file://${directory}`, join(folder, "shallow"));
    expect(await detected(repositoryAt(join(folder, "shallow")).directory, ["--json"])).toEqual({
      status: 0,
      stdout: `${JSON.stringify({ sha: assisted, ai: true, evidence })}\n`,
      stderr: "countersign detect: this clone is shallow; older commits are not in it\n",
    });
  });

  test("with --jsonl answers every line with a line, also the last one without an end", async () => {
    const input = line("one", `Fix\n\n${claude}`) + line("two", "Talk about Copilot").trimEnd();
    const answers = [
      { sha: "one", ai: true, evidence },
      { sha: "two", ai: false, evidence: [] },
    ];
    expect(countersign(makeFolder(), ["detect", "--jsonl"], { input })).toEqual({
      status: 0,
      stdout: answers.map((answer) => `${JSON.stringify(answer)}\n`).join(""),
      stderr: "",
    });
    expect(await detected(makeFolder(), ["--jsonl"])).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test.each([
    ["{not json}\n", /^not JSON \(.*\); write one commit as one JSON object to a line$/],
    ["\n", /^not JSON /],
    ["[]\n", /^expected keys with values, got an empty list$/],
    [line("x", "m").replace('"ada@acme.dev"', "7"), /^author\.email: expected text, got the number 7/],
    ['{"sha":"x","author":{},"committer":{}}\n', /^message: the key "message" is missing; expected text$/],
  ])("with --jsonl stops at the broken line %j, after answering those before it", async (broken, why) => {
    const input = line("one", "Fix") + broken + line("three", "Never read");
    const { status, stdout, stderr } = await detected(makeFolder(), ["--jsonl"], { input });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '{"sha":"one","ai":false,"evidence":[]}\n' });
    const [, said] = /^countersign detect: standard input, line 2: (.*)\n$/.exec(stderr) ?? [];
    expect(said).toMatch(why);
  });

  test.each([
    [
      "a range that does not exist",
      ["nope..HEAD"],
      'there is no revision or range "nope..HEAD" in this repository; git branch --all lists the branches there are',
    ],
    [
      "a range that is named like an option",
      ["--", "--all"],
      'there is no revision or range "--all" in this repository; git branch --all lists the branches there are',
    ],
    [
      "an option there is not",
      ["--all"],
      `Unknown option '--all'. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "--all"\nRun "countersign detect --help" for how it is used.`,
    ],
    [
      "two ranges",
      ["main", "HEAD"],
      'more than one range; write one, such as main..HEAD\nRun "countersign detect --help" for how it is used.',
    ],
    [
      "an empty range argument",
      [""],
      'the range is empty; leave it out for all of HEAD\'s history\nRun "countersign detect --help" for how it is used.',
    ],
    [
      "a range beside --jsonl",
      ["--jsonl", "HEAD"],
      '--jsonl reads standard input; leave the range out\nRun "countersign detect --help" for how it is used.',
    ],
    [
      "notes for --jsonl",
      ["--jsonl", "--notes"],
      '--jsonl reads standard input, which has no notes; leave one out\nRun "countersign detect --help" for how it is used.',
    ],
  ])("refuses %s and says why", async (_, args, why) => {
    const { directory } = makeHistory();
    expect(await run(args, [], { directory })).toEqual({
      status: 2,
      written: [],
      errors: [`countersign detect: ${why}\n`],
    });
  });

  test("says what is missing: a repository, a commit, git itself", async () => {
    const folder = makeFolder();
    const said = async (directory: string, env = environment) => {
      const { status, stdout, stderr } = await detected(directory, [], { env });
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      return stderr;
    };
    expect([
      await said(folder),
      await said(makeRepository().directory),
      await said(folder, { ...environment, PATH: "" }),
    ]).toEqual([
      `countersign detect: ${JSON.stringify(folder)} is not in a git repository; go to a clone\n`,
      "countersign detect: the repository has no commits yet\n",
      "countersign detect: git was not found; install it, or add its folder to PATH\n",
    ]);
  });

  test.each(["--help", "-h"])("with %s shows examples", async (option) => {
    const { status, stdout, stderr } = await detected(makeFolder(), [option]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("  countersign detect main..HEAD\n");
    expect(stdout).toContain("  countersign detect main..HEAD --notes\n");
  });
});

describe("countersign detect --notes", () => {
  const note = `src/cart.ts
  d9978a8723e02b52 1-4,9
---
{"schema_version":"authorship/3.0.0","prompts":{"d9978a8723e02b52":{"agent_id":{"tool":"cursor","model":"gpt-5"}}}}`;
  const quote = "git-ai: 5 lines in 1 file by cursor (gpt-5)";

  test("shows what git-ai's note on a commit says, and no other note", async () => {
    const repository = makeHistory();
    const { directory, human, assisted } = repository;
    repository.note("ai", note, human);
    repository.note("ai", note, assisted);
    repository.note("commits", "Co-Authored-By: Claude <noreply@anthropic.com>", human);
    const env = { ...environment, GIT_NOTES_DISPLAY_REF: "refs/notes/*" };
    expect(await detected(directory, ["--notes"], { env })).toEqual({
      status: 0,
      stdout: `${assisted.slice(0, 7)} Fix the login
        claude-code: ${claude} (trailer, wrote)
        cursor: ${quote} (note, wrote)
${human.slice(0, 7)} Start
        cursor: ${quote} (note, wrote)

2 of 2 commits show signs of AI assistance: cursor 2, claude-code 1
`,
      stderr: "",
    });
    expect((await detected(directory, [human, "--json", "--notes"])).stdout).toBe(
      `${JSON.stringify({ sha: human, ai: true, evidence: [{ tool: "cursor", kind: "note", role: "wrote", quote }] })}\n`,
    );
    expect((await detected(directory, ["--json"], { env })).stdout).not.toContain("git-ai");
  });

  test("finds the notes of a repository that has so many that their tree has folders", async () => {
    const repository = makeRepository();
    const commits = Array.from({ length: 600 }, (_, at) => {
      const from = at === 0 ? "" : `from :${at}\n`;
      return `commit refs/heads/main\nmark :${at + 1}\ncommitter A <a@b.c> ${at} +0000\ndata 1\nx\n${from}`;
    });
    const blob = `blob\nmark :1000\ndata ${note.length}\n${note}\n`;
    const notes = commits.map((_, at) => `N :1000 :${at + 1}\n`).join("");
    repository.fastImport(
      `${blob}${commits.join("")}commit refs/notes/ai\ncommitter A <a@b.c> 0 +0000\ndata 1\nx\n${notes}`,
    );
    expect(repository.git("ls-tree", "--name-only", "refs/notes/ai").split("\n")[0]).toHaveLength(2);
    expect((await detected(repository.directory, ["--notes"])).stdout).toContain(
      "600 of 600 commits show signs of AI assistance: cursor 600\n",
    );
  });

  test("says that a clone lacks the notes, and how to bring them", async () => {
    const { directory, git, note: addNote, human } = makeHistory();
    addNote("ai", note, human);
    const clone = join(makeFolder(), "clone");
    git("clone", "--quiet", directory, clone);
    const first = await detected(clone, ["--notes"]);
    expect({ status: first.status, stderr: first.stderr }).toEqual({
      status: 0,
      stderr:
        'countersign detect: there are no git-ai notes here; "git fetch origin refs/notes/ai:refs/notes/ai" brings those of origin\n',
    });
    expect(first.stdout).toContain("1 of 2 commits");
    repositoryAt(clone).git("fetch", "--quiet", "origin", "refs/notes/ai:refs/notes/ai");
    expect(await detected(clone, ["--notes"])).toMatchObject({
      stdout: expect.stringContaining("2 of 2 commits"),
      stderr: "",
    });
  });

  test("says which notes cannot be read, and takes them for no sign", async () => {
    const { directory, note: addNote, human, assisted } = makeHistory();
    addNote("ai", "Looks good to me", human);
    expect(await detected(directory, [human, "--notes", "--json"])).toEqual({
      status: 0,
      stdout: `{"sha":"${human}","ai":false,"evidence":[]}\n`,
      stderr: `countersign detect: the git-ai note of ${human.slice(0, 7)} cannot be read: it has no line --- between files and data\n`,
    });
    addNote("ai", "---\nx", assisted);
    expect((await detected(directory, ["--notes", "--json"])).stderr).toBe(
      `countersign detect: the git-ai note of ${assisted.slice(0, 7)} cannot be read: what follows its line --- is not a JSON object (and 1 more)\n`,
    );
  });
});

/** Runs the command in this process, on a stream of text that comes in the given pieces. */
async function run(
  argv: readonly string[],
  pieces: readonly string[],
  options: { progress?: boolean; colour?: boolean; directory?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const written: string[] = [];
  const errors: string[] = [];
  async function* stdin() {
    yield* pieces;
  }
  const status = await detect(argv, {
    directory: options.directory ?? "/",
    environment: options.env ?? environment,
    stdin,
    stdout: (text) => void written.push(text),
    stream: async (text) => void written.push(text),
    stderr: (text) => void errors.push(text),
    colour: options.colour ?? false,
    progress: options.progress ?? false,
  });
  return { status, written, errors };
}

/** The same, as text. What needs a process of its own is tested with one. */
async function detected(
  directory: string,
  argv: readonly string[],
  { input = "", env = environment }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const { status, written, errors } = await run(argv, [input], { directory, env });
  return { status, stdout: written.join(""), stderr: errors.join("") };
}

describe("the stream of --jsonl", () => {
  test("is answered piece by piece, wherever a piece ends", async () => {
    const [one, two] = [line("one", "A"), line("two", "B")];
    const { status, written } = await run(
      ["--jsonl"],
      [one.slice(0, 9), one.slice(9) + two.slice(0, 3), two.slice(3)],
    );
    expect(status).toBe(0);
    expect(written).toEqual(["one", "two"].map((sha) => `{"sha":"${sha}","ai":false,"evidence":[]}\n`));
  });

  test("is refused at a line that never ends, before it fills the memory", async () => {
    const piece = "x".repeat(1024 * 1024);
    const { status, errors } = await run(
      ["--jsonl"],
      Array.from({ length: 40 }, () => piece),
    );
    expect(status).toBe(2);
    expect(errors).toEqual([
      "countersign detect: standard input, line 1: longer than 16777216 characters; leave this commit out\n",
    ]);
  });
});

describe("on a terminal", () => {
  test("colours tell commits from evidence", async () => {
    const { directory, assisted } = makeHistory();
    const { written } = await run(["HEAD~1..HEAD"], [], { directory, colour: true });
    expect(written[0]).toBe(
      `\x1b[33m${assisted.slice(0, 7)}\x1b[39m \x1b[1mFix the login\x1b[22m\n        \x1b[36mclaude-code\x1b[39m: ${claude} \x1b[2m(trailer, wrote)\x1b[22m\n`,
    );
  });

  test("a long range shows how many commits were read, and takes that line away at the end", async () => {
    const repository = makeRepository();
    const commits = Array.from({ length: 6_000 }, (_, at) => {
      const from = at === 0 ? "" : `from :${at}\n`;
      return `commit refs/heads/main\nmark :${at + 1}\ncommitter A <a@b.c> ${at} +0000\ndata 1\nx\n${from}`;
    });
    repository.fastImport(commits.join(""));
    const { errors, written } = await run(["main", "--json"], [], {
      directory: repository.directory,
      progress: true,
    });
    expect(written.join("").split("\n")).toHaveLength(6_001);
    expect(errors.map((text) => text.replace(/[56]\d{3}/, "N"))).toEqual([
      "\rN commits read…\x1b[K",
      "\r\x1b[K",
    ]);
    expect((await run(["main", "--json"], [], { directory: repository.directory })).errors).toEqual([]);
  });
});
