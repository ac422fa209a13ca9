/** `countersign explain owner/repo#12`: what the gate says of a pull request as it is on GitHub now. Writes nothing. */
import { type Collected, collectFacts } from "../collect-facts.ts";
import { read } from "../read-together.ts";
import { judge } from "../gate/judge.ts";
import { plain } from "../gate/markdown.ts";
import { nextSteps, onTerminal } from "../gate/render.ts";
import { blocks, strictest } from "../gate/strictest.ts";
import type { Verdict } from "../gate/verdict.ts";
import { personalClient } from "../github/client.ts";
import { GitHubError } from "../github/errors.ts";
import { nameOf, type PullRead, type PullRef } from "../github/read-pull.ts";
import { openEmptyStore, openStoreToRead, StoreError } from "../store/store.ts";
import { flag, type Io, runCommand, UsageError, type Words } from "./command.ts";
import { environmentHelp, type Place, readPlace, toPersonalError } from "./personal.ts";
import { painter, verdictText, verdictTitle } from "./verdict-text.ts";

/** What the command needs of its process. */
type ExplainIo = Pick<Io, "environment" | "now" | "stdout" | "stderr" | "colour">;

const help = `countersign explain OWNER/REPO#NUMBER [--json]

Looks at a pull request on GitHub as the server does, and says the same: what shows AI
assistance, which rules apply, who could countersign, which reviews do not count. Nothing
is written, neither to GitHub nor to the server's database.

  countersign explain acme/shop#12
  countersign explain acme/shop#12 --json

Options:
  --json          the verdict as JSON; null where there is nothing to judge
  --help          this text

${environmentHelp}  DATABASE_URL    the server's database, where it is PostgreSQL
  DATA_DIR        else the server's data folder; default: ./data. What a server remembers
                  of the pull request counts only where its database can be read

Exit status: 0 passes, or there is nothing to judge; 1 blocked; 2 wrong usage, or it cannot
be read.
`;

const options = { json: flag };

type Wanted = { readonly pull: PullRef; readonly json: boolean };

/** Runs the command on its arguments; resolves with the exit status. */
export async function explain(argv: readonly string[], io: ExplainIo): Promise<number> {
  const command = { name: "explain", help, options, allowPositionals: true, known: [StoreError] };
  return runCommand(command, argv, io, async (words) => explainPull(readArguments(words), io));
}

function readArguments({ values, positionals }: Words<typeof options>): Wanted {
  const [reference = "", ...rest] = positionals;
  const [, owner, repo, number] = /^([a-z\d][\w-]*)\/([\w.-]+)#([1-9]\d{0,8})$/iu.exec(reference) ?? [];
  if (owner === undefined || repo === undefined || rest.length > 0) {
    const got = positionals.length === 0 ? "none" : positionals.map((text) => JSON.stringify(text)).join(" ");
    throw new UsageError(`expected one pull request such as acme/shop#12, got ${got}`);
  }
  return { pull: { owner, repo, number: Number(number) }, json: values.json === true };
}

async function explainPull({ pull, json }: Wanted, io: ExplainIo): Promise<number> {
  const place = readPlace(io.environment);
  const remembered = await openStoreToRead(place);
  const store = remembered ?? (await openEmptyStore());
  try {
    const log = { warn: (_: object, message: string) => io.stderr(`${message}\n`) };
    const context = { store, appId: null, configRepo: place.configRepo, now: io.now, log };
    const { seen, collected } = await collect(context, pull, place);
    for (const line of unknownHere(place, pull, { seen, remembers: remembered !== null }))
      io.stderr(`${line}\n`);
    const verdict = judgeTogether(collected, pull.number);
    if (json) io.stdout(`${JSON.stringify(verdict, null, 2)}\n`);
    else io.stdout(report(seen, verdict, io));
    return verdict !== null && blocks(verdict) ? 1 : 0;
  } finally {
    await store.close();
  }
}

async function collect(
  context: Parameters<typeof collectFacts>[0],
  pull: PullRef,
  place: Place,
): Promise<{ seen: PullRead; collected: Collected }> {
  const github = personalClient(place.token, place.apiUrl);
  try {
    const seen = await read(context, github, pull);
    return { seen, collected: await collectFacts(context, github, seen) };
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    throw toPersonalError(error, nameOf(pull), place);
  }
}

/** What makes the server's verdict another one, where this command cannot know as much. */
function unknownHere(
  { dataDir, configRepo }: Place,
  { owner }: PullRef,
  { seen, remembers }: { readonly seen: PullRead; readonly remembers: boolean },
): string[] {
  const memory = `No database in ${dataDir}: what a server remembers of this pull request is not known here; DATA_DIR names its folder.`;
  const organisation = `${owner}/${configRepo} does not exist, or the token may not see it: a roster or policy in it is not known here.`;
  return [...(remembers ? [] : [memory]), ...(seen.organisation.kind === "absent" ? [organisation] : [])];
}

/** As the server judges: whatever shares the head SHA, the strictest verdict decides. Null where nothing is gated. */
function judgeTogether({ facts, config }: Collected, number: number): Verdict | null {
  const judged = facts.filter((each) => each.open || each.number === number);
  const verdicts = judged.flatMap((each) => judge(each, config) ?? []);
  return verdicts.length === 0 ? null : strictest(verdicts);
}

function report({ facts }: PullRead, verdict: Verdict | null, io: ExplainIo): string {
  const base = plain(facts.base);
  if (verdict === null) return `${nameOf(facts)} goes into ${base}, which is not gated: nothing to judge.\n`;
  const paint = painter(io);
  const closed = facts.open ? "" : ", closed";
  const where = `${plain(facts.url, 400)} at ${facts.headSha.slice(0, 7)} into ${base}${closed}`;
  return [
    verdictTitle(verdict, paint),
    `\n  ${paint("dim", where)}\n`,
    ...nextSteps(verdict, onTerminal).map((step) => `\n${step}`),
    verdictText(verdict, paint),
  ].join("");
}
