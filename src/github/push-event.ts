import { z } from "zod";
import { accountOfUser, userSchema } from "./accounts.ts";
import { type Effects, installation, none, priority, repository } from "./effects.ts";
import { policyPath, rosterPath } from "./facts-query.ts";
import { allRulesTarget, branchTarget, rulesTarget } from "./targets.ts";

const pushPayload = z.object({
  installation,
  repository: repository.and(z.object({ pushed_at: z.union([z.number(), z.iso.datetime()]).nullish() })),
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
  const isDefault = branch === event.repository.default_branch;
  const effects = isDefault ? onDefaultBranch(event, configRepo) : none;
  // Who deleted a branch brought nothing to it.
  if (event.deleted || isOfQueue(branch)) return effects;
  const { created, before, after, forced, sender } = event;
  const { key: repo } = event.repository;
  const installation = event.installation.id;
  const actor = accountOfUser(sender);
  const moved = { before: created ? null : before, after };
  return {
    ...effects,
    marks: [
      ...effects.marks,
      { target: branchTarget(repo, branch), installation, priority: priority.change },
    ],
    observations: [
      {
        repo,
        number: 0,
        key: `${branch} ${moved.before}..${after}`,
        observation: { kind: "push", actor, ...moved, at: pushedAt(event.repository.pushed_at) },
      },
    ],
    pushes: isDefault ? [] : [{ repo, installation, branch, actor, ...moved, forced }],
  };
}

/** In payloads of pushes GitHub says it in seconds since the epoch, elsewhere as ISO 8601. */
function pushedAt(at: number | string | null | undefined): string {
  return new Date(typeof at === "number" ? at * 1000 : (at ?? 0)).toISOString();
}

/** GitHub's own branches, one for each merge group: nothing lands there. */
function isOfQueue(branch: string): boolean {
  return branch.startsWith("gh-readonly-queue/");
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
