/**
 * Repositories and owners that are called differently from now on, and repositories that are gone. GitHub sends whoever uses a name
 * that was given up to the repository that had it, until another one takes the name.
 * https://docs.github.com/en/repositories/creating-and-managing-repositories/renaming-a-repository
 */
import { renderAccount, renderOrganization } from "./render-rest.ts";
import { type Account, accountById, findRepository, fullName, type Repository, type World } from "./world.ts";

/** The repository that has this name, or else the one that gave it up last; undefined when there is none. */
export function followedRepository(world: World, owner: string, name: string): Repository | undefined {
  const former = world.formerNames.get(`${owner}/${name}`.toLowerCase());
  return findRepository(world, owner, name) ?? world.repositories.get(former ?? 0);
}

export function renameRepository(world: World, repository: Repository, actor: Account, name: string): void {
  giveUpName(world, repository);
  const changes = { repository: { name: { from: repository.name } } };
  repository.name = name;
  tell(world, repository, actor, "renamed", { changes });
}

/** Another owner has it; installations of the former one hear nothing. */
export function transferRepository(world: World, repository: Repository, actor: Account, to: Account): void {
  giveUpName(world, repository);
  const former = accountById(world, repository.ownerId);
  const from =
    former.type === "Organization"
      ? { organization: renderOrganization(world, former) }
      : { user: renderAccount(world, former) };
  repository.ownerId = to.id;
  tell(world, repository, actor, "transferred", { changes: { owner: { from } } });
}

/** Gone with everything in it. */
export function deleteRepository(world: World, repository: Repository, actor: Account): void {
  tell(world, repository, actor, "deleted", {});
  world.repositories.delete(repository.id);
}

/** An account takes another login, and its repositories are that one's. */
export function renameAccount(world: World, account: Account, login: string): void {
  for (const repository of world.repositories.values())
    if (repository.ownerId === account.id) giveUpName(world, repository);
  const changes = { login: { from: account.login } };
  account.login = login;
  const about = { accountId: account.id, repository: null, senderId: account.id, onlyAppId: null };
  if (account.type === "Organization")
    world.happened({ event: "organization", action: "renamed", ...about, payload: { changes } });
  const payload = { account: renderAccount(world, account), changes, target_type: account.type };
  world.happened({ event: "installation_target", action: "renamed", ...about, payload });
}

function giveUpName(world: World, repository: Repository): void {
  world.formerNames.set(fullName(world, repository).toLowerCase(), repository.id);
}

function tell(
  world: World,
  repository: Repository,
  actor: Account,
  action: "renamed" | "transferred" | "deleted",
  payload: Record<string, unknown>,
): void {
  const about = { accountId: repository.ownerId, repository, senderId: actor.id, onlyAppId: null };
  world.happened({ event: "repository", action, ...about, payload });
}
