import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  branchOf,
  findDefaultBranch,
  findMergeBase,
  type LocalCommit,
  openRepository,
  readChangedFiles,
  readCommits,
  readFileAt,
  resolveCommit,
} from "../../src/cli/git.ts";
import {
  environment,
  makeFolder,
  makeRepository,
  repositoryAt,
  type TestRepository,
} from "./git-repository.ts";

function open({ directory }: TestRepository) {
  return openRepository(directory, environment);
}

async function commitsOf(repository: TestRepository, range = "HEAD", options = {}): Promise<LocalCommit[]> {
  const commits: LocalCommit[] = [];
  for await (const group of readCommits(open(repository), range, options)) commits.push(...group);
  return commits;
}

describe("the commits of a range", () => {
  test("are read with whole messages, both identities, tree and parents, newest first", async () => {
    const repository = makeRepository();
    const first = repository.commit("One\n\nBody\n\n\nKey: value\n");
    const second = repository.commit("Two", 'Grace "G" O\'Hopper <grace@acme.dev>');
    const tree = repository.git("rev-parse", "HEAD^{tree}");
    const ada = { name: "Ada", email: "ada@acme.dev", account: null };
    const grace = { name: 'Grace "G" O\'Hopper', email: "grace@acme.dev", account: null };
    expect(await commitsOf(repository)).toEqual([
      { sha: second, message: "Two", tree, parents: [first], author: grace, committer: grace },
      {
        sha: first,
        message: "One\n\nBody\n\n\nKey: value\n",
        tree,
        parents: [],
        author: ada,
        committer: ada,
      },
    ]);
  });

  test("include merges with all their parents", async () => {
    const repository = makeRepository();
    repository.commit("Start");
    repository.git("checkout", "--quiet", "-b", "side");
    const side = repository.commit("Side");
    repository.git("checkout", "--quiet", "main");
    const straight = repository.commit("Straight");
    repository.git("-c", "user.name=A", "-c", "user.email=a@b.c", "merge", "--quiet", "--no-edit", "side");
    const [merge] = await commitsOf(repository);
    expect(merge?.parents).toEqual([straight, side]);
  });

  test("keep what is not UTF-8 readable, and translate what names its encoding", async () => {
    const repository = makeRepository();
    repository.git("config", "i18n.commitEncoding", "ISO-8859-1");
    repository.commit(Buffer.from([0x43, 0x61, 0x66, 0xe9]));
    // Git itself writes no other bytes; GitHub and git accept them all the same.
    const raw = join(repository.directory, "raw");
    const head = `tree ${repository.git("rev-parse", "HEAD^{tree}")}\nparent ${repository.git("rev-parse", "HEAD")}\n`;
    const people = "author A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n";
    writeFileSync(raw, Buffer.concat([Buffer.from(`${head}${people}\nCaf`), Buffer.from([0xe9])]));
    const sha = repository.git("hash-object", "-t", "commit", "-w", "raw");
    repository.git("config", "i18n.logOutputEncoding", "ISO-8859-1");
    const messages = (await commitsOf(repository, sha)).map(({ message }) => message);
    expect(messages).toEqual(["Caf\uFFFD", "Café"]);
  });

  test("arrive whole however git cuts its output", async () => {
    const repository = makeRepository();
    const long = `Long ${"ä€😀".repeat(40_000)}`;
    repository.commit(long);
    for (const number of [1, 2, 3]) repository.commit(`${number} ${"é".repeat(30_000)}`);
    const messages = (await commitsOf(repository)).map(({ message }) => message);
    expect(messages).toEqual([...[3, 2, 1].map((number) => `${number} ${"é".repeat(30_000)}`), long]);
  });

  test("are no more than the limit, and a reader may stop", async () => {
    const repository = makeRepository();
    for (const message of ["One", "Two", "Three"]) repository.commit(message);
    expect((await commitsOf(repository, "HEAD", { limit: 2 })).map(({ message }) => message)).toEqual([
      "Three",
      "Two",
    ]);
    for await (const _ of readCommits(open(repository), "HEAD")) break;
  });

  test("are none in an empty range", async () => {
    const repository = makeRepository();
    repository.commit("One");
    expect(await commitsOf(repository, "main..HEAD")).toEqual([]);
  });

  test.each(["nope", "nope..HEAD", "HEAD...nope", "--all", "-n1", "--output=stolen"])(
    "of the range %j do not exist, and it is never taken for an option",
    async (range) => {
      const repository = makeRepository();
      repository.commit("One");
      await expect(commitsOf(repository, range)).rejects.toThrow(
        `there is no revision or range ${JSON.stringify(range)} in this repository`,
      );
      expect(existsSync(join(repository.directory, "stolen"))).toBe(false);
    },
  );

  test("are those that are pushed, not what they were locally replaced by", async () => {
    const repository = makeRepository();
    const real = repository.commit("Real");
    const other = repository.commit("Other");
    repository.git("replace", real, other);
    expect((await commitsOf(repository, real)).map(({ message }) => message)).toEqual(["Real"]);
  });

  test("are read without starting what the repository's configuration names", async () => {
    const repository = makeRepository();
    const sha = repository.commit("One");
    const script = join(repository.directory, "script");
    const trace = join(repository.directory, "trace");
    writeFileSync(script, `#!/bin/sh\ntouch "${trace}"\n`, { mode: 0o755 });
    writeFileSync(join(repository.directory, ".gitattributes"), "* diff=evil\n");
    const signed = `tree ${repository.git("rev-parse", "HEAD^{tree}")}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n\nSigned\n`;
    writeFileSync(join(repository.directory, "signed"), signed);
    const head = repository.git("hash-object", "-t", "commit", "-w", "signed");
    const settings = [
      "gpg.program",
      "core.pager",
      "core.fsmonitor",
      "diff.external",
      "diff.evil.textconv",
      "diff.evil.command",
    ];
    for (const setting of settings) repository.git("config", setting, script);
    repository.git("config", "log.showSignature", "true");
    const opened = openRepository(repository.directory, environment);
    expect((await commitsOf(repository, head)).map(({ message }) => message)).toEqual(["Signed\n"]);
    expect(readChangedFiles(opened, sha, head)).toEqual([]);
    expect(existsSync(trace)).toBe(false);
  });
});

describe("the files of a change", () => {
  test("carry their lines, renames both names, and binary files none", () => {
    const repository = makeRepository();
    const at = (path: string) => join(repository.directory, path);
    mkdirSync(at("a b"));
    writeFileSync(at("a b/moved.ts"), "1\n2\n3\n4\n5\n6\n7\n8\n");
    writeFileSync(at("gone"), "1\n2\n");
    const from = repository.commit("From");
    renameSync(at("a b/moved.ts"), at('quo"te\nline\ttab.ts'));
    writeFileSync(at('quo"te\nline\ttab.ts'), "1\n2\n3\n4\n5\n6\n7\neight\n");
    renameSync(at("gone"), at("-rf"));
    writeFileSync(at("image"), Buffer.from([0, 1, 2, 0]));
    const to = repository.commit("To");
    const files = readChangedFiles(open(repository), from, to);
    expect(files.toSorted((one, other) => (one.path < other.path ? -1 : 1))).toEqual([
      { path: "-rf", previousPath: "gone", additions: 0, deletions: 0 },
      { path: "image", previousPath: null, additions: 0, deletions: 0 },
      { path: 'quo"te\nline\ttab.ts', previousPath: "a b/moved.ts", additions: 1, deletions: 1 },
    ]);
  });

  test("with names that are not UTF-8 are still files", () => {
    const repository = makeRepository();
    const from = repository.commit("From");
    writeFileSync(Buffer.concat([Buffer.from(`${repository.directory}/caf`), Buffer.from([0xe9])]), "x\n");
    const to = repository.commit("To");
    expect(readChangedFiles(open(repository), from, to)).toEqual([
      { path: "caf\uFFFD", previousPath: null, additions: 1, deletions: 0 },
    ]);
  });

  test("include a submodule that the repository asks to ignore", () => {
    const repository = makeRepository();
    const from = repository.commit("From");
    const settings = `[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n\tignore = all\n`;
    writeFileSync(join(repository.directory, ".gitmodules"), settings);
    repository.commit("Ask");
    repository.git("update-index", "--add", "--cacheinfo", `160000,${from},lib`);
    repository.git("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "Sub");
    const paths = readChangedFiles(open(repository), "HEAD~1", "HEAD").map(({ path }) => path);
    expect(paths).toEqual(["lib"]);
  });
});

describe("a revision", () => {
  test("is a branch, a tag, a SHA or anything else that names a commit", () => {
    const repository = makeRepository();
    const one = repository.commit("One");
    const two = repository.commit("Two");
    repository.git("-c", "user.name=A", "-c", "user.email=a@b.c", "tag", "-m", "words", "v1");
    const opened = open(repository);
    const named = ["main", "v1", two.slice(0, 8), "HEAD", ":/Two", "HEAD~1"];
    expect(named.map((name) => resolveCommit(opened, name))).toEqual([two, two, two, two, two, one]);
    expect(["main", "HEAD", "v1", two].map((name) => branchOf(opened, name))).toEqual([
      "main",
      "main",
      null,
      null,
    ]);
  });

  test.each(["--all", "-n", "nope", "HEAD..main", "HEAD^9", "a\nb"])(
    "%j names none, and the error says so",
    (name) => {
      const repository = makeRepository();
      repository.commit("One");
      expect(() => resolveCommit(open(repository), name)).toThrow(
        `there is no revision ${JSON.stringify(name)} in this repository; "git branch --all" lists the branches there are`,
      );
    },
  );

  test("that is a file is no commit", () => {
    const repository = makeRepository();
    writeFileSync(join(repository.directory, "a"), "x");
    repository.commit("One");
    expect(() => resolveCommit(open(repository), "HEAD:a")).toThrow(
      '"HEAD:a" is not a commit in this repository',
    );
  });

  test("cannot be HEAD before the first commit", () => {
    expect(() => resolveCommit(open(makeRepository()), "HEAD")).toThrow("the repository has no commits yet");
  });
});

describe("the default branch", () => {
  test("is what origin says, else main or master", () => {
    const upstream = makeRepository();
    upstream.commit("One");
    upstream.git("branch", "trunk");
    upstream.git("branch", "master");
    const clone = repositoryAt(join(makeFolder(), "clone"));
    upstream.git("clone", "--quiet", upstream.directory, clone.directory);
    clone.git("remote", "set-head", "origin", "trunk");
    const seen = [findDefaultBranch(open(clone)), branchOf(open(clone), "origin/HEAD")];
    clone.git("remote", "set-head", "origin", "--delete");
    seen.push(findDefaultBranch(open(clone)));
    clone.git("remote", "remove", "origin");
    seen.push(findDefaultBranch(open(clone)));
    clone.git("branch", "-m", "main", "else");
    seen.push(findDefaultBranch(open(clone)));
    expect(seen).toEqual([
      "refs/remotes/origin/trunk",
      "trunk",
      "refs/remotes/origin/main",
      "refs/heads/main",
      null,
    ]);
  });
});

describe("a file of a commit", () => {
  test("is read from wherever in the repository one stands, and is null when it is not there", () => {
    const repository = makeRepository();
    mkdirSync(join(repository.directory, "sub/deep"), { recursive: true });
    writeFileSync(join(repository.directory, "sub/file"), "öl\n");
    const sha = repository.commit("One");
    const deep = openRepository(join(repository.directory, "sub/deep"), environment);
    expect([readFileAt(deep, sha, "sub/file"), readFileAt(deep, sha, "file")]).toEqual(["öl\n", null]);
    expect(() => readFileAt(deep, sha, "sub")).toThrow(`sub is not a file in ${sha.slice(0, 7)}`);
  });
});

describe("two commits", () => {
  test("without common history have no merge base", () => {
    const repository = makeRepository();
    const one = repository.commit("One");
    repository.git("checkout", "--quiet", "--orphan", "other");
    const other = repository.commit("Other");
    expect(findMergeBase(open(repository), one, other)).toBeNull();
    expect(findMergeBase(open(repository), one, one)).toBe(one);
  });
});

describe("a repository", () => {
  test("that is missing, or a git that is, is named in one line", () => {
    const folder = makeFolder();
    expect(() => openRepository(folder, environment)).toThrow(
      `${JSON.stringify(folder)} is not in a git repository; go to a clone`,
    );
    expect(() => openRepository(join(folder, "no"), environment)).toThrow("there is no directory");
    const { directory } = makeRepository();
    expect(() => openRepository(directory, { ...environment, PATH: "" })).toThrow(
      "git was not found; install it, or add its folder to PATH",
    );
  });
});
