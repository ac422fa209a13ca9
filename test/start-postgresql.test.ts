import { expect, it, onTestFinished } from "vitest";
import { readEnvironment } from "../src/config/environment.ts";
import { start } from "../src/start.ts";
import { anyPrivateKey } from "./end-to-end/inbox-server.ts";
import { logLine } from "./end-to-end/log-line.ts";
import { deliver, pullPayload, webhookSecret } from "./end-to-end/signed-delivery.ts";
import { until } from "./end-to-end/until.ts";
import { freshPlace } from "./store/fresh-store.ts";
import { endConnections, wireTo } from "./store/wire.ts";

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
  await endConnections(databaseUrl);
  await until("the server to be ready again", async () => (await ready()) === 200);
  expect(await delivered("second")).toBe(202);
  expect(log.map(({ level }) => Number(level)).filter((level) => level >= 60)).toEqual([]);
});
