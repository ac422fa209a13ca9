/** `countersign db backup FILE`: a copy of the SQLite database, beside a running server. */
import { readGitHubPlace } from "../config/environment.ts";
import { backUp, StoreError } from "../store/store.ts";
import { type Io, known, runCommand, UsageError } from "./command.ts";

/** What the command needs of its process. */
type DbIo = Pick<Io, "environment" | "stdout" | "stderr">;

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
  const command = { name: "db", help, options: {}, allowPositionals: true, known: [StoreError] };
  return runCommand(command, argv, io, async ({ positionals }) => {
    const [name, file = "", ...rest] = positionals;
    if (name !== "backup" || file === "" || rest.length > 0)
      throw new UsageError("expected backup and the name of one new file");
    const { from, bytes } = await backUp(known(readGitHubPlace(io.environment)), file);
    io.stdout(`Backed up ${from} to ${file}, ${bytes} bytes.\n`);
    return 0;
  });
}
