/** `app.yml`: what the app asks of GitHub. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { Granted } from "../gate/protection.ts";

const manifestSchema = z.object({
  name: z.string(),
  description: z.string(),
  url: z.string(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
  default_events: z.array(z.string()),
});

/** In GitHub's app manifest format: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
type AppManifest = z.infer<typeof manifestSchema>;

/** The permissions and events in it. */
export function readNeeded(): Granted {
  const { default_permissions: permissions, default_events: events } = readAppManifest();
  return { permissions, events };
}

/** Reads the `app.yml` that this version came with; it lies beside `src`, and beside `dist` in the package. */
export function readAppManifest(): AppManifest {
  return manifestSchema.parse(parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")));
}
