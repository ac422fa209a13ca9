import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { db } from "../../src/cli/db.ts";
import { appendAudit, verifyAudit } from "../../src/store/audit.ts";
import { backlog, putMarks } from "../../src/store/marks.ts";
import { freshFolder, freshStore } from "../store/fresh-store.ts";

async function run(environment: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const out = { stdout: "", stderr: "" };
  const status = await db(args, {
    environment,
    stdout: (text) => void (out.stdout += text),
    stderr: (text) => void (out.stderr += text),
  });
  return { status, ...out };
}

describe("countersign db backup", () => {
  it("copies what is committed beside a server that is in the middle of writing, for this user only", async () => {
    const { place, ...store } = await freshStore();
    const row = { at: 1, kind: "verdict", repo: null, number: null, sha: null, actorId: null, body: {} };
    await appendAudit(store, row);
    await putMarks(store, [{ target: "pull:acme/app:1", installation: 7, priority: 0 }], 1);
    const writing = await store.db.startTransaction().execute();
    await putMarks({ db: writing }, [{ target: "pull:acme/app:2", installation: 7, priority: 0 }], 1);
    const folder = freshFolder();
    const copy = join(folder, "countersign.sqlite");

    const ran = await run({ DATA_DIR: place.dataDir }, "backup", copy);
    await writing.commit().execute();

    expect(ran).toEqual({
      status: 0,
      stdout: `Backed up ${join(place.dataDir, "countersign.sqlite")} to ${copy}, ${statSync(copy).size} bytes.\n`,
      stderr: "",
    });
    expect([readdirSync(folder), statSync(copy).mode & 0o777]).toEqual([["countersign.sqlite"], 0o600]);
    const restored = await freshStore({ dataDir: folder });
    expect([await verifyAudit(restored), (await backlog(restored, 1)).count]).toMatchObject([
      { ok: true, newest: { seq: 1 } },
      1,
    ]);
  });

  it("overwrites nothing", async () => {
    const { place } = await freshStore();
    const copy = join(freshFolder(), "yesterday.sqlite");
    writeFileSync(copy, "yesterday's");

    expect(await run({ DATA_DIR: place.dataDir }, "backup", copy)).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign db: ${copy} is there already; nothing is overwritten. Name a new file.\n`,
    });
    expect(readFileSync(copy, "utf8")).toBe("yesterday's");
  });

  it("leaves nothing behind when it fails", async () => {
    const dataDir = freshFolder();
    writeFileSync(join(dataDir, "countersign.sqlite"), "This is a letter, not a database.\n".repeat(100));
    const folder = freshFolder();

    const { status, stderr } = await run({ DATA_DIR: dataDir }, "backup", join(folder, "copy.sqlite"));
    expect([status, stderr]).toEqual([2, expect.stringContaining("file is not a database")]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says where there is no database, or no folder for the copy", async () => {
    const { place } = await freshStore();
    const nowhere = join(freshFolder(), "nowhere");
    const ran = [
      await run({ DATA_DIR: nowhere }, "backup", join(freshFolder(), "copy.sqlite")),
      await run({ DATA_DIR: place.dataDir }, "backup", join(nowhere, "copy.sqlite")),
    ];
    expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual([
      [
        2,
        `countersign db: There is no database ${nowhere}/countersign.sqlite. Set DATA_DIR to its folder.\n`,
      ],
      [2, expect.stringMatching(/^countersign db: \S+copy.sqlite cannot be created: ENOENT/u)],
    ]);
  });

  it("sends who has PostgreSQL to pg_dump, without the password", async () => {
    const { status, stderr } = await run(
      { DATABASE_URL: "postgres://ada:hunter2@db/countersign" },
      "backup",
      "x",
    );
    expect([status, stderr]).toEqual([
      2,
      'countersign db: The database is PostgreSQL\'s. Back it up with pg_dump --format=custom --file=x "$DATABASE_URL"\n',
    ]);
  });

  it.each([[[]], [["backup"]], [["restore", "x"]], [["backup", "x", "y"]], [["backup", "--fast", "x"]]])(
    "refuses %j and names the help",
    async (args) => {
      const { status, stdout, stderr } = await run({}, ...args);
      expect([status, stdout, stderr]).toEqual([
        2,
        "",
        expect.stringMatching(/Run "countersign db --help"/u),
      ]);
    },
  );

  it("has help", async () => {
    expect(await run({}, "--help")).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^countersign db backup FILE\n/u),
      stderr: "",
    });
  });
});
