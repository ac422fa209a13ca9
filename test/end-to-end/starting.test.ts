import { createServer } from "node:net";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { matching } from "./containing.ts";
import { anyPrivateKey } from "./inbox-server.ts";
import { freshDataDir, npmStart } from "./operator.ts";
import { webhookSecret } from "./signed-delivery.ts";

// Whole processes are started here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

const privateKey = anyPrivateKey();

/** A good environment, with GitHub where nobody answers. */
function good(): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    APP_ID: "1",
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: webhookSecret,
    GHE_HOST: "127.0.0.1:1",
    GHE_PROTOCOL: "http",
    HOST: "127.0.0.1",
    PORT: "0",
    DATA_DIR: freshDataDir(),
  };
}

/** How a start ends that cannot work: the exit code, what went to the log, and the lines people see. */
async function refused(env: NodeJS.ProcessEnv, cwd?: string) {
  const run = npmStart(env, cwd);
  const code = await run.end();
  return { code, stdout: run.out.stdout, lines: run.out.stderr.split("\n").slice(0, -1) };
}

it("refuses an empty environment with one line per problem", async () => {
  expect(await refused({ PATH: process.env["PATH"] })).toEqual({
    code: 2,
    stdout: "",
    lines: [
      matching(/^countersign: APP_ID is missing; /u),
      matching(/^countersign: PRIVATE_KEY and PRIVATE_KEY_PATH are missing; /u),
      matching(/^countersign: WEBHOOK_SECRET is missing; /u),
    ],
  });
});

it.each([
  [
    "the secret everybody knows",
    { WEBHOOK_SECRET: "development" },
    /^countersign: WEBHOOK_SECRET is "development"/u,
  ],
  ["an empty secret", { WEBHOOK_SECRET: "" }, /^countersign: WEBHOOK_SECRET is missing; /u],
  [
    "a key that is none",
    { PRIVATE_KEY: "no key" },
    /^countersign: PRIVATE_KEY: this is not a private key; /u,
  ],
  [
    "a host that is not here",
    { HOST: "192.0.2.1" },
    /^countersign: Cannot listen on port 0 of 192\.0\.2\.1: /u,
  ],
])("refuses %s with one line", async (_what, wrong, line) => {
  expect(await refused({ ...good(), ...wrong })).toMatchObject({
    code: 2,
    lines: [matching(line)],
  });
});

it("refuses a data folder that is a file, and a database that is none, each with one line", async () => {
  const folder = freshDataDir();
  const file = join(folder, "countersign.sqlite");
  writeFileSync(file, "This is not a database, only a text that is long enough to be looked at.".repeat(20));

  expect(
    await Promise.all([refused({ ...good(), DATA_DIR: file }), refused({ ...good(), DATA_DIR: folder })]),
  ).toEqual([
    {
      code: 2,
      stdout: "",
      lines: [
        `countersign: The data folder ${file} cannot be created. Create it, or set DATA_DIR to a folder this user can write to.`,
      ],
    },
    {
      code: 2,
      stdout: "",
      lines: [
        `countersign: The database ${file} is not an SQLite database. Move it away, or restore it from a backup.`,
      ],
    },
  ]);
});

it("says in one line that its port is taken", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const address = other.address();
  const port = typeof address === "object" ? address?.port : null;

  expect(await refused({ ...good(), PORT: String(port) })).toEqual({
    code: 2,
    stdout: "",
    lines: [
      `countersign: Port ${port} of 127.0.0.1 is taken. Stop what listens there, or set PORT to another one.`,
    ],
  });
});

it("reads .env of the folder it is started in, and the environment outweighs it", async () => {
  const folder = freshDataDir();
  writeFileSync(join(folder, ".env"), "APP_ID=none\nWEBHOOK_SECRET=development\n");

  expect(await refused({ ...good(), APP_ID: undefined }, folder)).toMatchObject({
    code: 2,
    lines: [matching(/^countersign: APP_ID: expected the number .*, got "none"$/u)],
  });
});
