import { z } from "zod";
import type { Observation } from "../gate/facts.ts";
import { accountOfUser, userSchema } from "./accounts.ts";
import { headsOfCheck, headsOfStatus } from "./check-events.ts";
import { commandIn } from "./comment-event.ts";
import { onDeploymentRule } from "./deployment-event.ts";
import { type Effects, installation, none, priority, repository } from "./effects.ts";
import { onPush } from "./push-event.ts";
import { groupTarget, installationTarget, pullTarget, repoTarget } from "./targets.ts";

const pull = z.object({
  number: z.number(),
  state: z.string(),
  merged_at: z.string().nullable(),
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

const groupPayload = z.object({
  action: z.string(),
  installation,
  repository,
  merge_group: z.object({ head_sha: z.string(), head_ref: z.string(), base_ref: z.string() }),
});

const installationPayload = z.object({ action: z.string(), installation });
const changedLogin = z.object({ login: z.object({ from: z.string() }).optional() });
const targetPayload = z.object({
  account: z.object({ login: z.string().optional() }),
  changes: changedLogin,
});
const oldOwner = z.object({ login: z.string() });
const repositoryPayload = z.object({
  action: z.string(),
  installation,
  repository,
  /** What was there before, under the name of what was changed. */
  changes: z
    .object({
      default_branch: z.unknown().optional(),
      name: z.unknown().optional(),
      repository: z.object({ name: z.object({ from: z.string() }).optional() }).optional(),
      owner: z
        .object({ from: z.object({ user: oldOwner.nullish(), organization: oldOwner.nullish() }) })
        .optional(),
    })
    .optional(),
});
const organizationPayload = z.object({
  installation,
  organization: z.object({ login: z.string() }),
  changes: changedLogin.optional(),
});

/**
 * Every event the app acts on; a new one is a row here. Anything else is stored, counted and ignored. `installation*` come to every app unasked,
 * and `check_run` and `check_suite` to every app that may write checks; the others are subscribed to in app.yml.
 * Each entry takes a payload and returns its effects; it throws a ZodError where the payload is not GitHub's.
 * @param configRepo the name of the repository that holds an organisation's roster and policy.
 */
export const events: Readonly<Record<string, (payload: unknown, configRepo: string) => Effects>> = {
  pull_request: onPull,
  pull_request_review: onReview,
  push: onPush,
  merge_group: onMergeGroup,
  deployment_protection_rule: onDeploymentRule,
  check_run: (payload) => ({ ...none, heads: headsOfCheck(payload) }),
  check_suite: (payload) => ({ ...none, heads: headsOfCheck(payload) }),
  status: (payload) => ({ ...none, heads: headsOfStatus(payload) }),
  issue_comment: onComment,
  installation: (payload) => onInstallation(payload, ["created", "unsuspend", "new_permissions_accepted"]),
  installation_repositories: (payload) => onInstallation(payload, ["added"]),
  installation_target: onTarget,
  label: onLabel,
  // Somebody may push to the repository from now on, or may not: their reviews count or do not.
  member: (payload) => markRepository(repositoryPayload.parse(payload)),
  repository: onRepository,
  membership: onOrganization,
  team: onOrganization,
  organization: onOrganization,
};

/** The action of a payload, for the record; null where an event has none. */
export function actionOf(payload: unknown): string | null {
  const parsed = withAction.safeParse(payload);
  return parsed.success ? parsed.data.action : null;
}

// Here and not in the function: zod compiles a schema, which takes longer than all else that is done with a delivery.
const withAction = z.object({ action: z.string() });

/** Every action of a pull request may matter: what does not costs one look that writes nothing. */
function onPull(payload: unknown): Effects {
  const event = pullPayload.parse(payload);
  const { key: repo } = event.repository;
  const { number, updated_at: at } = event.pull_request;
  const actor = accountOfUser(event.sender);
  const seen: PullObservation[] = [];
  if (event.action === "opened") seen.push({ kind: "opened" });
  if (event.action === "synchronize" && event.after !== undefined) {
    seen.push({ kind: "push", actor, before: event.before ?? null, after: event.after, at });
  }
  if ((event.action === "labeled" || event.action === "unlabeled") && event.label !== undefined) {
    seen.push({ kind: "label", action: event.action, label: event.label.name, actor, at });
  }
  const waits = ["opened", "reopened", "synchronize", "ready_for_review"].includes(event.action);
  const head = { repo, installation: event.installation.id, rewrite: false, unlessBy: null };
  // Other pull requests with the head it had are judged without it from now on.
  const left = event.action === "synchronize" && event.before !== undefined ? [event.before] : [];
  return {
    ...markPull(event, waits ? priority.person : priority.change),
    heads: left.map((sha) => ({ ...head, sha })),
    observations: seen.map((one) => ({ repo, number, key: observationKey(one), observation: one })),
  };
}

type PullObservation = Extract<Observation, { kind: "opened" | "push" | "label" }>;

/** What tells observations of one kind on one pull request apart. */
export function observationKey(observation: PullObservation): string {
  switch (observation.kind) {
    case "opened":
      return "";
    case "push":
      return `${observation.before}..${observation.after} by ${observation.actor.id ?? observation.actor.login}`;
    case "label":
      return `${observation.action} ${observation.label} at ${observation.at} by ${observation.actor?.login}`;
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
  const { number, state, merged_at: mergedAt, head, base } = event.pull_request;
  const about = { repo: event.repository.key, number, installation: event.installation.id };
  return {
    ...none,
    marks: [
      { target: pullTarget(about.repo, number), installation: about.installation, priority: priorityOf },
    ],
    pulls: [
      { ...about, headSha: head.sha, base: base.ref, open: state === "open", merged: mergedAt !== null },
    ],
  };
}

/** A merge group waits for the check on its own commit, until it has landed or was thrown away. */
function onMergeGroup(payload: unknown): Effects {
  const event = groupPayload.parse(payload);
  const { head_sha: sha, head_ref: headRef, base_ref: baseRef } = event.merge_group;
  const open = event.action === "checks_requested";
  if (!open && event.action !== "destroyed") return none;
  const repo = event.repository.key;
  const mark = { target: groupTarget(repo, sha), installation: event.installation.id };
  return {
    ...none,
    marks: open ? [{ ...mark, priority: priority.person }] : [],
    groups: [{ repo, sha, headRef, base: baseRef.replace(/^refs\/heads\//u, ""), open }],
  };
}

/** Every command causes a look, which also says what is to be answered. */
function onComment(payload: unknown): Effects {
  const said = commandIn(payload);
  if (said === null) return none;
  const { repo, number, installation, onPull, command } = said;
  if (command.kind === "accept")
    return { ...none, acceptances: [{ repo, number, installation, onPull, observation: command }] };
  const marks = [{ target: pullTarget(repo, number), installation, priority: priority.person }];
  if (command.kind === "recheck") return { ...none, marks };
  if (command.kind === "unknown") {
    const observation = { ...command, kind: "command" } as const;
    return { ...none, marks, observations: [{ repo, number, key: command.comment, observation }] };
  }
  const { comment, by, reason, at } = command;
  return { ...none, marks, overrides: [{ repo, number, comment, by, reason, at }] };
}

/** A label that is renamed or deleted declares nothing any more, or something new, on every pull request that has it. */
function onLabel(payload: unknown): Effects {
  const event = repositoryPayload.parse(payload);
  const renamed = event.action === "edited" && event.changes?.name !== undefined;
  return renamed || event.action === "deleted" ? markRepository(event) : none;
}

/**
 * Another name, owner or default branch, or other people who can see it, or nobody any more. Whatever happens to the repository
 * that holds the organisation's roster and policy happens to every repository of the organisation.
 */
function onRepository(payload: unknown, configRepo: string): Effects {
  const event = repositoryPayload.parse(payload);
  const { action, changes } = event;
  if (action === "edited" && changes?.default_branch === undefined) return none;
  const isConfig = (name: string) => name.toLowerCase() === configRepo.toLowerCase();
  const formerName = changes?.repository?.name?.from ?? event.repository.name;
  const renames = renamesOf(event, { rulesStay: isConfig(formerName) });
  if (isConfig(formerName) || isConfig(event.repository.name))
    return { ...markInstallation(event.installation.id), renames };
  if (action === "deleted") return { ...none, renames };
  return action === "archived" ? none : { ...markRepository(event), renames };
}

/** What the repository was called before, by its own name or its owner's; none when neither changed. */
function renamesOf(
  { action, repository: { key }, changes }: z.infer<typeof repositoryPayload>,
  rules: { readonly rulesStay: boolean },
): Effects["renames"] {
  const [owner = "", name = ""] = key.split("/");
  const before = changes?.owner?.from;
  const formerOwner = before?.organization?.login ?? before?.user?.login ?? owner;
  const from = `${formerOwner}/${changes?.repository?.name?.from ?? name}`.toLowerCase();
  const to = action === "deleted" ? null : key;
  return from === to ? [] : [{ kind: "repository", from, to, ...rules }];
}

/** The owner has another login: every repository is called differently from now on. */
function onTarget(payload: unknown): Effects {
  const effects = onInstallation(payload, ["renamed"]);
  if (effects.marks.length === 0) return effects;
  const { account, changes } = targetPayload.parse(payload);
  return { ...effects, renames: renamesOfOwner(account.login, changes) };
}

function renamesOfOwner(
  login: string | undefined,
  changes: z.infer<typeof changedLogin> | undefined,
): Effects["renames"] {
  const [from, to] = [changes?.login?.from.toLowerCase(), login?.toLowerCase()];
  return from === undefined || to === undefined || from === to
    ? []
    : [{ kind: "owner", from, to, rulesStay: false }];
}

function markRepository(event: z.infer<typeof repositoryPayload>): Effects {
  const about = { installation: event.installation.id, priority: priority.change };
  return { ...none, marks: [{ target: repoTarget(event.repository.key), ...about }] };
}

function onInstallation(payload: unknown, actions: readonly string[]): Effects {
  const event = installationPayload.parse(payload);
  return actions.includes(event.action) ? markInstallation(event.installation.id) : none;
}

/** Somebody joined or left a team or the organisation: levels may have changed anywhere. Or it has another login. */
function onOrganization(payload: unknown): Effects {
  const { installation: on, organization, changes } = organizationPayload.parse(payload);
  const renames = renamesOfOwner(organization.login, changes);
  return { ...markInstallation(on.id), renames, forgetTeamsOf: organization.login };
}

function markInstallation(id: number): Effects {
  return { ...none, marks: [{ target: installationTarget(id), installation: id, priority: priority.sweep }] };
}
