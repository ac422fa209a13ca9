import { ZodError } from "zod";
import { actionOf, type Effects, events } from "../github/events.ts";
import { groupTarget, pullTarget } from "../github/targets.ts";
import { forgetTeams } from "../store/configs.ts";
import { acceptDelivery } from "../store/deliveries.ts";
import { openGroup } from "../store/groups.ts";
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
  given: { store: Store; configRepo: string; now: number },
  delivery: Delivery,
): Promise<"accepted" | "ignored" | "repeated"> {
  const { store, configRepo, now } = given;
  const { guid, event, payload } = delivery;
  const effects = effectsOf(delivery, configRepo);
  // Before the delivery is stored: should it fail after this, the team is only read once more than needed.
  if (effects?.forgetTeamsOf) await forgetTeams(store, effects.forgetTeamsOf);
  const bound = effects === null ? [] : await boundOverrides(store, effects);
  const marks = effects === null ? [] : [...effects.marks, ...(await marksOfHeads(store, effects))];
  const groups = effects?.groups ?? [];
  const outcome = marks.length + groups.length === 0 ? "ignored" : "accepted";
  const seen = [...(effects?.observations ?? []), ...bound];
  const observations = seen.map((one) => ({ ...one, at: now }));
  const stored = { guid, event, action: actionOf(payload), at: now };
  const accepted = await acceptDelivery(store, stored, {
    marks,
    observations,
    pulls: effects?.pulls ?? [],
    groups,
    outcome,
  });
  return accepted === "repeated" ? "repeated" : outcome;
}

function effectsOf({ event, payload, guid }: Delivery, configRepo: string): Effects | null {
  // What every object inherits, such as `constructor`, is no event of ours.
  const handle = Object.hasOwn(events, event) ? events[event] : undefined;
  if (handle === undefined) return null;
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

async function marksOfHeads(store: Store, effects: Effects): Promise<Effects["marks"]> {
  const found = effects.heads.map(async ({ repo, sha, installation }) => {
    const pulls = await openPullsWithHead(store, repo, sha);
    const group = await openGroup(store, repo, sha);
    const targets = [
      ...pulls.map((number) => pullTarget(repo, number)),
      ...(group === null ? [] : [groupTarget(repo, sha)]),
    ];
    return targets.map((target) => ({ target, installation, priority: 0, rewrite: true }));
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
