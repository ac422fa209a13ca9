import { z } from "zod";
import { type Effects, installation, none, priority, repository } from "./effects.ts";
import { deployTarget } from "./targets.ts";

/**
 * Where GitHub wants its answer. It is never called: a token goes nowhere but to the API, so only the number of the run is
 * taken from it, and the typed route is used. On GitHub Enterprise Server paths begin with `/api/v3`.
 */
const callback =
  /^https?:\/\/[^/?#\s]+(?:\/api\/v3)?\/repos\/([^/?#\s]+\/[^/?#\s]+)\/actions\/runs\/([1-9]\d{0,14})\/deployment_protection_rule$/u;

const payloadSchema = z
  .object({
    action: z.string(),
    installation,
    repository,
    // GitHub allows environments 255 characters.
    environment: z.string().min(1).max(255),
    // Of the check suite, so that it is there without a deployment, too; GitHub Enterprise Server may not send it.
    sha: z
      .string()
      .regex(/^[0-9a-f]{40,64}$/u)
      .nullish(),
    deployment_callback_url: z.string(),
  })
  .transform((event, context) => {
    const [, of, run] = callback.exec(event.deployment_callback_url) ?? [];
    if (run === undefined || of?.toLowerCase() !== event.repository.key) {
      context.addIssue({
        code: "custom",
        path: ["deployment_callback_url"],
        message: "names no run of this repository",
      });
      return z.NEVER;
    }
    return { ...event, run: Number(run) };
  });

/**
 * A job wants to deploy to an environment that this app guards.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#deployment_protection_rule
 */
export function onDeploymentRule(payload: unknown): Effects {
  const event = payloadSchema.parse(payload);
  if (event.action !== "requested") return none;
  const { environment, run, sha = null } = event;
  const repo = event.repository.key;
  const about = { target: deployTarget(repo, run, environment), installation: event.installation.id };
  return {
    ...none,
    marks: [{ ...about, priority: priority.person }],
    deployments: [{ ...about, repo, environment, run, sha }],
  };
}
