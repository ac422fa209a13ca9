/** `countersign doctor owner[/repo]`: whether the gate is closed, and with --fix the ruleset that closes it. */
import { readNeeded } from "../config/app-manifest.ts";
import { plain } from "../gate/markdown.ts";
import { type Finding, placeOf } from "../gate/protection.ts";
import { type GitHub, personalClient } from "../github/client.ts";
import { GitHubError, statusOf } from "../github/errors.ts";
import { createRuleset } from "../github/publish-ruleset.ts";
import { findRuleset } from "../github/read-protection.ts";
import {
  type Closing,
  type DoctorContext,
  type Examined,
  examine,
  type Wanted,
} from "../production/doctor.ts";
import { openEmptyStore, openStoreToRead, StoreError } from "../store/store.ts";
import { appClient } from "./app-client.ts";
import { CommandError, flag, type Io, runCommand, UsageError, type Words } from "./command.ts";
import { type Paint, painter } from "./verdict-text.ts";

/** What the command needs of its process. */
type DoctorIo = Pick<Io, "environment" | "now" | "readFile" | "stdout" | "stderr" | "colour" | "ask">;

const help = `countersign doctor OWNER[/REPO] [--fix [--yes]] [--json]

Is the gate closed? Reads what the app may read, and says for each repository and branch
what lets a change past the check, and how to repair it: whether the app is installed with
all permissions and events, roster and policy are valid, the check is required on every
gated branch, of this app alone, who may bypass it, and whether a merge queue asks every
entry for it.

  countersign doctor acme
  countersign doctor acme/shop --json
  countersign doctor acme/shop --fix

Options:
  --fix           creates the ruleset that requires the check, where it is missing: shows it
                  first and asks. Nothing else is changed; a ruleset that is there never is
  --yes           with --fix: does not ask
  --json          the findings as JSON: findings, unseen, repositories
  --help          this text

Environment: as for the server (APP_ID, PRIVATE_KEY_PATH, WEBHOOK_SECRET, GHE_HOST …), also from
.env. GITHUB_TOKEN or GH_TOKEN: the token of an administrator, who sees bypass lists;
--fix needs it, since the app may not change rulesets.

Exit status: 0 nothing to repair; 1 findings; 2 wrong usage, or GitHub cannot be asked.
`;

const flags = { fix: flag, yes: flag, json: flag };

type Options = Wanted & { readonly fix: boolean; readonly yes: boolean; readonly json: boolean };

/** Runs the command on its arguments; resolves with the exit status. */
export async function doctor(argv: readonly string[], io: DoctorIo): Promise<number> {
  const known = [StoreError, GitHubError];
  const command = { name: "doctor", help, options: flags, allowPositionals: true, known };
  return runCommand(command, argv, io, async (words) => {
    const options = readArguments(words);
    const found = await diagnose(options, io);
    io.stdout(options.json ? `${JSON.stringify(toJson(found), null, 2)}\n` : report(found, painter(io)));
    return found.findings.length === 0 ? 0 : 1;
  });
}

function readArguments({ values, positionals }: Words<typeof flags>): Options {
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) throw new UsageError(`expected one OWNER or OWNER/REPO`);
  const [, owner, repository = null] = /^([\w-]+)(?:\/([\w.-]+))?$/u.exec(text) ?? [];
  if (owner === undefined)
    throw new UsageError(`expected OWNER or OWNER/REPO such as acme/shop, got ${JSON.stringify(text)}`);
  const { fix = false, yes = false, json = false } = values;
  if (yes && !fix) throw new UsageError("--yes is for --fix: without it nothing is written");
  return { owner, repository, fix, yes, json };
}

/** Examines; with --fix writes and examines again, so that what is reported is what GitHub says. */
async function diagnose(options: Options, io: DoctorIo): Promise<Examined> {
  const { environment, clientFor } = await appClient(io);
  const { apiUrl, webUrl, configRepo } = environment;
  const token = io.environment["GITHUB_TOKEN"] || io.environment["GH_TOKEN"] || null;
  const person = token === null ? null : personalClient(token, apiUrl);
  if (options.fix) requirePerson(token, options, io);
  const store = (await openStoreToRead(environment)) ?? (await openEmptyStore());
  try {
    const context = { store, clientFor, person, configRepo, webUrl, needed: readNeeded(), now: io.now };
    const found = await ask(context, options, io);
    if (!options.fix || person === null) return found;
    const created = await closeAll(person, found.closing, { options, io });
    return created === 0 ? found : await ask(context, options, io);
  } finally {
    await store.close();
  }
}

async function ask(context: DoctorContext, wanted: Wanted, io: DoctorIo): Promise<Examined> {
  try {
    return await examine(context, wanted, (repository) => io.stderr(`examining ${repository}\n`));
  } catch (error) {
    if (!(error instanceof GitHubError) || statusOf(error) !== 401) throw error;
    const token = context.person === null ? "" : "GITHUB_TOKEN has to be valid, ";
    const repair = `${token}APP_ID and the private key have to be of the same app, and this machine's clock right`;
    throw new CommandError(`${error.message}; ${repair}`);
  }
}

function requirePerson(token: string | null, { yes }: Options, io: DoctorIo): void {
  const make =
    "set GITHUB_TOKEN to an administrator's: what `gh auth token` prints, a classic token with the scope repo, or a fine-grained one with Administration: read and write";
  if (token === null)
    throw new CommandError(`--fix writes as a person, since the app may not change rulesets; ${make}`);
  if (token.startsWith("ghs_"))
    throw new CommandError(`GITHUB_TOKEN is an app's, and --fix writes as a person; ${make}`);
  if (io.ask === null && !yes)
    throw new CommandError("--fix asks before it writes, and here is no terminal to ask at; say --yes");
}

/** Creates each ruleset that is wanted and not there; says how many. */
async function closeAll(
  person: GitHub,
  closing: readonly Closing[],
  { options, io }: { readonly options: Options; readonly io: DoctorIo },
): Promise<number> {
  let created = 0;
  for (const { repository, ruleset } of closing) {
    const { name } = ruleset;
    const there = await asPerson(async () => findRuleset(person, repository, { name, now: io.now() }));
    if (there !== null) {
      io.stderr(
        `${repository} has a ruleset ${name} (${plain(there.enforcement)}) that does not close the gate. It is left alone; change it at ${plain(there.page, 400)}\n`,
      );
      continue;
    }
    io.stderr(`A ruleset for ${repository}:\n${JSON.stringify(ruleset, null, 2)}\n`);
    const answer = options.yes || (await io.ask?.(`Create this ruleset in ${repository}? [y/N] `));
    if (answer !== true && !/^y(es)?$/iu.test(String(answer).trim())) continue;
    await asPerson(async () => createRuleset(person, repository, { ruleset, now: io.now() }));
    io.stderr(`Created in ${repository}.\n`);
    created += 1;
  }
  return created;
}

/** GitHub says 404 to whoever may not administer a repository, as if it had none. */
async function asPerson<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    const repair =
      "GITHUB_TOKEN has to be of somebody who administers the repository, with the scope repo or Administration: read and write; on a free plan private repositories have no rulesets";
    throw new CommandError(`${error.message}; ${repair}`);
  }
}

function toJson({ findings, unseen, repositories }: Examined) {
  return { findings, unseen, repositories };
}

function report({ findings, unseen, repositories }: Examined, paint: Paint): string {
  const count = `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`;
  const where = `${repositories.length} ${repositories.length === 1 ? "repository" : "repositories"}`;
  const hidden = unseen
    .map(
      ({ repository, what, see }) =>
        `  ${repository}: ${plain(what, 1_000)}\n    See: ${plain(see, 1_000)}\n`,
    )
    .join("");
  return [
    ...findings.map((finding) => findingText(finding, paint)),
    hidden === "" ? "" : `Could not be seen, so nothing is said about it:\n${hidden}\n`,
    findings.length === 0 ? `Nothing to repair in ${where}.\n` : `${count} in ${where}.\n`,
  ].join("");
}

function findingText(finding: Finding, paint: Paint): string {
  const { severity, what, repair } = finding;
  const colours = { error: "red", warning: "yellow", note: "blue" } as const;
  const api = repair.api === null ? "no single call does this" : plain(repair.api, 4_000);
  return `${paint(["bold", colours[severity]], severity)} ${placeOf(finding)}\n  ${plain(what, 4_000)}\n  Repair: ${plain(repair.page, 2_000)}\n  API: ${api}\n\n`;
}
