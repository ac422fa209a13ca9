/** Ways in which a server loses PostgreSQL. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { command } from "./fresh-store.ts";

/** A wire to PostgreSQL that can be cut, at the address of `databaseUrl`. */
export async function wireTo(databaseUrl: string) {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = new URL(databaseUrl);
  url.port = String(typeof address === "object" ? address?.port : "");
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: url.href,
    cut,
    /** Nothing comes through any more, and neither side hears of it. */
    silence: () => {
      for (const socket of sockets) socket.pause().unpipe();
    },
    mend: () => {
      whole = true;
    },
  };
}

/** Ends every connection that an administrator sees from the tests of this database's schema, but for the one it takes. */
export async function endConnections(databaseUrl: string): Promise<void> {
  await command(
    databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = current_setting('application_name') and pid <> pg_backend_pid()`,
  );
}
