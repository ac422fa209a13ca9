/**
 * Reads a local repository by running git: no shell, nothing but reading commands, machine-readable output with NUL between
 * fields. The repository may be anybody's, so what its configuration could start (pagers, signature checks, diff drivers)
 * is switched off, and what it could hide (replaced objects, ignored submodules) is shown.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { ChangedFile, Commit } from "../gate/facts.ts";

/** Why git could not answer, in one line that says what to do. */
export class GitError extends Error {}

/** A repository that git has opened. `shallow`: its history was cut when it was cloned. */
export type LocalRepository = {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly shallow: boolean;
};

/** A commit as git has it; GitHub's accounts and signatures are not known here. */
export type LocalCommit = Omit<Commit, "coAuthors" | "signedByGitHub"> & {
  /** git-ai's note on it, empty where there is none; only there when notes were asked for. */
  readonly note?: string;
};

/** Where git-ai keeps its notes. A clone does not have them until they are fetched by name. */
const notesRef = "refs/notes/ai";

/** What one answer of git may weigh, unless it is read as a stream: a change of a million files is about 100 MB. */
const answerBytesMax = 256 * 1024 * 1024;

/** What is kept of git's complaints: the first line says it, a broken repository repeats it for every object. */
const complaintCharactersMax = 4_096;

const safely = [
  "--no-pager",
  // A replaced object would show another commit than the one that is pushed.
  "--no-replace-objects",
  ...["log.showSignature=false", "core.fsmonitor=false", "protocol.allow=never"].flatMap((one) => [
    "-c",
    one,
  ]),
];

/**
 * Opens the repository that `directory` is in, also a bare one.
 * @param environment as of the process; it says where git is found.
 * @throws GitError when git is not installed, or there is no repository that it would read.
 */
export function openRepository(directory: string, environment: NodeJS.ProcessEnv): LocalRepository {
  if (!existsSync(directory))
    throw new GitError(`there is no directory ${quote(directory)}; correct the path`);
  const opening = {
    directory,
    shallow: false,
    // Messages are recognised below, so they are asked for in English. A partial clone is never completed from the network.
    environment: {
      ...environment,
      LC_ALL: "C",
      LANGUAGE: "",
      GIT_OPTIONAL_LOCKS: "0",
      GIT_NO_LAZY_FETCH: "1",
    },
  };
  const answer = run(opening, ["rev-parse", "--is-shallow-repository"]);
  if (answer.status !== 0) throw new GitError(problemOf(opening, "rev-parse", answer.complaint));
  return { ...opening, shallow: answer.text.trim() === "true" };
}

/**
 * The SHA of the commit that `revision` names: a branch, a tag, a SHA, `HEAD~2`.
 * @throws GitError when it names none.
 */
export function resolveCommit(repository: LocalRepository, revision: string): string {
  const object = verify(repository, revision);
  // In two steps: `:/words^{commit}` would look for the whole of that in messages.
  const commit = object === null ? null : verify(repository, `${object}^{commit}`);
  if (commit !== null) return commit;
  if (revision === "HEAD" && object === null) throw new GitError("the repository has no commits yet");
  const what =
    object === null ? `there is no revision ${quote(revision)}` : `${quote(revision)} is not a commit`;
  throw new GitError(`${what} in this repository; "git branch --all" lists the branches there are`);
}

/** The branch that `revision` names, without `refs/heads/` or the remote; null when it names something else, or nothing. */
export function branchOf(repository: LocalRepository, revision: string): string | null {
  const name = verify(repository, revision, "--symbolic-full-name") ?? "";
  return /^refs\/(?:heads|remotes\/[^/]+)\/(.+)$/s.exec(name)?.[1] ?? null;
}

/** The default branch as far as a clone knows it, as `refs/…`: what `origin` says, else `main` or `master`, of `origin` first. */
export function findDefaultBranch(repository: LocalRepository): string | null {
  const refs = [
    "remotes/origin/HEAD",
    "remotes/origin/main",
    "remotes/origin/master",
    "heads/main",
    "heads/master",
  ];
  const found = refs.find((ref) => verify(repository, `refs/${ref}`) !== null);
  return found === undefined ? null : verify(repository, `refs/${found}`, "--symbolic-full-name");
}

/**
 * The text of a file in a commit; null when it is not there. Bytes that are not UTF-8 become U+FFFD.
 * @throws GitError when the path is no file.
 */
export function readFileAt(repository: LocalRepository, sha: string, path: string): string | null {
  const entry = ask(repository, ["ls-tree", "-z", "--full-tree", sha, "--", path]);
  if (entry === "") return null;
  const [, type, blob = ""] = entry.split(/[ \t]/);
  if (type !== "blob") throw new GitError(`${path} is not a file in ${sha.slice(0, 7)}; make it one`);
  return ask(repository, ["cat-file", "blob", blob]);
}

/** The commit from which two have grown apart, where the diff of a pull request begins; null when they share no history. */
export function findMergeBase(repository: LocalRepository, one: string, other: string): string | null {
  const { status, text, complaint } = run(repository, ["merge-base", one, other]);
  if (status === 0) return text.trim();
  if (status === 1 && complaint === "") return null;
  throw new GitError(problemOf(repository, "merge-base", complaint));
}

/** The files that differ between two commits, renames with both names, as a pull request lists them. */
export function readChangedFiles(repository: LocalRepository, from: string, to: string): ChangedFile[] {
  // A repository's own .gitmodules could leave its submodules out, and drivers of its configuration would be started.
  const options = [
    "-r",
    "-z",
    "-M",
    "--numstat",
    "--ignore-submodules=none",
    "--no-ext-diff",
    "--no-textconv",
  ];
  const fields = ask(repository, ["diff-tree", ...options, from, to, "--"]).split("\0");
  const files: ChangedFile[] = [];
  for (let at = 0; at < fields.length - 1; at++) {
    // Tabs may stand in a name, too.
    const [, additions = "", deletions = "", path = ""] =
      /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(fields[at] ?? "") ?? [];
    const renamed = path === "";
    files.push({
      path: renamed ? (fields[at + 2] ?? "") : path,
      previousPath: renamed ? (fields[at + 1] ?? "") : null,
      additions: Number(additions) || 0,
      deletions: Number(deletions) || 0,
    });
    if (renamed) at += 2;
  }
  return files;
}

/** Whether the repository has notes of git-ai's at all. */
export function hasNotes(repository: LocalRepository): boolean {
  return verify(repository, notesRef) !== null;
}

const fields = ["H", "T", "P", "an", "ae", "cn", "ce", "B"];

/**
 * The commits of a range in the order of `git log`, newest first, in groups as git hands them over: a history of any length
 * takes little memory, and no waiting for each commit. Messages are whole; git turns them into UTF-8 where they name their
 * encoding, other bytes become U+FFFD.
 * @param range anything one word can say to `git log`: `main..HEAD`, `HEAD`, a SHA.
 * @param options.notes the same git reads git-ai's notes on the commits, too.
 * @throws GitError when there is no such range, or the repository cannot be read to its end.
 */
export async function* readCommits(
  repository: LocalRepository,
  range: string,
  options: { readonly limit?: number; readonly notes?: boolean } = {},
): AsyncGenerator<LocalCommit[]> {
  const limit = options.limit === undefined ? [] : [`--max-count=${options.limit}`];
  const wanted = options.notes === true ? [...fields, "N"] : fields;
  const fieldsOfCommit = wanted.length;
  const tformat = wanted.map((field) => `%${field}`).join("%x00");
  const notes = options.notes === true ? `--notes=${notesRef}` : "--no-notes";
  const format = ["-z", "--no-patch", "--no-color", "--encoding=UTF-8", notes, `--format=tformat:${tformat}`];
  const args = ["log", ...format, ...limit, "--end-of-options", range, "--"];
  const git = spawn("git", [...safely, ...args], {
    cwd: repository.directory,
    env: repository.environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const failures: Error[] = [];
  git.on("error", (error) => failures.push(error));
  const closed = once(git, "close").catch(() => []);
  let complaint = "";
  git.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (complaint.length < complaintCharactersMax) complaint += text;
  });
  try {
    let rest: string[] = [];
    let open = "";
    for await (const chunk of git.stdout.setEncoding("utf8")) {
      const text = String(chunk);
      // Splitting again what holds no end of a field would take quadratic time for a message of many megabytes.
      if (!text.includes("\0")) {
        open += text;
        continue;
      }
      const parts = `${open}${text}`.split("\0");
      open = parts.pop() ?? "";
      const values = rest.concat(parts);
      const whole = values.length - (values.length % fieldsOfCommit);
      rest = values.slice(whole);
      if (whole > 0) yield toCommits(values.slice(0, whole), fieldsOfCommit);
    }
    await closed;
  } finally {
    // Whoever stops reading early leaves git with nothing to do.
    git.kill();
  }
  if (failures[0] !== undefined) throw new GitError(notStarted(failures[0]));
  if (git.exitCode !== 0) throw new GitError(problemOf(repository, "log", complaint, range));
}

function toCommits(values: readonly string[], fieldsOfCommit: number): LocalCommit[] {
  const commits: LocalCommit[] = [];
  for (let at = 0; at < values.length; at += fieldsOfCommit) {
    const [sha = "", tree = "", parents = "", ...rest] = values.slice(at, at + fieldsOfCommit);
    const [authorName = "", authorEmail = "", committerName = "", committerEmail = "", message = "", note] =
      rest;
    commits.push({
      sha,
      message,
      tree,
      parents: parents === "" ? [] : parents.split(" "),
      author: { name: authorName, email: authorEmail, account: null },
      committer: { name: committerName, email: committerEmail, account: null },
      ...(note === undefined ? {} : { note }),
    });
  }
  return commits;
}

/** What a revision is, in one line of git's; null when there is none. */
function verify(repository: LocalRepository, revision: string, form?: "--symbolic-full-name"): string | null {
  const forms = form === undefined ? [] : [form];
  const { status, text } = run(repository, [
    "rev-parse",
    "--verify",
    "--quiet",
    ...forms,
    "--end-of-options",
    revision,
  ]);
  return status === 0 && text !== "" ? text.replace(/\n$/, "") : null;
}

function ask(repository: LocalRepository, args: readonly string[]): string {
  const { status, text, complaint } = run(repository, args);
  if (status !== 0) throw new GitError(problemOf(repository, args[0] ?? "", complaint));
  return text;
}

function run(
  repository: LocalRepository,
  args: readonly string[],
): { status: number | null; text: string; complaint: string } {
  const { error, status, stdout, stderr } = spawnSync("git", [...safely, ...args], {
    cwd: repository.directory,
    env: repository.environment,
    encoding: "utf8",
    maxBuffer: answerBytesMax,
  });
  if (error !== undefined) throw new GitError(notStarted(error));
  return { status, text: stdout, complaint: stderr };
}

function notStarted(error: Error): string {
  if ("code" in error && error.code === "ENOENT")
    return "git was not found; install it, or add its folder to PATH";
  return `git could not be run: ${error.message}`;
}

/** Git's complaint in our words where a reader needs more than it says, else its own first line. */
function problemOf(repository: LocalRepository, command: string, complaint: string, range = ""): string {
  if (/not a git repository/.test(complaint))
    return `${quote(repository.directory)} is not in a git repository; go to a clone`;
  if (/bad revision|invalid symmetric difference|ambiguous argument/i.test(complaint)) {
    const again = "git branch --all lists the branches there are";
    return `there is no revision or range ${quote(range)} in this repository; ${again}`;
  }
  const lines = complaint.split("\n").map((line) => line.trim());
  const line = lines.find((one) => /^(fatal|error):/.test(one)) ?? lines[0] ?? "";
  const why = line.replace(/^(fatal|error): /, "").replaceAll(/\p{Cc}/gu, "?");
  return `git ${command} failed: ${why || "git does not say why"}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
