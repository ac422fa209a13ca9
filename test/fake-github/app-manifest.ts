/** What app.yml asks of GitHub: an app that is registered from it may do that, and hears that. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const manifest = z
  .object({
    default_permissions: z.record(z.string(), z.enum(["read", "write"])),
    default_events: z.array(z.string()),
  })
  .parse(parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")));

export const appSettings = {
  permissions: manifest.default_permissions,
  events: manifest.default_events,
};
