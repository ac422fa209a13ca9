import { z } from "zod";
import { accountOfUser, userSchema } from "./accounts.ts";
import { type Effects, installation, none, priority, repository } from "./effects.ts";
import { policyPath, rosterPath } from "./facts-query.ts";
import { allRulesTarget, rulesTarget } from "./targets.ts";

const pushPayload = z.object({
  installation,
  repository,
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  sender: userSchema,
  forced: z.boolean(),
  created: z.boolean(),
  deleted: z.boolean(),
  commits: z.array(
    z.object({
      added: z.array(z.string()).default([]),
      modified: z.array(z.string()).default([]),
      removed: z.array(z.string()).default([]),
    }),
  ),
});

const branches = "refs/heads/";

/**
 * A push to a branch is remembered: it may become the head of a pull request, and GitHub will not say again who made it. A
 * default branch is different: what is there went through the gate.
 */
export function onPush(payload: unknown, configRepo: string): Effects {
  const event = pushPayload.parse(payload);
  if (!event.ref.startsWith(branches)) return none;
  const branch = event.ref.slice(branches.length);
  if (branch === event.repository.default_branch) return onDefaultBranch(event, configRepo);
  // Who deleted a branch brought nothing to it.
  if (event.deleted) return none;
  const { created, before, after, forced, sender } = event;
  const where = { repo: event.repository.key, installation: event.installation.id, branch };
  const moved = { before: created ? null : before, after, forced };
  return { ...none, pushes: [{ ...where, actor: accountOfUser(sender), ...moved }] };
}

/** Only a push that may have changed roster or policy needs looks; a forced one may hide what it took away. */
function onDefaultBranch(event: z.infer<typeof pushPayload>, configRepo: string): Effects {
  const touched = event.commits.flatMap((commit) => [...commit.added, ...commit.modified, ...commit.removed]);
  // GitHub lists at most 2,048 commits of a push.
  const unsure = event.forced || event.created || event.commits.length >= 2048;
  if (!unsure && !touched.includes(rosterPath) && !touched.includes(policyPath)) return none;
  const wide = event.repository.name.toLowerCase() === configRepo.toLowerCase();
  const target = wide ? allRulesTarget(event.installation.id) : rulesTarget(event.repository.key);
  return { ...none, marks: [{ target, installation: event.installation.id, priority: priority.change }] };
}
