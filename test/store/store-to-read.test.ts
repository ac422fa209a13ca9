import { expect, it, onTestFinished } from "vitest";
import { bindLogins } from "../../src/store/configs.ts";
import { hintPulls } from "../../src/store/pulls.ts";
import { openEmptyStore, openStoreToRead, type Place } from "../../src/store/store.ts";
import { freshFolder, freshStore } from "./fresh-store.ts";

const now = 1_000;

async function openToRead(place: Place) {
  const reading = await openStoreToRead(place);
  if (reading === null) throw new Error("There is no database.");
  onTestFinished(() => reading.close());
  return reading;
}

it("remembers configuration for itself alone, beside a store that writes", async () => {
  const store = await freshStore();
  await bindLogins(store, "acme", [{ login: "ada", id: 1 }], now);
  const reading = await openToRead(store.place);

  const both = [
    { login: "ada", id: 7 },
    { login: "grace", id: 2 },
  ];
  expect(await bindLogins(reading, "acme", both, now)).toEqual(
    new Map([
      ["ada", 1],
      ["grace", 2],
    ]),
  );
  expect(await bindLogins(store, "acme", [{ login: "grace", id: 3 }], now)).toEqual(new Map([["grace", 3]]));
});

it("refuses every other write", async () => {
  const { place } = await freshStore();
  const reading = await openToRead(place);
  const pull = {
    repo: "acme/shop",
    number: 1,
    installation: 1,
    headSha: "a",
    base: "main",
    open: true,
    merged: false,
  };
  await expect(hintPulls(reading, [pull])).rejects.toThrow(/readonly database|in a read-only transaction/u);
});

it("is not there where there is no database, and makes none", async () => {
  const dataDir = freshFolder();
  expect(await openStoreToRead({ dataDir })).toBeNull();
  expect(await openStoreToRead({ dataDir })).toBeNull();
});

it("refuses a database of another form and says what to do", async () => {
  const { place, db } = await freshStore();
  await db.schema.dropTable("kysely_migration").execute();
  await db.schema.createTable("kysely_migration").addColumn("name", "text").execute();
  await expect(openStoreToRead(place)).rejects.toThrow(/form of another Countersign .* Use the command of/);
});

it("in memory begins with nothing and can be written", async () => {
  const store = await openEmptyStore();
  onTestFinished(() => store.close());
  expect(await bindLogins(store, "acme", [{ login: "ada", id: 1 }], now)).toEqual(new Map([["ada", 1]]));
});
