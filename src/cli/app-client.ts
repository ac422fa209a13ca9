import { pino } from "pino";
import { readEnvironment } from "../config/environment.ts";
import { createProbot } from "../github/client.ts";
import type { ClientFor } from "../github/installations.ts";
import { createUsage } from "../github/usage.ts";
import { type Io, known } from "./command.ts";

/**
 * For a command that asks GitHub as the server does: with the app's own key, from the server's environment.
 * @throws CommandError with the problems of the environment, where it is not the server's.
 */
export async function appClient(io: Pick<Io, "environment" | "readFile" | "now">) {
  const environment = known(readEnvironment(io.environment, io.readFile));
  const probot = await createProbot({
    ...environment,
    log: pino({ level: "silent" }),
    usage: createUsage(io.now, () => {}),
  });
  const clientFor: ClientFor = async (installation) => probot.auth(installation);
  return { environment, clientFor };
}
