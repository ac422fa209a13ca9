import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { root } from "./files.ts";

const names = z.record(z.string(), z.string()).optional();
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.looseObject({
        optionalDependencies: names,
        gypfile: z.boolean().optional(),
        resolved: z.string().optional(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")));

describe("package-lock.json", () => {
  it("lists the packages of every platform, without which npm ci refuses it", () => {
    const wanted = Object.values(lock.packages).flatMap((entry) =>
      Object.keys(entry.optionalDependencies ?? {}),
    );
    expect(wanted.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });

  it("keeps npm 10 from compiling better-sqlite3: run `node scripts/complete-lock.ts` after npm install", () => {
    expect(lock.packages["node_modules/better-sqlite3"]?.gypfile).toBe(false);
  });

  it("names no host of a registry", () => {
    expect(
      Object.values(lock.packages).filter((entry) => entry.resolved?.startsWith("http") === true),
    ).toEqual([]);
  });
});
