import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { readEnvironment } from "../src/config/environment.ts";
import { start } from "../src/start.ts";
import { anyPrivateKey } from "./end-to-end/inbox-server.ts";
import { logLine } from "./end-to-end/log-line.ts";
import { deliver, pullPayload, webhookSecret } from "./end-to-end/signed-delivery.ts";
import { until } from "./end-to-end/until.ts";
import { command, freshPlace } from "./store/fresh-store.ts";

/** A wire to PostgreSQL that can be cut, at the address of `databaseUrl`. */
async function wireTo(databaseUrl: string) {
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

/** The server in this process, on PostgreSQL at the other end of a wire. */
async function started() {
  const place = await freshPlace();
  const wire = await wireTo(place.databaseUrl ?? "");
  const environment = readEnvironment(
    {
      APP_ID: "1",
      PRIVATE_KEY: anyPrivateKey(),
      WEBHOOK_SECRET: webhookSecret,
      GHE_HOST: "127.0.0.1:1",
      GHE_PROTOCOL: "http",
      HOST: "127.0.0.1",
      PORT: "0",
      DATABASE_URL: wire.url,
    },
    () => "",
  );
  if (environment.kind === "broken") throw new Error(environment.problems.join("; "));
  const log: Record<string, unknown>[] = [];
  const server = await start(environment.value, { write: (line) => log.push(logLine(line)) });
  onTestFinished(async () => server.stop("the test is over"));
  const delivered = async (guid: string) =>
    (await deliver(server.url, { body: pullPayload(), guid, event: "ping" })).status;
  const ready = async () => (await fetch(`${server.url}/health`)).status;
  return { databaseUrl: place.databaseUrl ?? "", wire, log, delivered, ready };
}

it("answers 503 while PostgreSQL is gone, and works again by itself when it is back", async () => {
  const { wire, delivered, ready } = await started();
  const before = [await ready(), await delivered("first")];
  wire.cut();
  const during = [await delivered("second"), await ready(), await delivered("second")];
  wire.mend();
  const after = [await delivered("second"), await ready(), await delivered("first")];

  expect({ before, during, after }).toEqual({
    before: [200, 202],
    during: [503, 503, 503],
    after: [202, 200, 202],
  });
});

it("answers 503 before GitHub gives up when PostgreSQL falls silent, and works again on new connections", async () => {
  const { wire, delivered, ready } = await started();
  expect([await ready(), await delivered("first")]).toEqual([200, 202]);
  wire.silence();
  const asked = Date.now();
  expect(await delivered("second")).toBe(503);
  expect(Date.now() - asked).toBeLessThan(10_000);
  expect([await delivered("second"), await ready()]).toEqual([202, 200]);
});

it("goes on when an administrator ends its connections", async () => {
  const { databaseUrl, log, delivered, ready } = await started();
  expect([await ready(), await delivered("first")]).toEqual([200, 202]);
  await command(
    databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = current_setting('application_name') and pid <> pg_backend_pid()`,
  );
  await until("the server to be ready again", async () => (await ready()) === 200);
  expect(await delivered("second")).toBe(202);
  expect(log.map(({ level }) => Number(level)).filter((level) => level >= 60)).toEqual([]);
});
