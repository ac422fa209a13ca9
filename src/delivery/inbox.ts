import { ZodError } from "zod";
import { type Effects, none, priority } from "../github/effects.ts";
import { actionOf, events } from "../github/events.ts";
import { branchTarget, groupTarget, pullTarget } from "../github/targets.ts";
import { findBypass } from "../store/bypasses.ts";
import { forgetTeams } from "../store/configs.ts";
import { acceptDelivery } from "../store/deliveries.ts";
import { openGroup } from "../store/groups.ts";
import { openPullsPushedTo } from "../store/branch-pushes.ts";
import { openPullsWithHead } from "../store/pulls.ts";
import { shownHead } from "../store/shown.ts";
import type { Store } from "../store/store.ts";

/** A delivery whose signature was verified. */
export type Delivery = { readonly guid: string; readonly event: string; readonly payload: unknown };

/** GitHub signed it, but it is not shaped as GitHub says it is; nothing was marked. */
export class MalformedDeliveryError extends Error {
  override readonly name = "MalformedDeliveryError";
}

/**
 * Takes a delivery in: when this returns, it and the marks and observations it causes are on disk.
 * @returns what became of it, in a word: `accepted`, `ignored` (an event or action that changes nothing), `repeated`.
 * @throws MalformedDeliveryError; StoreError when it could not be stored, so that GitHub shows it as failed.
 */
export async function receive(
  given: { store: Store; appId: number; configRepo: string; now: number },
  delivery: Delivery,
): Promise<"accepted" | "ignored" | "repeated"> {
  const { store, appId, configRepo, now } = given;
  const { guid, event, payload } = delivery;
  const effects = effectsOf(delivery, configRepo);
  // Before the delivery is stored: should it fail after this, the team is only read once more than needed.
  if (effects.forgetTeamsOf) await forgetTeams(store, effects.forgetTeamsOf);
  const bound = await boundOverrides(store, effects);
  const acceptances = await boundAcceptances(store, effects);
  const marks = [
    ...effects.marks,
    ...(await marksOfHeads(store, effects, appId)),
    ...(await marksOfPushes(store, effects)),
    ...acceptances.map(({ mark }) => mark),
  ];
  const { pulls, groups, deployments, pushes, renames } = effects;
  const does = marks.length + groups.length + pushes.length + renames.length;
  const outcome = does === 0 ? "ignored" : "accepted";
  const said = acceptances.map(({ observation }) => observation);
  const seen = [...effects.observations, ...bound, ...said];
  const observations = seen.map((one) => ({ ...one, at: now }));
  const stored = { guid, event, action: actionOf(payload), at: now };
  const all = { marks, observations, pulls, groups, deployments, pushes, renames, outcome };
  const accepted = await acceptDelivery(store, stored, all);
  return accepted === "repeated" ? "repeated" : outcome;
}

function effectsOf({ event, payload, guid }: Delivery, configRepo: string): Effects {
  // What every object inherits, such as `constructor`, is no event of ours.
  const handle = Object.hasOwn(events, event) ? events[event] : undefined;
  if (handle === undefined) return none;
  try {
    return handle(payload, configRepo);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const problems = error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new MalformedDeliveryError(
      `Delivery ${guid} is no ${event} event of GitHub: ${problems.join("; ")}`,
      { cause: error },
    );
  }
}

async function marksOfHeads(store: Store, effects: Effects, appId: number): Promise<Effects["marks"]> {
  // GitHub tells an app of its own check runs as well.
  const heads = effects.heads.filter(({ unlessBy }) => unlessBy !== appId);
  const found = heads.map(async ({ repo, sha, installation, rewrite }) => {
    const pulls = await openPullsWithHead(store, repo, sha);
    const group = await openGroup(store, repo, sha);
    const targets = [
      ...pulls.map((number) => pullTarget(repo, number)),
      ...(group === null ? [] : [groupTarget(repo, sha)]),
    ];
    return targets.map((target) => ({ target, installation, priority: priority.person, rewrite }));
  });
  return (await Promise.all(found)).flat();
}

/** A push mostly comes before its pull request, or before the `synchronize` that leads to a look; one that comes late does too. */
async function marksOfPushes(store: Store, effects: Effects): Promise<Effects["marks"]> {
  const found = effects.pushes.map(async (push) => {
    const numbers = await openPullsPushedTo(store, push);
    const { repo, installation } = push;
    return numbers.map((number) => ({
      target: pullTarget(repo, number),
      installation,
      priority: priority.change,
    }));
  });
  return (await Promise.all(found)).flat();
}

async function boundOverrides(store: Store, effects: Effects): Promise<Effects["observations"]> {
  const bound = effects.overrides.map(async ({ repo, number, ...said }) => {
    const sha = await shownHead(store, repo, number, Date.parse(said.at));
    return { repo, number, key: said.comment, observation: { kind: "override", ...said, sha } as const };
  });
  return Promise.all(bound);
}

/** What was accepted is looked at again: the pull request it came through, or the branch it was pushed to. */
async function boundAcceptances(
  store: Store,
  effects: Effects,
): Promise<{ mark: Effects["marks"][number]; observation: Effects["observations"][number] }[]> {
  const found = effects.acceptances.map(async ({ repo, number, installation, onPull, observation }) => {
    const bypass = onPull ? null : await findBypass(store, { repo, issue: number });
    const pull = onPull ? number : bypass?.number;
    if (pull === undefined) return [];
    const target = pull === null ? branchTarget(repo, bypass?.branch ?? "") : pullTarget(repo, pull);
    const mark = { target, installation, priority: priority.person };
    return [{ mark, observation: { repo, number, key: observation.comment, observation } }];
  });
  return (await Promise.all(found)).flat();
}
