/** `countersign check`: what the gate would say of a local range, were it a pull request, without asking GitHub anything. */
import type { Facts } from "../gate/facts.ts";
import { judge, noRoster } from "../gate/judge.ts";
import { plain } from "../gate/markdown.ts";
import { lowestLevel, type Roster } from "../gate/roster.ts";
import { blocks } from "../gate/strictest.ts";
import type { Verdict } from "../gate/verdict.ts";
import { policyPath, rosterPath } from "../github/facts-query.ts";
import { flag, type Io, runCommand, text, UsageError, type Words } from "./command.ts";
import {
  branchOf,
  findDefaultBranch,
  findMergeBase,
  GitError,
  type LocalCommit,
  type LocalRepository,
  openRepository,
  readChangedFiles,
  readCommits,
  readFileAt,
  resolveCommit,
} from "./git.ts";
import { type LocalConfig, readLocalConfig, readSource, type Source } from "./local-config.ts";
import { authorOf, factsOf, type Range } from "./local-facts.ts";
import { type Paint, painter, verdictText, verdictTitle } from "./verdict-text.ts";

/** What the command needs of its process; of the clock, because people are away on days. */
type CheckIo = Pick<Io, "directory" | "environment" | "now" | "stdout" | "stderr" | "colour">;

const help = `countersign check [--base REV] [--head REV] [--author LOGIN] [--json]

Judges a local range as if it were a pull request, with the gate that the server uses:
what shows AI assistance, which rules apply, who could countersign. Nothing is sent
anywhere, so reviews, labels, teams and accounts, which only GitHub has, do not count.

  countersign check
  countersign check --base origin/release/2 --head fix-login --author ada

Options:
  --repo DIR      the repository; default: the one of this directory
  --base REV      where the change goes; default: the default branch as this clone knows
                  it, which is origin/HEAD, else main or master
  --head REV      the change; default: HEAD
  --roster FILE   default: ${rosterPath} of the base
  --policy FILE   default: ${policyPath} of the base, else the built-in one
  --author LOGIN  whose pull request it is; default: the author of the head commit
  --json          the verdict as JSON; null where there is nothing to judge
  --help          this text

People are found by the e-mails of the roster and by GitHub's noreply addresses.

Exit status: 0 passes, 1 blocked, 2 wrong usage, no such revision, or a broken file.
`;

/** GitHub's check decides nothing past this either: nobody reviews so many. */
const commitsMax = 2_000;

const range = { repo: text, base: text, head: text, author: text };
const options = { ...range, roster: text, policy: text, json: flag };

/** Runs the command on its arguments; resolves with the exit status. */
export async function check(argv: readonly string[], io: CheckIo): Promise<number> {
  const command = { name: "check", help, options, allowPositionals: false, known: [GitError] };
  return runCommand(command, argv, io, async ({ values }) => {
    requireSense(values);
    return checkRange(values, io);
  });
}

type Wanted = Words<typeof options>["values"];

function requireSense(values: Wanted): void {
  const empty = Object.entries(values).find(([, value]) => value === "");
  if (empty !== undefined) throw new UsageError(`--${empty[0]} is empty; give a value or leave it out`);
  // What GitHub lets people have, and what it appends to the names of apps.
  if (values.author !== undefined && !/^[a-z\d][a-z\d_-]{0,38}(\[bot\])?$/i.test(values.author)) {
    throw new UsageError(
      `${JSON.stringify(values.author)} is not a GitHub login; write it as in --author ada`,
    );
  }
}

async function checkRange(wanted: Wanted, io: CheckIo): Promise<number> {
  const repository = openRepository(wanted.repo ?? io.directory, environmentFor(wanted, io));
  const range = findRange(repository, wanted);
  const config = readLocalConfig(
    sourceOf(repository, range, rosterPath, wanted.roster),
    sourceOf(repository, range, policyPath, wanted.policy),
  );
  for (const warning of config.warnings) io.stderr(`${warning}\n`);
  const commits = await readRange(repository, range, config.policy.ai.notes);
  const nothing = (why: string) => {
    io.stdout(wanted.json === true ? "null\n" : `${plain(why)}\n`);
    return 0;
  };
  if (commits.length === 0)
    return nothing(`There are no commits in ${range.base}..${range.head}: nothing to judge.`);

  const files = readChangedFiles(repository, mergeBaseOf(repository, range), range.headSha);
  const author = authorOf(commits, wanted.author, config.roster);
  const facts = factsOf({ range, commits, files, author, roster: config.roster, now: io.now() });
  const verdict = judge(facts, {
    roster: config.roster === null ? { kind: "absent" } : { kind: "read", value: config.roster },
    policies: [{ kind: "read", value: config.policy }],
  });
  if (verdict === null)
    return nothing(`${range.branch} is not gated by ${config.policy.origin}: nothing to judge.`);
  if (wanted.json === true) io.stdout(`${JSON.stringify(verdict, null, 2)}\n`);
  else
    io.stdout(
      report({ range, facts, config, verdict, given: wanted.author !== undefined, paint: painter(io) }),
    );
  return blocks(verdict) ? 1 : 0;
}

/** In a git hook the environment names the hook's repository, which is not the one that --repo asks for. */
function environmentFor({ repo }: Wanted, { environment }: CheckIo): NodeJS.ProcessEnv {
  if (repo === undefined) return environment;
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_COMMON_DIR: _common, ...rest } = environment;
  return rest;
}

function findRange(repository: LocalRepository, { base, head = "HEAD" }: Wanted): Range {
  const found = findDefaultBranch(repository);
  const from = base ?? found;
  if (from === null) {
    throw new GitError(
      "no default branch: neither origin/HEAD nor main or master is here; name the base with --base",
    );
  }
  const standard = found === null ? null : branchOf(repository, found);
  const branch = branchOf(repository, from) ?? standard ?? from;
  return {
    base: from.replace(/^refs\/(heads|remotes)\//, ""),
    head,
    baseSha: resolveCommit(repository, from),
    headSha: resolveCommit(repository, head),
    branch,
    // Where nobody says which branch is the default, the base is taken for it: so it is gated.
    defaultBranch: standard ?? branch,
    headBranch: branchOf(repository, head) ?? "",
  };
}

/** Oldest first, as GitHub lists the commits of a pull request. */
async function readRange(repository: LocalRepository, range: Range, notes: boolean): Promise<LocalCommit[]> {
  const commits: LocalCommit[] = [];
  const between = `${range.baseSha}..${range.headSha}`;
  for await (const group of readCommits(repository, between, { limit: commitsMax + 1, notes }))
    commits.push(...group);
  if (commits.length > commitsMax) {
    throw new GitError(
      `${range.base}..${range.head} has more than ${commitsMax} commits; name a closer --base`,
    );
  }
  // A commit where the clone was cut seems to have no parents, and what came before it is not seen.
  if (repository.shallow && commits.some((commit) => commit.parents.length === 0)) throw tooShallow(range);
  return commits.toReversed();
}

function mergeBaseOf(repository: LocalRepository, range: Range): string {
  const found = findMergeBase(repository, range.baseSha, range.headSha);
  if (found !== null) return found;
  if (repository.shallow) throw tooShallow(range);
  throw new GitError(`${range.base} and ${range.head} share no history; name another --base`);
}

function tooShallow({ base, head }: Range): GitError {
  return new GitError(
    `this clone is too shallow for ${base}..${head}; run "git fetch --unshallow" and try again`,
  );
}

/** A file of the base, never of the head: a change cannot bring its own rules. @param given the one to take instead. */
function sourceOf(repository: LocalRepository, range: Range, path: string, given?: string): Source {
  return given === undefined
    ? { place: `${range.base}:${path}`, text: readFileAt(repository, range.baseSha, path) }
    : readSource(given);
}

function report(given: {
  range: Range;
  facts: Facts;
  config: LocalConfig;
  verdict: Verdict;
  /** Whether --author was. */
  given: boolean;
  paint: Paint;
}): string {
  const { range, facts, config, verdict, paint } = given;
  const { roster, rosterPlace, policyPlace, policy } = config;
  const commits = facts.commits.kind === "read" ? facts.commits.value.length : 0;
  const files = facts.files.kind === "read" ? facts.files.value.length : 0;
  const author = facts.author?.login ?? "";
  const size = `${count(commits, "commit")}, ${count(files, "changed file")}`;
  const rows = [
    ["Range", `${range.base}..${range.head}, ${size}`],
    ["Author", given.given ? author : `${author}, by the head commit; --author LOGIN names somebody else`],
    ["Roster", roster === null ? `none; looked for ${rosterPlace}` : rosterPlace],
    ["Policy", policy.origin === policyPlace ? policyPlace : `${policy.origin}; there is no ${policyPlace}`],
  ];
  return [
    verdictTitle(verdict, paint),
    "\n",
    ...rows.map(([name = "", text = ""]) => `  ${paint("dim", name.padEnd(6))}  ${plain(text, 400)}\n`),
    ...(verdict.notes.includes(noRoster) ? [rosterToPaste(rosterPlace)] : []),
    verdictText({ ...verdict, notes: verdict.notes.filter((note) => note !== noRoster) }, paint),
    ...(roster === null || roster.teams.length === 0 ? [] : [aboutTeams(roster)]),
  ].join("");
}

function rosterToPaste(place: string): string {
  const path = place.slice(place.indexOf(":") + 1);
  return `\n${noRoster} Put this on the base branch as ${plain(path, 400)}, with your own names:\n
people:
  ada: senior
  grace: junior
`;
}

function aboutTeams(roster: Roster): string {
  const teams = roster.teams.map(({ name }) => name).join(", ");
  const level = lowestLevel(roster);
  return `\nWho is in ${teams}, only GitHub knows: members are not named above, and as contributors they count as ${level}.\n`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
