import { z } from "zod";
import { type Effects, installation, none, priority, repository } from "./effects.ts";
import { policyPath, rosterPath } from "./facts-query.ts";
import { installationTarget, repoTarget } from "./targets.ts";

const pushPayload = z.object({
  installation,
  repository,
  ref: z.string(),
  forced: z.boolean(),
  created: z.boolean(),
  commits: z.array(
    z.object({
      added: z.array(z.string()).default([]),
      modified: z.array(z.string()).default([]),
      removed: z.array(z.string()).default([]),
    }),
  ),
});

/** Only a push to a default branch that may have changed roster or policy needs looks; a forced one may hide what it took away. */
export function onPush(payload: unknown, configRepo: string): Effects {
  const event = pushPayload.parse(payload);
  if (event.ref !== `refs/heads/${event.repository.default_branch}`) return none;
  const touched = event.commits.flatMap((commit) => [...commit.added, ...commit.modified, ...commit.removed]);
  // GitHub lists at most 2,048 commits of a push.
  const unsure = event.forced || event.created || event.commits.length >= 2048;
  if (!unsure && !touched.includes(rosterPath) && !touched.includes(policyPath)) return none;
  const wide = event.repository.name.toLowerCase() === configRepo.toLowerCase();
  const target = wide ? installationTarget(event.installation.id) : repoTarget(event.repository.key);
  return { ...none, marks: [{ target, installation: event.installation.id, priority: priority.change }] };
}
