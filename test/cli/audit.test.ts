import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { audit } from "../../src/cli/audit.ts";
import { appendAudit, type AuditEntry } from "../../src/store/audit.ts";
import { canonicalJson, sha256 } from "../../src/store/canonical-json.ts";
import { ownCompany } from "../end-to-end/company.ts";
import { openPull, pushMore } from "../end-to-end/pull-request.ts";
import { freshFolder, freshStore } from "../store/fresh-store.ts";

const now = Date.parse("2026-05-01T12:00:00Z");
const row = { kind: "verdict", repo: "acme/app", number: 7, sha: "a".repeat(40), actorId: null };

/** Runs `countersign audit …` with an environment. */
async function run(environment: NodeJS.ProcessEnv, ...argv: readonly string[]) {
  const out = { stdout: "", stderr: "" };
  const status = await audit(argv, {
    environment,
    now: () => now,
    readFile: () => "",
    stdout: (text) => {
      out.stdout += text;
    },
    stream: async (text) => {
      out.stdout += text;
    },
    stderr: (text) => {
      out.stderr += text;
    },
  });
  return { status, ...out };
}

/** A log of three rows, one a day until yesterday. */
async function threeDays() {
  const store = await freshStore();
  for (const [index, outcome] of ["waiting", "objected", 'said "yes", and went'].entries()) {
    await appendAudit(store, { ...row, at: now - (3 - index) * 86_400_000, body: { outcome } });
  }
  return store;
}

/** What somebody with access to the file can do. */
function tamper(file: string, statement: string): void {
  const raw = new Database(file);
  raw.exec(`drop trigger audit_no_update; drop trigger audit_no_delete; ${statement}`);
  raw.close();
}

describe("countersign audit verify", () => {
  test("says that a log is whole, and which row is its newest", async () => {
    const { place, db } = await threeDays();
    const { dataDir } = place;
    const { hash } = await db
      .selectFrom("audit")
      .select("hash")
      .where("seq", "=", 3)
      .executeTakeFirstOrThrow();
    expect(await run({ DATA_DIR: dataDir }, "verify")).toEqual({
      status: 0,
      stdout: `Every hash is right: rows 1 to 3, the newest 3:${hash}.\n`,
      stderr: "",
    });
  });

  test("names the first row that was changed, and exits with 1", async () => {
    const { place } = await threeDays();
    const { dataDir } = place;
    const file = `${dataDir}/countersign.sqlite`;
    tamper(file, "update audit set actor_id = 1 where seq = 2");
    expect(await run({ DATA_DIR: dataDir }, "verify")).toEqual({
      status: 1,
      stdout: "The audit log is broken at row 2. Row 2 was changed: its content does not give its hash.\n",
      stderr: "",
    });
  });

  test("with --github agrees with check runs that name rows it has, though they were written long before the newest row", async () => {
    const company = await ownCompany();
    const first = await openPull(company);
    await company.check(first.sha);
    await openPull(company);
    await company.idle();
    const { status, stdout, stderr } = await run(company.environment, "verify", "--github");
    expect([status, stdout.split("\n")[1], stderr]).toEqual([
      0,
      expect.stringMatching(
        /^GitHub agrees: 2 check runs compared, the newest names row 3 \(The check run on acme\/shop@[\da-f]{7}\)\.$/u,
      ),
      "reading the check runs of acme/.github\nreading the check runs of acme/shop\n",
    ]);
  });

  test("with --github finds a log that was cut at its end", async () => {
    const company = await ownCompany();
    const pull = await openPull(company);
    await company.check(pull.sha);
    const later = pushMore(company, pull);
    await company.check(later);
    tamper(`${company.environment["DATA_DIR"]}/countersign.sqlite`, "delete from audit where seq = 3");
    const { status, stdout } = await run(company.environment, "verify", "--github");
    expect([status, stdout.split("\n").slice(1)]).toEqual([
      1,
      [
        expect.stringMatching(
          `^The check run on acme/shop@${later.slice(0, 7)} names row 3:[0-9a-f]{64}, but the log ends before it\\.$`,
        ),
        "The log was cut or rewritten after these check runs were written.",
        "",
      ],
    ]);
  });

  test("with --github finds a log that was rewritten as a whole, hashes and all", async () => {
    const company = await ownCompany();
    const { sha } = await openPull(company);
    await company.check(sha);
    const file = `${company.environment["DATA_DIR"]}/countersign.sqlite`;
    const { place } = await threeDays();
    const forged = `${place.dataDir}/countersign.sqlite`;
    tamper(
      file,
      `delete from audit; attach '${forged}' as forged; insert into audit select * from forged.audit`,
    );
    const { status, stdout } = await run(company.environment, "verify", "--github");
    expect([status, stdout.split("\n").slice(0, 2)]).toEqual([
      1,
      [
        expect.stringMatching(/^Every hash is right: rows 1 to 3, /u),
        expect.stringMatching(
          `^The check run on acme/shop@${sha.slice(0, 7)} names row 2:[0-9a-f]{64}, but another row stands in its place\\.$`,
        ),
      ],
    ]);
  });
});

describe("a checkpoint that is made up", () => {
  /** A log of which nothing is left but a checkpoint, as whoever has the file can write one: it says that `last` was the last row before it. */
  function wipe(file: string, last: AuditEntry): void {
    const body = canonicalJson({ hash: last.hash, keepDays: 30 });
    const content = {
      seq: last.seq + 1,
      at: now,
      kind: "checkpoint",
      repo: null,
      number: last.seq,
      sha: null,
      actor_id: null,
      body,
      previous_hash: last.hash,
    };
    const hash = sha256(canonicalJson(content));
    tamper(
      file,
      `delete from audit; insert into audit values (${content.seq}, ${now}, 'checkpoint', null, ${last.seq}, null, null, '${body}', '${last.hash}', '${hash}')`,
    );
  }

  /** A company with two check runs that name rows of now, and how to read its newest row. */
  async function witnessed() {
    const company = await ownCompany();
    const first = await openPull(company);
    await company.check(first.sha);
    const second = await openPull(company);
    await company.check(second.sha);
    await company.idle();
    const file = `${company.environment["DATA_DIR"]}/countersign.sqlite`;
    const raw = new Database(file, { readonly: true });
    const hashes = raw.prepare("select hash from audit order by seq").pluck().all().map(String);
    raw.close();
    const verified = async () => (await run(company.environment, "verify", "--github")).stdout.split("\n");
    return { file, first: first.sha, hash: hashes.at(-1) ?? "", seq: hashes.length, verified };
  }

  test("is found with --github by the check runs that are younger than what it took out", async () => {
    const { file, first, seq, hash, verified } = await witnessed();
    wipe(file, { seq, hash });
    expect((await verified()).slice(1)).toEqual([
      `Rows 1 to ${seq} were taken out, as a checkpoint of 2026-05-01 says: rows were kept for 30 days then.`,
      expect.stringMatching(
        `^The check run on acme/shop@${first.slice(0, 7)} names row \\d+:[0-9a-f]{64}, but a checkpoint says that this was taken out, and it is too young for that\\.$`,
      ),
      "The log was cut or rewritten after these check runs were written.",
      "",
    ]);
  });

  test("is found with --github by the hash of the last row that it took out", async () => {
    const { file, seq, verified } = await witnessed();
    wipe(file, { seq, hash: "0".repeat(64) });
    expect(await verified()).toContainEqual(
      expect.stringMatching(
        new RegExp(`names row ${seq}:[0-9a-f]{64}, but another row stands in its place`, "u"),
      ),
    );
  });
});

describe("countersign audit export", () => {
  test("prints rows as JSON lines, with what each hash was made of", async () => {
    const { place, db } = await threeDays();
    const { dataDir } = place;
    const [first] = await db.selectFrom("audit").selectAll().orderBy("seq").execute();
    const { status, stdout } = await run({ DATA_DIR: dataDir }, "export");
    const lines = stdout.split("\n");
    expect([status, lines.length, JSON.parse(lines[0] ?? "")]).toEqual([
      0,
      4,
      { ...first, time: "2026-04-28T12:00:00.000Z", body: { outcome: "waiting" } },
    ]);
  });

  test("prints rows of the last days as CSV that a table can be made of", async () => {
    const { place, db } = await threeDays();
    const { dataDir } = place;
    const [, before, last] = await db.selectFrom("audit").select("hash").orderBy("seq").execute();
    const { status, stdout } = await run({ DATA_DIR: dataDir }, "export", "--since", "1d", "--format", "csv");
    expect([status, stdout]).toEqual([
      0,
      "seq,time,kind,repo,number,sha,actor_id,body,previous_hash,hash\r\n" +
        `3,2026-04-30T12:00:00.000Z,verdict,acme/app,7,${row.sha},,` +
        `"{""outcome"":""said \\""yes\\"", and went""}",${before?.hash},${last?.hash}\r\n`,
    ]);
  });

  test("takes a date, too", async () => {
    const { place } = await threeDays();
    const { dataDir } = place;
    const { stdout } = await run({ DATA_DIR: dataDir }, "export", "--since", "2026-04-29");
    expect(stdout.match(/"seq":\d/gu)).toEqual(['"seq":2', '"seq":3']);
  });
});

describe("countersign audit", () => {
  test("explains itself", async () => {
    const { status, stdout } = await run({}, "--help");
    expect([status, stdout.split("\n")[0]]).toEqual([0, "countersign audit verify [--github]"]);
  });

  test.each([
    [[], "expected verify or export, got none"],
    [["check"], 'expected verify or export, got "check"'],
    [["verify", "now"], 'expected nothing after verify, got "now"'],
    [["verify", "--since", "1d"], "verify takes no --since and no --format: it checks the whole log"],
    [["export", "--github"], "export takes no --github: that is for verify"],
    [["export", "--format", "xml"], '--format: expected jsonl or csv, got "xml"'],
    [
      ["export", "--since", "May"],
      '--since: expected a date such as 2026-01-31, or days such as 90d, got "May"',
    ],
  ])("refuses %j, saying what it expected", async (argv, problem) => {
    expect(await run({}, ...argv)).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign audit: ${problem}\nRun "countersign audit --help" for how it is used.\n`,
    });
  });

  test("says that there is no database", async () => {
    const dataDir = freshFolder();
    expect(await run({ DATA_DIR: dataDir }, "verify")).toEqual({
      status: 2,
      stdout: "",
      stderr: `countersign audit: no database in ${dataDir}; set DATA_DIR to the server's data folder\n`,
    });
  });
});
