/** `countersign backtest OWNER/REPO`: what the gate would have said of the pull requests that were merged. Writes nothing. */
import { type CollectContext, collectFacts } from "../collect-facts.ts";
import { read } from "../read-together.ts";
import type { Read } from "../gate/accounts.ts";
import { judge } from "../gate/judge.ts";
import { asMerged } from "../gate/landing.ts";
import { type GitHub, personalClient } from "../github/client.ts";
import type { ConfigBlob, ConfigFiles } from "../github/config-files.ts";
import { GitHubError, messageOf, statusOf } from "../github/errors.ts";
import { type MergedPull, mergedPullsMax, readMergedPulls } from "../github/read-merged-pulls.ts";
import type { PullRead } from "../github/read-pull.ts";
import { openEmptyStore } from "../store/store.ts";
import { flag, type Io, runCommand, text, UsageError, type Words } from "./command.ts";
import { backtestChart } from "./backtest-chart.ts";
import { backtestText, type Judged, judgedPull, summaryOf, type Unjudged } from "./backtest-report.ts";
import { readLocalConfig, readSource, type Source } from "./local-config.ts";
import { askPatiently, type Patience } from "./patience.ts";
import { environmentHelp, readPlace, toPersonalError } from "./personal.ts";

/** What the command needs of its process. */
type BacktestIo = Pick<Io, "environment" | "now" | "sleep" | "stdout" | "stderr" | "colour">;

const help = `countersign backtest OWNER/REPO [--since DAYS] [--roster FILE] [--policy FILE]

Judges the pull requests that were merged as they stood at their merge, and reports which
would have waited, for whom and how long, which rules applied, and how often each person
would have been asked. Reads GitHub with your token and writes nothing.

  countersign backtest acme/shop --since 90d --policy proposed.yml
  countersign backtest acme/shop --json > backtest.json
  countersign backtest acme/shop --svg > backtest.svg

Options:
  --since DAYS    merged in so many days up to now, such as 30d; default: 90d
  --roster FILE   in place of the roster in force
  --policy FILE   in place of all policies in force
  --json          all of it as JSON
  --svg           a chart, week by week and person by person
  --help          this text

${environmentHelp}
Exit status: 0 all were judged; 2 wrong usage, a broken file, or some or all could not be
read.
`;

/** Days. GitHub keeps pull requests for ever, and nobody's team is the same after ten years. */
const daysMax = 3_650;

/** Queries at once. GitHub asks for few; each takes about a second. */
const readersMax = 4;

/** Pull requests between two lines of progress. */
const progressStep = 50;

const options = { since: text, roster: text, policy: text, json: flag, svg: flag };

/** Runs the command on its arguments; resolves with the exit status. */
export async function backtest(argv: readonly string[], io: BacktestIo): Promise<number> {
  const command = { name: "backtest", help, options, allowPositionals: true, known: [] };
  return runCommand(command, argv, io, async (words) => judgeMerged(readArguments(words), io));
}

type Wanted = {
  readonly owner: string;
  readonly repo: string;
  readonly days: number;
  readonly roster: string | undefined;
  readonly policy: string | undefined;
  readonly form: "text" | "json" | "svg";
};

function readArguments({ values, positionals }: Words<typeof options>): Wanted {
  const [reference = "", ...rest] = positionals;
  const [, owner, repo] = /^([a-z\d][\w-]*)\/([\w.-]+)$/iu.exec(reference) ?? [];
  if (owner === undefined || repo === undefined || rest.length > 0) {
    const got = positionals.length === 0 ? "none" : positionals.map((text) => JSON.stringify(text)).join(" ");
    throw new UsageError(`expected one repository such as acme/shop, got ${got}`);
  }
  const since = values.since ?? "90d";
  const days = Number(/^([1-9]\d{0,3})d$/.exec(since)?.[1]);
  if (!(days <= daysMax))
    throw new UsageError(`--since ${JSON.stringify(since)}: write days such as 90d, ${daysMax}d at most`);
  if (values.json === true && values.svg === true) throw new UsageError("--json and --svg: take one of them");
  const form = values.json === true ? "json" : values.svg === true ? "svg" : "text";
  return { owner, repo, days, roster: values.roster, policy: values.policy, form };
}

async function judgeMerged(wanted: Wanted, io: BacktestIo): Promise<number> {
  const place = readPlace(io.environment);
  const rules = readRules(wanted, io);
  const github = personalClient(place.token, place.apiUrl);
  const ask: Patience = async (request) => askPatiently(request, io);
  const name = `${wanted.owner}/${wanted.repo}`;
  const until = io.now();
  const since = until - wanted.days * 24 * 60 * 60 * 1000;
  const store = await openEmptyStore();
  try {
    const listed = await readMergedPulls(github, wanted, { since, now: until, ask });
    if (!listed.complete)
      io.stderr(`Only ${mergedPullsMax} pull requests are judged; take a shorter --since for all of it.\n`);
    const log = { warn: (_: object, message: string) => io.stderr(`${message}\n`) };
    const context = { store, appId: null, configRepo: place.configRepo, now: io.now, log };
    const reading = { context, github, ask, rules, io };
    const results = await judgeEach(reading, wanted, listed.pulls);
    const found = {
      repository: name,
      since,
      until,
      results,
      rules: { roster: wanted.roster, policy: wanted.policy },
    };
    if (wanted.form === "json") io.stdout(`${JSON.stringify(summaryOf(found), null, 2)}\n`);
    else io.stdout(wanted.form === "svg" ? backtestChart(found) : backtestText(found, io));
    const unjudged = results.filter((result) => result.kind === "unjudged");
    for (const { number, why } of unjudged) io.stderr(`${name}#${number} could not be read: ${why}\n`);
    return unjudged.length > 0 || !listed.complete ? 2 : 0;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    throw toPersonalError(error, name, place);
  } finally {
    await store.close();
  }
}

/** Files that take the place of those in force; null for those that stay. */
type Rules = { readonly roster: ConfigBlob | null; readonly policy: ConfigBlob | null };

function readRules(wanted: Wanted, io: BacktestIo): Rules {
  const none: Source = { place: "", text: null };
  const roster = wanted.roster === undefined ? none : readSource(wanted.roster);
  const policy = wanted.policy === undefined ? none : readSource(wanted.policy);
  // Alone each is only half of what holds, and what shows beside the other one is found when both are read.
  if (wanted.roster !== undefined && wanted.policy !== undefined)
    for (const warning of readLocalConfig(roster, policy).warnings) io.stderr(`${warning}\n`);
  else if (wanted.policy !== undefined) readLocalConfig(none, policy);
  return { roster: blobOf(roster), policy: blobOf(policy) };
}

function blobOf({ text }: Source): ConfigBlob | null {
  return text === null ? null : { kind: "read", value: { version: "proposed", text } };
}

type Reading = {
  readonly context: CollectContext;
  readonly github: GitHub;
  readonly ask: Patience;
  readonly rules: Rules;
  readonly io: BacktestIo;
};

/** A few at once, in the order of their merges. */
async function judgeEach(
  reading: Reading,
  repository: { readonly owner: string; readonly repo: string },
  pulls: readonly MergedPull[],
): Promise<(Judged | Unjudged)[]> {
  const results = new Map<number, Judged | Unjudged>();
  const queue = pulls.entries();
  let done = 0;
  const work = async () => {
    for (const [at, pull] of queue) {
      results.set(at, await judgeOne(reading, repository, pull));
      done += 1;
      if (done % progressStep === 0 || done === pulls.length)
        reading.io.stderr(`${done} of ${pulls.length} merged pull requests read\n`);
    }
  };
  await Promise.all(Array.from({ length: readersMax }, work));
  return pulls.flatMap((_, at) => results.get(at) ?? []);
}

async function judgeOne(
  { context, github, ask, rules }: Reading,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  pull: MergedPull,
): Promise<Judged | Unjudged> {
  try {
    const { facts, config } = await ask(async () => {
      const seen = await read(context, github, { owner, repo, number: pull.number });
      return collectFacts(context, github, withRules(seenAtMerge(seen, pull.baseSha), rules));
    });
    const [own] = facts;
    if (own === undefined) throw new Error("facts of a pull request without that pull request");
    return judgedPull(pull, own, judge(own, config));
  } catch (error) {
    // What all of them need fails all of them.
    if (!(error instanceof GitHubError) || statusOf(error) === 401) throw error;
    return { kind: "unjudged", number: pull.number, why: messageOf(error) };
  }
}

/** Without others that have its head or base branch now. @param baseSha what the base branch was; null where nobody knows. */
function seenAtMerge(seen: PullRead, baseSha: string | null): PullRead {
  const facts = { ...asMerged(seen.facts), readAt: seen.facts.merge?.at ?? seen.facts.readAt };
  return { ...seen, siblings: [], onOtherPull: false, ...(baseSha !== null && { baseSha }), facts };
}

/** The files given take the organisation's place, where they decide for every repository. */
function withRules(seen: PullRead, { roster, policy }: Rules): PullRead {
  if (roster === null && policy === null) return seen;
  const never: ConfigBlob = { kind: "absent", removed: false };
  const organisation: Read<ConfigFiles> =
    seen.organisation.kind === "absent"
      ? { kind: "read", value: { where: "", roster: never, policy: never } }
      : seen.organisation;
  if (organisation.kind !== "read") return seen;
  const own = seen.repository;
  const inForce = { roster: organisation.value.roster, policy: organisation.value.policy };
  return {
    ...seen,
    organisation: {
      kind: "read",
      value: {
        ...organisation.value,
        // A policy of its own beside no roster of the organisation must not hide the repository's roster.
        roster: roster ?? (inForce.roster.kind === "absent" ? own.roster : inForce.roster),
        policy: policy ?? inForce.policy,
      },
    },
    repository: { ...own, policy: policy === null ? own.policy : never },
  };
}
