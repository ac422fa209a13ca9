/** What was appended stays as it is, whoever has a connection to the database, and however that is set. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { sql } from "kysely";
import { describe, expect, inject, it } from "vitest";
import { appendAudit } from "../../src/store/audit.ts";
import { rememberPushes } from "../../src/store/branch-pushes.ts";
import { rememberObservations } from "../../src/store/observations.ts";
import type { Queryable } from "../../src/store/store.ts";
import { rememberTraces } from "../../src/store/traces.ts";
import * as small from "../gate/world.ts";
import { freshStore } from "./fresh-store.ts";

const onPostgres = inject("testDatabase") !== null;
const repo = "acme/app";

type Case = {
  readonly table: string;
  readonly append: (store: Queryable) => Promise<unknown>;
  /** All columns of the row, one of them with something else in it than it has. */
  readonly forged: string;
  readonly key: string;
  readonly change: string;
};

const cases: readonly Case[] = [
  {
    table: "audit",
    append: async (store) =>
      appendAudit(store, { at: 1, kind: "verdict", repo, number: 1, sha: null, actorId: null, body: {} }),
    forged: "seq, 2, kind, repo, number, sha, actor_id, body, previous_hash, hash",
    key: "seq",
    change: "at = 2",
  },
  {
    table: "observations",
    append: async (store) =>
      rememberObservations(store, [{ repo, number: 1, key: "1", at: 1, observation: { kind: "opened" } }]),
    forged: "id, repo, number, kind, key, sha, actor_id, body, 2",
    key: "repo, number, kind, key",
    change: "at = 2",
  },
  {
    table: "branch_pushes",
    append: async (store) => {
      const push = { repo, branch: "main", actor: small.june, before: null, after: "a", forced: false };
      await rememberPushes(store, [push], 1);
    },
    forged: "id, repo, branch, actor, before, after, forced, 2",
    key: "id",
    change: "at = 2",
  },
  {
    table: "traces",
    append: async (store) => rememberTraces(store, repo, small.pull()),
    forged: "repo, trace, number",
    key: "repo, trace, number",
    change: "number = 2",
  },
];

/** A store with one row in the table, and what is in it. */
async function withRow({ table, append }: Case) {
  const store = await freshStore();
  await append(store);
  const rows = async () => (await sql.raw(`select * from ${table} order by 1`).execute(store.db)).rows;
  const before = await rows();
  return { store, unchanged: async () => expect(await rows()).toEqual(before) };
}

describe.each(cases)("a row of $table", (of) => {
  const { table, forged, key, change } = of;
  const own = onPostgres && forged.startsWith("id") ? "overriding system value" : "";
  const insert = `into ${table} ${own} select ${forged} from ${table}`;

  it.each([
    ["changed", `update ${table} set ${change}`],
    ["taken away", `delete from ${table}`],
    ...(onPostgres
      ? [
          ["changed by an insert", `insert ${insert} on conflict (${key}) do update set ${change}`],
          ["taken away with all others", `truncate ${table}`],
          ["taken away with all others and what refers to them", `truncate ${table} cascade`],
        ]
      : [["changed in place of one in its way", `update or replace ${table} set ${change}`]]),
  ])("cannot be %s", async (_how, statement) => {
    const { store, unchanged } = await withRow(of);
    await expect(sql.raw(statement).execute(store.db)).rejects.toThrow(`${table} is append-only`);
    await unchanged();
  });

  // Only with recursive triggers does REPLACE ask those that refuse to delete, and everybody sets that for a connection of their own.
  it.each(onPostgres ? [] : ["on", "off"])(
    "cannot be replaced, whoever does it, with recursive triggers %s",
    async (triggers) => {
      const { store, unchanged } = await withRow(of);
      const database = new Database(join(store.place.dataDir, "countersign.sqlite"));
      database.pragma(`recursive_triggers = ${triggers}`);
      for (const statement of [
        `insert or replace ${insert}`,
        `replace ${insert}`,
        `insert ${insert} where true on conflict (${key}) do update set ${change}`,
      ]) {
        // An observation that is there stays without a word: what is told again is told by an insert.
        const trying = () => database.prepare(statement).run();
        if (table === "observations") expect(trying().changes).toBe(0);
        else if (table === "traces" && !statement.includes("conflict") && triggers === "off") trying();
        else expect(trying).toThrow(`${table} is append-only`);
      }
      database.close();
      await unchanged();
    },
  );
});
