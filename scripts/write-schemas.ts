/**
 * Writes schemas/: the JSON Schemas with which an editor completes and checks roster and policy. They come from the
 * schemas that read the files, so run `node scripts/write-schemas.ts` after changing one; a test tells when it was forgotten.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { policySchema } from "../src/config/policy-schema.ts";
import { rosterSchema } from "../src/config/roster-file.ts";

/**
 * The JSON Schemas (draft 2020-12) by file name. They know less than `countersign validate`: not which levels the roster
 * has, what is wrong with a pattern, or what stands in the file twice.
 */
export function jsonSchemas(): Readonly<Record<string, unknown>> {
  // "input" is what people write: keys with a default may be left out.
  const toJson = (schema: z.ZodType) => z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
  return {
    "roster.schema.json": toJson(rosterSchema(null)),
    "policy.schema.json": toJson(policySchema(null)),
  };
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("../", import.meta.url));
  mkdirSync(`${root}schemas`, { recursive: true });
  for (const [name, schema] of Object.entries(jsonSchemas())) {
    writeFileSync(`${root}schemas/${name}`, JSON.stringify(schema));
  }
  execFileSync(`${root}node_modules/.bin/biome`, ["format", "--write", `${root}schemas`], {
    stdio: "inherit",
  });
}
