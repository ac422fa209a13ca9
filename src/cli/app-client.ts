import { pino } from "pino";
import { type Checked, type Environment, readEnvironment } from "../config/environment.ts";
import { createProbot } from "../github/client.ts";
import type { ClientFor } from "../github/installations.ts";
import { createUsage } from "../github/usage.ts";
import type { Io } from "./command.ts";

/** A command that asks GitHub as the server does: with the app's own key, from the server's environment. */
export type AppClient = { readonly environment: Environment; readonly clientFor: ClientFor };

/** @returns the problems of the environment, where it is not the server's. */
export async function appClient(
  io: Pick<Io, "environment" | "readFile" | "now">,
): Promise<Checked<AppClient>> {
  const environment = readEnvironment(io.environment, io.readFile);
  if (environment.kind === "broken") return environment;
  const probot = await createProbot({
    ...environment.value,
    log: pino({ level: "silent" }),
    usage: createUsage(io.now, () => {}),
  });
  const clientFor: ClientFor = async (installation) => probot.auth(installation);
  return { kind: "ok", value: { environment: environment.value, clientFor } };
}
