/** Forks: repositories of other owners that share their commits with the one they were made from, as on GitHub. */
import { createRepository } from "./setup.ts";
import { type Account, findRepository, fullName, type Repository, type Role, type World } from "./world.ts";

/** @param collaborators who can push there besides its owner. */
export function createFork(
  world: World,
  repository: Repository,
  by: Account,
  collaborators: Readonly<Record<string, Role>> = {},
): Repository {
  const { name, defaultBranch, commits, branches } = repository;
  const made = createRepository(world, `${by.login}/${name}`, { defaultBranch, collaborators });
  const fork: Repository = { ...made, commits, branches: new Map(branches) };
  world.repositories.set(fork.id, fork);
  return fork;
}

/** The fork that `owner:branch` is about; undefined for a branch of the repository itself. */
export function forkNamed(world: World, repository: Repository, head: string): Repository | undefined {
  const [owner = "", branch] = head.split(":");
  const found = branch === undefined ? undefined : findRepository(world, owner, repository.name);
  if (found === undefined || found.id === repository.id) return undefined;
  if (found.commits !== repository.commits)
    throw new Error(`${fullName(world, found)} is no fork of ${fullName(world, repository)}.`);
  return found;
}
