import { z } from "zod";
import type { Observation } from "../gate/facts.ts";
import { accountOfUser, userSchema } from "./accounts.ts";
import { policyPath, rosterPath } from "./facts-query.ts";
import { installationTarget, pullTarget, repoTarget } from "./targets.ts";

/** What a delivery leads to: marks and observations, nothing else. A new event is a row in `events`. */
export type Effects = {
  readonly marks: readonly {
    readonly target: string;
    readonly installation: number;
    readonly priority: number;
    readonly rewrite?: boolean;
  }[];
  readonly observations: readonly {
    readonly repo: string;
    readonly number: number;
    readonly key: string;
    readonly observation: Observation;
  }[];
  readonly pulls: readonly PullHint[];
  /** Every open pull request with this head SHA is to be looked at, for events that name a commit only. */
  readonly heads: readonly { readonly repo: string; readonly sha: string; readonly installation: number }[];
  /** The organisation whose cached teams are no longer to be believed. */
  readonly forgetTeamsOf: string | null;
};

export type PullHint = {
  readonly repo: string;
  readonly number: number;
  readonly installation: number;
  readonly headSha: string;
  readonly base: string;
  readonly open: boolean;
};

/** Lower is sooner: a person waiting comes before what nobody waits for. */
const priority = { person: 0, change: 1, sweep: 5 } as const;

const none: Effects = { marks: [], observations: [], pulls: [], heads: [], forgetTeamsOf: null };

const installation = z.object({ id: z.number() });
const repository = z
  .object({ full_name: z.string(), name: z.string(), default_branch: z.string() })
  .transform((value) => ({ ...value, key: value.full_name.toLowerCase() }));
const pull = z.object({
  number: z.number(),
  state: z.string(),
  head: z.object({ sha: z.string() }),
  base: z.object({ ref: z.string() }),
});

const pullPayload = z.object({
  action: z.string(),
  installation,
  repository,
  pull_request: pull.extend({ updated_at: z.string() }),
  sender: userSchema,
  before: z.string().optional(),
  after: z.string().optional(),
  label: z.object({ name: z.string() }).optional(),
});

const reviewPayload = z.object({
  action: z.string(),
  installation,
  repository,
  pull_request: pull,
  review: z.object({ id: z.number(), commit_id: z.string().nullable() }),
});

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

const checkPayload = z.object({
  action: z.string(),
  installation,
  repository,
  check_run: z.object({ head_sha: z.string() }).optional(),
  check_suite: z.object({ head_sha: z.string() }).optional(),
});

const commentPayload = z.object({
  action: z.string(),
  installation,
  repository,
  issue: z.object({ number: z.number(), pull_request: z.unknown().optional() }),
  comment: z.object({ body: z.string() }),
});

const installationPayload = z.object({ action: z.string(), installation });
const organizationPayload = z.object({ installation, organization: z.object({ login: z.string() }) });

/**
 * Every event the app acts on. Anything else is stored, counted and ignored. `installation*` come to every app unasked,
 * and `check_run` and `check_suite` to every app that may write checks; the others are subscribed to in app.yml.
 * Each entry takes a payload and returns its effects; it throws a ZodError where the payload is not GitHub's.
 * @param configRepo the name of the repository that holds an organisation's roster and policy.
 */
export const events: Readonly<Record<string, (payload: unknown, configRepo: string) => Effects>> = {
  pull_request: onPull,
  pull_request_review: onReview,
  push: onPush,
  check_run: onCheck,
  check_suite: onCheck,
  issue_comment: onComment,
  installation: (payload) => onInstallation(payload, ["created", "unsuspend", "new_permissions_accepted"]),
  installation_repositories: (payload) => onInstallation(payload, ["added"]),
  membership: onOrganization,
  team: onOrganization,
  organization: onOrganization,
};

/** The action of a payload, for the record; null where an event has none. */
export function actionOf(payload: unknown): string | null {
  const parsed = z.object({ action: z.string() }).safeParse(payload);
  return parsed.success ? parsed.data.action : null;
}

/** Every action of a pull request may matter: what does not costs one look that writes nothing. */
function onPull(payload: unknown): Effects {
  const event = pullPayload.parse(payload);
  const { key } = event.repository;
  const { number } = event.pull_request;
  const at = event.pull_request.updated_at;
  const actor = accountOfUser(event.sender);
  const seen: Observation[] = [];
  if (event.action === "synchronize" && event.after !== undefined) {
    seen.push({ kind: "push", actor, before: event.before ?? null, after: event.after, at });
  }
  if ((event.action === "labeled" || event.action === "unlabeled") && event.label !== undefined) {
    seen.push({ kind: "label", action: event.action, label: event.label.name, actor, at });
  }
  const waits = ["opened", "reopened", "synchronize", "ready_for_review"].includes(event.action);
  return {
    ...markPull(event, waits ? priority.person : priority.change),
    observations: seen.map((observation) => ({
      repo: key,
      number,
      key: observationKey(observation),
      observation,
    })),
  };
}

function observationKey(observation: Observation): string {
  switch (observation.kind) {
    case "push":
      return `${observation.before}..${observation.after} by ${observation.actor.id ?? observation.actor.login}`;
    case "label":
      return `${observation.action} ${observation.label} at ${observation.at} by ${observation.actor?.login}`;
    case "review":
      return observation.reviewId;
    case "evidence":
      return observation.evidence.quote;
    case "override":
      return `${observation.by.id ?? observation.by.login} at ${observation.at}`;
  }
}

/** A review counts for what its author saw: the commit and base it was submitted on, which GitHub may move later. */
function onReview(payload: unknown): Effects {
  const event = reviewPayload.parse(payload);
  const effects = markPull(event, priority.person);
  const { id, commit_id: sha } = event.review;
  if (event.action !== "submitted" || sha === null) return effects;
  const observation = {
    kind: "review",
    reviewId: String(id),
    sha,
    base: event.pull_request.base.ref,
  } as const;
  const { key: repo } = event.repository;
  return {
    ...effects,
    observations: [{ repo, number: event.pull_request.number, key: String(id), observation }],
  };
}

function markPull(
  event: { installation: { id: number }; repository: { key: string }; pull_request: z.infer<typeof pull> },
  priorityOf: number,
): Effects {
  const { number, state, head, base } = event.pull_request;
  const about = { repo: event.repository.key, number, installation: event.installation.id };
  return {
    ...none,
    marks: [
      { target: pullTarget(about.repo, number), installation: about.installation, priority: priorityOf },
    ],
    pulls: [{ ...about, headSha: head.sha, base: base.ref, open: state === "open" }],
  };
}

/** Only a push to a default branch that may have changed roster or policy needs looks; a forced one may hide what it took away. */
function onPush(payload: unknown, configRepo: string): Effects {
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

/** A re-request shows the check as queued until it is written again. Its `pull_requests` is empty for forks, so the SHA is used. */
function onCheck(payload: unknown): Effects {
  const event = checkPayload.parse(payload);
  const sha = event.check_run?.head_sha ?? event.check_suite?.head_sha;
  if (event.action !== "rerequested" || sha === undefined) return none;
  return { ...none, heads: [{ repo: event.repository.key, sha, installation: event.installation.id }] };
}

/** `/countersign recheck` as the first line of a new comment. Edited comments do nothing. */
function onComment(payload: unknown): Effects {
  const event = commentPayload.parse(payload);
  if (event.action !== "created" || event.issue.pull_request === undefined) return none;
  const [first = ""] = event.comment.body.split(/\r?\n/u);
  if (first.trim() !== "/countersign recheck") return none;
  const target = pullTarget(event.repository.key, event.issue.number);
  return { ...none, marks: [{ target, installation: event.installation.id, priority: priority.person }] };
}

function onInstallation(payload: unknown, actions: readonly string[]): Effects {
  const event = installationPayload.parse(payload);
  return actions.includes(event.action) ? markInstallation(event.installation.id) : none;
}

/** Somebody joined or left a team or the organisation: levels may have changed anywhere. */
function onOrganization(payload: unknown): Effects {
  const event = organizationPayload.parse(payload);
  return { ...markInstallation(event.installation.id), forgetTeamsOf: event.organization.login };
}

function markInstallation(id: number): Effects {
  return { ...none, marks: [{ target: installationTarget(id), installation: id, priority: priority.sweep }] };
}
