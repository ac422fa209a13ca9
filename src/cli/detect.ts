/** `countersign detect [RANGE]`: the signs of AI assistance in each commit of a range, or of a stream of commits. */
import { z } from "zod";
import { describeIssue, words } from "../config/describe-issue.ts";
import { counts, detectCommit, detectNotes } from "../gate/detect.ts";
import type { Evidence } from "../gate/evidence.ts";
import { plain } from "../gate/markdown.ts";
import { flag, type Io, runCommand, UsageError, type Words } from "./command.ts";
import {
  GitError,
  hasNotes,
  type LocalRepository,
  openRepository,
  readCommits,
  resolveCommit,
} from "./git.ts";
import { type Paint, painter } from "./verdict-text.ts";

/** What the command needs of its process. */
type DetectIo = Pick<
  Io,
  "directory" | "environment" | "stdin" | "stdout" | "stream" | "stderr" | "colour" | "progress"
>;

const help = `countersign detect [RANGE] [--json] [--notes]
countersign detect --jsonl

Shows the signs of AI assistance in each commit of a git range: trailers, marker lines,
authors and committers. Without a range it begins at HEAD and goes back to the first
commit, as git log does. Nothing is sent anywhere.

  countersign detect main..HEAD
  countersign detect HEAD --json | jq -r 'select(.ai).sha'
  countersign detect main..HEAD --notes

Options:
  --json     one line of JSON for each commit:
             {"sha","ai":true|false,"evidence":[{"tool","kind","role","quote"}]}
  --jsonl    read commits from standard input instead, one JSON object to a line, and
             write the same lines:
             {"sha","message","author":{"name","email"},"committer":{"name","email"}}
  --notes    read git-ai's notes (refs/notes/ai) too: which tool wrote how many lines
  --help     this text

"ai" says whether the evidence counts as AI assistance: a sign that was only reported to
be one does so beside another sign and not alone.

Exit status: 0 done, whatever was found; 2 wrong usage, no such range, or a broken line.
`;

type Subject = Parameters<typeof detectCommit>[0];

/** One line of --jsonl may have as many characters: a message of 1 MB written in \u escapes has six million. */
const lineCharactersMax = 16 * 1024 * 1024;

/** A progress line is worth a look when there is something to wait for: half a second. */
const progressEvery = 5_000;

const options = { json: flag, jsonl: flag, notes: flag };

/** Runs the command on its arguments; resolves with the exit status. */
export async function detect(argv: readonly string[], io: DetectIo): Promise<number> {
  const command = { name: "detect", help, options, allowPositionals: true, known: [GitError] };
  return runCommand(command, argv, io, async (words) => {
    const wanted = readArguments(words);
    if (wanted === "lines") return detectLines(io);
    return detectRange(wanted, wanted.json ? jsonReport : humanReport(painter(io)), io);
  });
}

type Range = { range: string | null; json: boolean; notes: boolean };

function readArguments({ values, positionals }: Words<typeof options>): Range | "lines" {
  const [range = null, ...more] = positionals;
  if (range === "") throw new UsageError("the range is empty; leave it out for all of HEAD's history");
  if (more.length > 0) throw new UsageError("more than one range; write one, such as main..HEAD");
  const notes = values.notes === true;
  if (values.jsonl !== true) return { range, json: values.json === true, notes };
  if (notes) throw new UsageError("--jsonl reads standard input, which has no notes; leave one out");
  if (range !== null) throw new UsageError("--jsonl reads standard input; leave the range out");
  return "lines";
}

/** How commits are shown: each in some text, and what is to be said when all were. */
type Report = {
  readonly commit: (commit: Subject, found: readonly Evidence[]) => string;
  readonly end: (range: string) => string;
};

const jsonReport: Report = { commit: jsonLine, end: () => "" };

function jsonLine({ sha }: Subject, found: readonly Evidence[]): string {
  const evidence = found.map(({ tool, kind, role, quote }) => ({ tool, kind, role, quote }));
  return `${JSON.stringify({ sha, ai: counts(found).length > 0, evidence })}\n`;
}

async function detectRange({ range: given, notes }: Range, report: Report, io: DetectIo): Promise<number> {
  const range = given ?? "HEAD";
  const broken: BrokenNotes = [];
  let read = 0;
  let shown = 0;
  const clear = () => {
    if (shown > 0) io.stderr("\r\x1b[K");
    shown = 0;
  };
  try {
    const repository = openRepository(io.directory, io.environment);
    // "No commits yet" says more than "no such range".
    if (given === null) resolveCommit(repository, range);
    for await (const commits of readCommits(repository, range, { notes })) {
      await io.stream(
        commits.map((commit) => report.commit(commit, detectWithNote(commit, broken))).join(""),
      );
      read += commits.length;
      if (io.progress && read >= shown + progressEvery) {
        shown = read;
        io.stderr(`\r${read} commits read…\x1b[K`);
      }
    }
    clear();
    await io.stream(report.end(range));
    for (const remark of remarks(repository, notes, broken)) io.stderr(`countersign detect: ${remark}\n`);
    return 0;
  } finally {
    clear();
  }
}

type BrokenNotes = { readonly sha: string; readonly why: string }[];

function detectWithNote(commit: Subject & { readonly note?: string }, broken: BrokenNotes): Evidence[] {
  const note = commit.note ? detectNotes([{ sha: commit.sha, text: commit.note }]) : null;
  broken.push(...(note?.broken ?? []));
  return [...detectCommit(commit), ...(note?.evidence ?? [])];
}

/** What was not read, so that nobody takes it for not being there. */
function remarks(repository: LocalRepository, notes: boolean, broken: BrokenNotes): string[] {
  const [first] = broken;
  const one = first && `the git-ai note of ${first.sha.slice(0, 7)} cannot be read: ${plain(first.why)}`;
  const more = broken.length > 1 ? ` (and ${broken.length - 1} more)` : "";
  return [
    ...(repository.shallow ? ["this clone is shallow; older commits are not in it"] : []),
    ...(notes && !hasNotes(repository)
      ? [
          'there are no git-ai notes here; "git fetch origin refs/notes/ai:refs/notes/ai" brings those of origin',
        ]
      : []),
    ...(one === undefined ? [] : [`${one}${more}`]),
  ];
}

/** One line in, one line out. What was read before a broken line is written before it is complained about. */
async function detectLines(io: DetectIo): Promise<number> {
  let number = 0;
  let open = "";
  let out = "";
  const take = (line: string): string | null => {
    number++;
    const parsed = parseLine(line);
    if (parsed.kind === "broken") return parsed.why;
    out += jsonLine(parsed.commit, detectCommit(parsed.commit));
    return null;
  };
  const flush = async (problem: string | null) => {
    if (out !== "") await io.stream(out);
    out = "";
    if (problem !== null) io.stderr(`countersign detect: standard input, line ${number}: ${problem}\n`);
  };
  for await (const chunk of io.stdin()) {
    open += chunk;
    // Splitting a line that has not ended yet would take quadratic time for a long one.
    if (!chunk.includes("\n") && open.length <= lineCharactersMax) continue;
    const lines = open.split("\n");
    open = lines.pop() ?? "";
    if (open.length > lineCharactersMax) lines.push(open);
    for (const line of lines) {
      const problem = take(line);
      if (problem === null) continue;
      await flush(problem);
      return 2;
    }
    await flush(null);
  }
  const problem = open === "" ? null : take(open);
  await flush(problem);
  return problem === null ? 0 : 2;
}

const identity = z
  .object({ name: z.string(), email: z.string() })
  .transform((who) => ({ ...who, account: null }));
const commitLine = z.object({ sha: z.string(), message: z.string(), author: identity, committer: identity });

function parseLine(line: string): { kind: "commit"; commit: Subject } | { kind: "broken"; why: string } {
  if (line.length > lineCharactersMax) {
    return { kind: "broken", why: `longer than ${lineCharactersMax} characters; leave this commit out` };
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "broken", why: `not JSON (${plain(why)}); write one commit as one JSON object to a line` };
  }
  const parsed = commitLine.safeParse(value, { reportInput: true, error: words });
  if (parsed.success) return { kind: "commit", commit: parsed.data };
  const [complaint] = parsed.error.issues.flatMap((issue) => describeIssue(issue));
  const path = complaint?.path.map(String).join(".") ?? "";
  return { kind: "broken", why: `${path === "" ? "" : `${path}: `}${complaint?.message ?? "not a commit"}` };
}

/** As `git log --oneline`, with the evidence of a commit indented below it and the sum of all at the end. */
function humanReport(paint: Paint): Report {
  const tools = new Map<string, number>();
  let read = 0;
  let assisted = 0;
  const commit = (one: Subject, found: readonly Evidence[]): string => {
    const counted = counts(found);
    read++;
    if (counted.length > 0) assisted++;
    for (const tool of new Set(counted.map(({ tool }) => tool))) tools.set(tool, (tools.get(tool) ?? 0) + 1);
    const subject = plain(one.message.split("\n", 1)[0] ?? "") || "(no subject)";
    const head = `${paint("yellow", one.sha.slice(0, 7))} ${counted.length > 0 ? paint("bold", subject) : subject}\n`;
    return `${head}${found.map((sign) => evidenceLine(sign, counted.length > 0, paint)).join("")}`;
  };
  const end = (range: string): string => {
    if (read === 0) return `There are no commits in ${plain(range)}.\n`;
    const most = [...tools]
      .toSorted(([, one], [, other]) => other - one)
      .map(([tool, times]) => `${tool} ${times}`);
    const which = most.length === 0 ? "" : `: ${most.join(", ")}`;
    const commits = read === 1 ? "1 commit shows" : `${read} commits show`;
    return `\n${paint("bold", `${assisted} of ${commits} signs of AI assistance${which}`)}\n`;
  };
  return { commit, end };
}

function evidenceLine({ tool, kind, role, quote }: Evidence, counted: boolean, paint: Paint): string {
  const alone = counted ? "" : ", only reported to be a sign: does not count alone";
  return `        ${paint("cyan", tool)}: ${plain(quote)} ${paint("dim", `(${kind}, ${role}${alone})`)}\n`;
}
