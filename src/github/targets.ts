/** A repository as GitHub is asked about it. */
export type RepositoryRef = { readonly owner: string; readonly repo: string };

/** What can need a look, as the store keys it. Repositories are `owner/name` in lower case, as GitHub compares them. */
export type Target =
  | (RepositoryRef & { readonly kind: "pull"; readonly number: number })
  | (RepositoryRef & { readonly kind: "group"; readonly sha: string })
  | (RepositoryRef & { readonly kind: "deploy"; readonly run: number; readonly environment: string })
  | (RepositoryRef & { readonly kind: "branch"; readonly branch: string })
  | (RepositoryRef & { readonly kind: "repo" | "rules" })
  | { readonly kind: "installation" | "all-rules"; readonly id: number };

/** What names a target of this kind. */
export type RefOf<Kind extends Target["kind"]> = Omit<Extract<Target, { readonly kind: Kind }>, "kind">;

/** `owner/name` in lower case, the key of a repository everywhere in the store. */
export function repoKey(owner: string, repo: string): string {
  return `${owner}/${repo}`.toLowerCase();
}

/** `pull:acme/shop:12` */
export function pullTarget(repo: string, number: number): string {
  return `pull:${repo.toLowerCase()}:${number}`;
}

/** `group:acme/shop:SHA`: the merge group with this head SHA. */
export function groupTarget(repo: string, sha: string): string {
  return `group:${repo.toLowerCase()}:${sha}`;
}

/** `deploy:acme/shop:RUN:production`: the deployment of a workflow run to an environment, whose name may have any character. */
export function deployTarget(repo: string, run: number, environment: string): string {
  return `deploy:${repo.toLowerCase()}:${run}:${encodeURIComponent(environment)}`;
}

/** `branch:acme/shop:release/1`: what reached the branch. Git allows no colon in a name. */
export function branchTarget(repo: string, branch: string): string {
  return `branch:${repo.toLowerCase()}:${branch}`;
}

/** `repo:acme/shop`: every open pull request of the repository. */
export function repoTarget(repo: string): string {
  return `repo:${repo.toLowerCase()}`;
}

/** `installation:7`: every repository of the installation. */
export function installationTarget(id: number): string {
  return `installation:${id}`;
}

/** `rules:acme/shop`: those open pull requests of the repository for which a change of its roster or policy makes a difference. */
export function rulesTarget(repo: string): string {
  return `rules:${repo.toLowerCase()}`;
}

/** `all-rules:7`: the same in every repository of the installation. */
export function allRulesTarget(id: number): string {
  return `all-rules:${id}`;
}

/** The inverse of the functions above; null for a target that this version does not know. */
export function parseTarget(target: string): Target | null {
  const [kind, one = "", number = "", environment = ""] = target.split(":");
  const [owner, repo] = one.split("/");
  const isWide = kind === "installation" || kind === "all-rules";
  if (isWide && /^\d+$/u.test(one)) return { kind, id: Number(one) };
  if (owner === undefined || repo === undefined) return null;
  if (kind === "repo" || kind === "rules") return { kind, owner, repo };
  if (kind === "branch" && number !== "") return { kind, owner, repo, branch: number };
  if (kind === "pull" && /^\d+$/u.test(number)) return { kind, owner, repo, number: Number(number) };
  if (kind === "group" && /^[0-9a-f]{40,64}$/u.test(number)) return { kind, owner, repo, sha: number };
  if (kind === "deploy" && /^\d+$/u.test(number))
    return { kind, owner, repo, run: Number(number), environment: decodeURIComponent(environment) };
  return null;
}
