/** `countersign audit verify` and `countersign audit export`: the log of verdicts, checked and handed on. */
import { z } from "zod";
import { readGitHubPlace } from "../config/environment.ts";
import { GitHubError } from "../github/errors.ts";
import { readWitnesses, type Witness } from "../github/read-witnesses.ts";
import { auditRows, compareWitness, newestCheckpoint, verifyAudit } from "../store/audit.ts";
import { openStoreToRead, type Store, StoreError } from "../store/store.ts";
import { appClient } from "./app-client.ts";
import { CommandError, flag, type Io, known, runCommand, text, UsageError, type Words } from "./command.ts";

/** What the command needs of its process. */
type AuditIo = Pick<Io, "environment" | "readFile" | "now" | "stdout" | "stream" | "stderr">;

const help = `countersign audit verify [--github]
countersign audit export [--since WHEN] [--format jsonl|csv]

The server keeps one row for every change of a verdict, override, bypass, sign-in and version
of roster and policy, each with the hash of the row before it. verify recomputes every hash and finds what
was changed or taken out. With --github it also compares the log with what stands in the
check runs on GitHub, and so finds a log that was cut at its end or rewritten as a whole.

  countersign audit verify
  countersign audit verify --github
  countersign audit export --since 90d --format csv > audit.csv
  countersign audit export --since 2026-01-01 > audit.jsonl

Options:
  --github        ask GitHub, as the app: needs the server's APP_ID, PRIVATE_KEY and so on
  --since WHEN    rows since a date such as 2026-01-31 (UTC), or of the last days: 90d
  --format        jsonl (default): one JSON object a line; csv: with a header
  --help          this text

Environment: DATA_DIR, the server's data folder (default: ./data), or DATABASE_URL, its PostgreSQL
database. The log is only read, beside a running server.

Exit status: 0 the log is whole, or was exported; 1 it is not; 2 wrong usage, or it cannot be read.
`;

const options = { github: flag, since: text, format: text };

type Wanted =
  | { readonly kind: "verify"; readonly github: boolean }
  | { readonly kind: "export"; readonly since: number; readonly format: ExportFormat };

/** Runs the command on its arguments; resolves with the exit status. */
export async function audit(argv: readonly string[], io: AuditIo): Promise<number> {
  const known = [StoreError, GitHubError];
  return runCommand(
    { name: "audit", help, options, allowPositionals: true, known },
    argv,
    io,
    async (words) => {
      const wanted = readArguments(words, io.now());
      const store = await openLog(io.environment);
      try {
        return wanted.kind === "verify"
          ? await verify(store, wanted, io)
          : await exportRows(store, wanted, io);
      } finally {
        await store.close();
      }
    },
  );
}

function readArguments({ values, positionals }: Words<typeof options>, now: number): Wanted {
  const [command, ...rest] = positionals;
  if (rest.length > 0)
    throw new UsageError(`expected nothing after ${command}, got ${JSON.stringify(rest[0])}`);
  if (command === "verify") {
    if (values.since !== undefined || values.format !== undefined)
      throw new UsageError("verify takes no --since and no --format: it checks the whole log");
    return { kind: "verify", github: values.github === true };
  }
  if (command !== "export") {
    throw new UsageError(
      `expected verify or export, got ${command === undefined ? "none" : JSON.stringify(command)}`,
    );
  }
  if (values.github === true) throw new UsageError("export takes no --github: that is for verify");
  const { since, format = "jsonl" } = values;
  if (format !== "jsonl" && format !== "csv")
    throw new UsageError(`--format: expected jsonl or csv, got ${JSON.stringify(format)}`);
  return { kind: "export", since: since === undefined ? 0 : timeOf(since, now), format };
}

function timeOf(text: string, now: number): number {
  const days = /^(\d{1,5})d$/u.exec(text)?.[1];
  if (days !== undefined) return now - Number(days) * 86_400_000;
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/u.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(
      `--since: expected a date such as 2026-01-31, or days such as 90d, got ${JSON.stringify(text)}`,
    );
  return time;
}

async function openLog(environment: NodeJS.ProcessEnv): Promise<Store> {
  const place = known(readGitHubPlace(environment));
  const store = await openStoreToRead(place);
  if (store === null)
    throw new CommandError(`no database in ${place.dataDir}; set DATA_DIR to the server's data folder`);
  return store;
}

async function exportRows(
  store: Store,
  { since, format }: Wanted & { kind: "export" },
  io: AuditIo,
): Promise<number> {
  if (format === "csv") await io.stream(`${columns.join(",")}\r\n`);
  for await (const row of auditRows(store, { since })) await io.stream(auditLine(row, format));
  return 0;
}

type ExportFormat = "jsonl" | "csv";

type Row = ReturnType<typeof auditRows> extends AsyncGenerator<infer Each> ? Each : never;

const columns = [
  "seq",
  "time",
  "kind",
  "repo",
  "number",
  "sha",
  "actor_id",
  "body",
  "previous_hash",
  "hash",
] as const;

/**
 * One row as a line: as JSON with its body as an object, and with `at` in ms since epoch, which the hash was made of,
 * beside the readable `time`; or as CSV with the body as JSON (RFC 4180).
 */
function auditLine(row: Row, format: ExportFormat): string {
  const time = new Date(row.at).toISOString();
  if (format === "jsonl") {
    const body: unknown = z.json().parse(JSON.parse(row.body));
    return `${JSON.stringify({ ...row, time, body })}\n`;
  }
  const all = { ...row, time };
  return `${columns.map((column) => cell(all[column])).join(",")}\r\n`;
}

function cell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function verify(store: Store, { github }: Wanted & { kind: "verify" }, io: AuditIo): Promise<number> {
  const checked = await verifyAudit(store);
  if (!checked.ok) {
    await io.stream(`The audit log is broken at row ${checked.seq}. ${checked.why}\n`);
    return 1;
  }
  const { first, newest } = checked;
  const count = newest.seq - first + 1;
  const rows =
    count === 0 ? "it is empty" : `rows ${first} to ${newest.seq}, the newest ${newest.seq}:${newest.hash}`;
  await io.stream(`Every hash is right: ${rows}.\n`);
  const taken = await newestCheckpoint(store);
  if (taken !== null) {
    const day = new Date(taken.at).toISOString().slice(0, 10);
    await io.stream(
      `Rows 1 to ${first - 1} were taken out, as a checkpoint of ${day} says: rows were kept for ${taken.keepDays} days then.\n`,
    );
  }
  return github ? compareWithGitHub(store, io) : 0;
}

/** The newest witness is compared for a cut, and every other one too: they cost nothing more. */
async function compareWithGitHub(store: Store, io: AuditIo): Promise<number> {
  const witnesses = await allWitnesses(io);
  const newest = witnesses.reduce<Witness | null>(
    (most, witness) => (most === null || witness.seq > most.seq ? witness : most),
    null,
  );
  if (newest === null) {
    await io.stream(
      "GitHub has no check run of this app that names a row, so there is nothing to compare.\n",
    );
    return 0;
  }
  let broken = 0;
  for (const witness of witnesses) {
    const found = await compareWitness(store, witness, io.now());
    if (found === "present" || found === "pruned") continue;
    broken += 1;
    await io.stream(`${nameOf(witness)} names row ${witness.seq}:${witness.hash}, but ${wrong[found]}.\n`);
  }
  if (broken > 0) {
    await io.stream("The log was cut or rewritten after these check runs were written.\n");
    return 1;
  }
  await io.stream(
    `GitHub agrees: ${witnesses.length} check runs compared, the newest names row ${newest.seq} (${nameOf(newest)}).\n`,
  );
  return 0;
}

const wrong = {
  cut: "the log ends before it",
  rewritten: "another row stands in its place",
  "too-young": "a checkpoint says that this was taken out, and it is too young for that",
};

async function allWitnesses(io: AuditIo): Promise<Witness[]> {
  const { clientFor, environment } = await appClient(io);
  const progress = (repo: string) => io.stderr(`reading the check runs of ${repo}\n`);
  return readWitnesses(clientFor, { appId: environment.appId, now: io.now(), progress });
}

function nameOf({ repo, headSha }: Witness): string {
  return `The check run on ${repo}@${headSha.slice(0, 7)}`;
}
