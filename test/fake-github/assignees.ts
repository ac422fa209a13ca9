/** Who a pull request is assigned to. */
import { HttpError } from "./http-error.ts";
import { tellPull } from "./pulls.ts";
import { renderAccount } from "./render-rest.ts";
import { type Account, canPush, findAccount, type Pull, type Repository, type World } from "./world.ts";

/** Puts people on or takes them off: one event for each. Who is unknown is passed over. @throws 403 without push access. */
export function changeAssignees(
  world: World,
  repository: Repository,
  pull: Pull,
  change: {
    readonly actor: Account;
    readonly logins: readonly string[];
    readonly kind: "assigned" | "unassigned";
  },
): void {
  const { actor, logins, kind } = change;
  if (!canPush(repository, actor.id)) throw new HttpError(403, "Must have push access to assign somebody.");
  for (const login of logins) {
    const account = findAccount(world, login);
    if (!account || pull.assigneeIds.includes(account.id) === (kind === "assigned")) continue;
    pull.assigneeIds = pull.assigneeIds.filter((id) => id !== account.id);
    if (kind === "assigned") pull.assigneeIds.push(account.id);
    const at = world.stamp();
    pull.timeline.push({ id: world.nextId(), at, actorId: actor.id, kind, assigneeId: account.id });
    pull.updatedAt = at;
    tellPull(world, repository, pull, actor.id, kind, { assignee: renderAccount(world, account) });
  }
}
