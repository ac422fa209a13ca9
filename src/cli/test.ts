/** `countersign test DIR`: a team's own scenarios, judged by its roster and policy without asking GitHub anything. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { formatProblem } from "../config/yaml-file.ts";
import type { Account, GitIdentity } from "../gate/accounts.ts";
import { catalogue } from "../gate/catalogue.ts";
import type { Facts } from "../gate/facts.ts";
import { judge } from "../gate/judge.ts";
import { plain } from "../gate/markdown.ts";
import type { Roster } from "../gate/roster.ts";
import { policyPath, rosterPath } from "../github/facts-query.ts";
import { BrokenFiles, flag, type Io, runCommand, text, UsageError, type Words } from "./command.ts";
import { type LocalConfig, readLocalConfig, readSource } from "./local-config.ts";
import { accountOf, factsOf } from "./local-facts.ts";
import {
  type Expected,
  type FindAccount,
  noLogin,
  parseScenario,
  saidOf,
  type Scenario,
  scenarioHead,
} from "./scenario-file.ts";
import { painter } from "./verdict-text.ts";

/** What the command needs of its process. */
type TestIo = Pick<Io, "stdout" | "stderr" | "colour">;

const help = `countersign test DIR [--roster FILE] [--policy FILE] [--json]

Judges the scenarios in a folder, each a .yml file with a pull request and the verdict it
should get, by a roster and a policy, with the gate that the server uses. Nothing is sent
anywhere. How scenarios are written: docs/trying-a-policy.md

  countersign test .github/countersign/scenarios
  countersign test scenarios --policy proposed.yml --json

Options:
  --roster FILE   default: ${rosterPath}
  --policy FILE   default: ${policyPath}, else the built-in one
  --json          what was expected of each scenario and what came out, as JSON
  --help          this text

Exit status: 0 all as expected; 1 some not; 2 wrong usage, a broken file, or no scenario.
`;

const options = { roster: text, policy: text, json: flag };

/** Runs the command on its arguments; resolves with the exit status. */
export async function test(argv: readonly string[], io: TestIo): Promise<number> {
  const command = { name: "test", help, options, allowPositionals: true, known: [] };
  return runCommand(command, argv, io, (words) => testFolder(readArguments(words), io));
}

type Wanted = { folder: string; roster?: string | undefined; policy?: string | undefined; json: boolean };

function readArguments({ values, positionals }: Words<typeof options>): Wanted {
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) throw new UsageError("expected one folder of scenarios");
  return { folder, roster: values.roster, policy: values.policy, json: values.json === true };
}

type Result = { file: string; asExpected: boolean; expected: Expected; said: Expected };

function testFolder({ folder, roster, policy, json }: Wanted, io: TestIo): number {
  const files = scenariosIn(folder);
  const config = readLocalConfig(
    readSource(roster ?? rosterPath),
    policy === undefined && !existsSync(policyPath)
      ? { place: policyPath, text: null }
      : readSource(policy ?? policyPath),
  );
  for (const warning of config.warnings) io.stderr(`${warning}\n`);
  const results = readScenarios(files, config).map(({ file, scenario }) => play(file, scenario, config));
  if (json) io.stdout(`${JSON.stringify({ scenarios: results }, null, 2)}\n`);
  else io.stdout(report(results, io));
  return results.every(({ asExpected }) => asExpected) ? 0 : 1;
}

function scenariosIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BrokenFiles(`${folder}: cannot be read (${why}); name a folder\n`);
  }
  const files = names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(folder, name));
  // A folder that was moved must not look like one where all is well.
  if (files.length === 0) throw new UsageError(`${folder} holds no scenario: no file ends in .yml or .yaml`);
  return files.toSorted();
}

/** All of them, or every problem of all of them. */
function readScenarios(files: readonly string[], { roster }: LocalConfig) {
  const find: FindAccount = (login) =>
    /^[a-z\d][a-z\d_-]{0,38}(\[bot\])?$/i.test(login)
      ? accountOf(login, botId(login), roster)
      : noLogin(login);
  const read = files.map((file) => ({ file, parsed: parseScenario(readSource(file).text ?? "", find) }));
  const problems = read.flatMap(({ file, parsed }) =>
    parsed.kind === "broken" ? parsed.problems.map((problem) => `${formatProblem(file, problem)}\n`) : [],
  );
  if (problems.length > 0) throw new BrokenFiles(problems.join(""));
  return read.flatMap(({ file, parsed }) => (parsed.kind === "ok" ? [{ file, scenario: parsed.value }] : []));
}

/** The catalogue knows a bot by id and login together, and nobody has the ids at hand. */
function botId(login: string): number | null {
  if (!login.endsWith("[bot]")) return null;
  return catalogue.accounts.find((known) => known.login.test(login))?.ids[0] ?? null;
}

function play(file: string, scenario: Scenario, { roster: written, policy }: LocalConfig): Result {
  const roster = withTeams(written, scenario.given.teams);
  const verdict = judge(factsIn(scenario, roster), {
    roster: roster === null ? { kind: "absent" } : { kind: "read", value: roster },
    policies: [{ kind: "read", value: policy }],
  });
  const said = saidOf(verdict, scenario.expect);
  return { file, asExpected: isDeepStrictEqual(said, scenario.expect), expected: scenario.expect, said };
}

function withTeams(roster: Roster | null, teams: Scenario["given"]["teams"]): Roster | null {
  if (roster === null) return null;
  const named = roster.teams.map((team) => {
    return { ...team, members: { kind: "read" as const, value: teams[team.name] ?? [] } };
  });
  return { ...roster, teams: named };
}

function factsIn({ given }: Scenario, roster: Roster | null): Facts {
  const identity = (who: Committer | undefined) => identityOf(who ?? given.author);
  const commits = given.commits.map(({ message, author, committer }, at) => ({
    sha: at === given.commits.length - 1 ? scenarioHead : String(at + 1).padStart(40, "0"),
    message,
    tree: String(at + 1).padStart(40, "7"),
    parents: [String(at).padStart(40, "0")],
    author: identity(author),
    committer: identity(committer ?? author),
  }));
  const facts = factsOf({
    range: {
      headSha: scenarioHead,
      branch: given.base,
      defaultBranch: "main",
      headBranch: given.headRef,
    },
    commits,
    files: given.files,
    author: { account: given.author, identity: null },
    roster,
    now: Date.parse(given.readAt),
  });
  return {
    ...facts,
    body: given.body,
    assignees: given.assignees,
    labels: { kind: "read", value: given.labels },
    reviews: { kind: "read", value: given.reviews },
    observations: given.overrides.map(({ by, reason }, at) => ({
      kind: "override",
      comment: String(at + 1),
      by,
      reason,
      sha: scenarioHead,
      at: given.readAt,
    })),
    pushAccess: given.overrides.map(({ by }) => ({ account: by, canPush: { kind: "read", value: true } })),
  };
}

type Committer = Account | Omit<GitIdentity, "account">;

/** What git carries of an account: its noreply address on GitHub. */
function identityOf(who: Committer): GitIdentity {
  if (!("login" in who)) return { ...who, account: null };
  const id = who.id === null ? "" : `${who.id}+`;
  return { name: who.login, email: `${id}${who.login}@users.noreply.github.com`, account: null };
}

function report(results: readonly Result[], io: TestIo): string {
  const paint = painter(io);
  const failed = results.filter(({ asExpected }) => !asExpected);
  const lines = results.flatMap(({ file, asExpected, expected, said }) => [
    `${asExpected ? paint("green", "ok  ") : paint("red", "FAIL")} ${plain(file, 400)}`,
    ...(asExpected ? [] : differences(expected, said)),
  ]);
  const total = `${results.length} ${results.length === 1 ? "scenario" : "scenarios"}`;
  const end = failed.length === 0 ? "all as expected" : `${failed.length} not as expected`;
  return `${lines.join("\n")}\n${total}, ${end}\n`;
}

function differences(expected: Expected, said: Expected): string[] {
  const got = new Map(Object.entries(said));
  return Object.entries(expected).flatMap(([key, value]) =>
    isDeepStrictEqual(value, got.get(key))
      ? []
      : [`       ${key}: expected ${shown(value)}, got ${shown(got.get(key))}`],
  );
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : plain(JSON.stringify(value), 1_000);
}
