/**
 * Run after `npm install` changed package-lock.json. better-sqlite3 ships its binaries and says `gypfile: false`, but npm
 * does not write that into the lock, and npm 10 then compiles it in `npm ci`: on a machine with nothing but git and Node
 * that fails.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const file = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lockSchema = z.looseObject({ packages: z.record(z.string(), z.looseObject({})) });
const lock = lockSchema.parse(JSON.parse(readFileSync(file, "utf8")));
lock.packages["node_modules/better-sqlite3"] = {
  ...lock.packages["node_modules/better-sqlite3"],
  gypfile: false,
};
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
