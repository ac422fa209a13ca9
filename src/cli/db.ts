/** `countersign db backup FILE`: a copy of the SQLite database, beside a running server. */
import { readGitHubPlace } from "../config/environment.ts";
import { backUp, StoreError } from "../store/store.ts";
import { readWords } from "./arguments.ts";

/** What the command needs of its process. */
export type DbIo = {
  readonly environment: NodeJS.ProcessEnv;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
};

const help = `countersign db backup FILE

Copies the server's SQLite database as it is at this moment into a new file, which only
this user may read. The server may be running. To restore, stop the server, remove the
database with its -wal and -shm files, and put the copy in its place.

  countersign db backup countersign-2026-01-31.sqlite

Environment:
  DATA_DIR        the server's data folder; default: ./data
  DATABASE_URL    when the server's database is PostgreSQL: use pg_dump instead

Exit status: 0 backed up; 2 wrong usage, or it cannot be backed up.
`;

/** Runs the command on its arguments; resolves with the exit status. */
export async function db(argv: readonly string[], io: DbIo): Promise<number> {
  const wanted = readArguments(argv);
  if (wanted.kind === "help") {
    io.stdout(help);
    return 0;
  }
  if (wanted.kind === "wrong") {
    return refuse(io, `${wanted.why}\nRun "countersign db --help" for how it is used.`);
  }
  const place = readGitHubPlace(io.environment);
  if (place.kind === "broken") return refuse(io, place.problems.join("\n"));
  try {
    const { from, bytes } = await backUp(place.value, wanted.file);
    io.stdout(`Backed up ${from} to ${wanted.file}, ${bytes} bytes.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return refuse(io, error.message);
  }
}

type Wanted =
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly why: string }
  | { readonly kind: "backup"; readonly file: string };

function readArguments(argv: readonly string[]): Wanted {
  try {
    const { values, positionals } = readWords(argv, {});
    if (values.help === true) return { kind: "help" };
    const [command, file = "", ...rest] = positionals;
    if (command !== "backup" || file === "" || rest.length > 0) {
      return { kind: "wrong", why: "expected backup and the name of one new file" };
    }
    return { kind: "backup", file };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { kind: "wrong", why: error.message };
  }
}

function refuse({ stderr }: DbIo, problem: string): 2 {
  stderr(`countersign db: ${problem}\n`);
  return 2;
}
