/** Who may see what over GraphQL, and GitHub's errors for the rest. */
import { GraphQLError } from "graphql";
import { canSee, covers, type Repository, type Viewer, type World } from "./world.ts";

/** What every resolver works with. An app's own JWT cannot ask GraphQL, so it is no viewer here. */
export type Scope = { readonly world: World; readonly viewer: Exclude<Viewer, { kind: "app" }> };

/** GitHub's error for something that is missing or must not be seen; what it stood in for becomes null. */
export function notFound(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type: "NOT_FOUND" } });
}

/** @throws GitHub's FORBIDDEN error when the viewer is an installation without the permission. */
export function requirePermission(scope: Scope, permission: string): void {
  if (scope.viewer.kind === "user" || scope.viewer.permissions[permission] !== undefined) return;
  throw new GraphQLError("Resource not accessible by integration", { extensions: { type: "FORBIDDEN" } });
}

/** The same for a repository: what is public on a repository outside of the installation needs no permission. */
export function requireRepositoryPermission(scope: Scope, repository: Repository, permission: string): void {
  const { viewer } = scope;
  if (viewer.kind === "installation" && !repository.private && !covers(viewer.installation, repository))
    return;
  requirePermission(scope, permission);
}

/** Whether the viewer may know that the repository is there. */
export function isVisible(scope: Scope, repository: Repository): boolean {
  return canSee(scope.viewer, repository);
}
