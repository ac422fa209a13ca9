/** What every REST route needs: the viewer, the repository or pull request in the path, the parsed body, pages. */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { z } from "zod";
import { requirePermission } from "./auth.ts";
import { HttpError, invalid, notAccessible, notFound } from "./http-error.ts";
import { apiUrl } from "./render-rest.ts";
import type { Issue } from "./issue.ts";
import {
  type App,
  canSee,
  covers,
  findRepository,
  type Pull,
  type Repository,
  type Viewer,
  type World,
} from "./world.ts";

/** `entry` is the request's line in the log, which learns who asked once that is known. */
export type RestEnv = {
  Bindings: HttpBindings;
  Variables: { viewer: Viewer; entry: { as: string | null } };
};
export type RestContext = Context<RestEnv>;

/** A permission an installation needs for a route, as GitHub's documentation of that route names it. */
export type Need = { readonly name: string; readonly level: "read" | "write" };

const PER_PAGE_DEFAULT = 30;
const PER_PAGE_MAX = 100;

/** The repository in the path. @throws 404 where the viewer may not see it, 403 where its permissions do not reach. */
export function repositoryIn(world: World, context: RestContext, need: Need): Repository {
  const viewer = context.get("viewer");
  const repository = findRepository(world, context.req.param("owner") ?? "", context.req.param("repo") ?? "");
  if (!repository || !canSee(viewer, repository)) throw notFound();
  requirePermission(viewer, need.name, need.level);
  // A public repository can be read by every installation, but written only by one that covers it.
  const outside = viewer.kind === "installation" && !covers(viewer.installation, repository);
  if (outside && need.level === "write") throw notAccessible();
  return repository;
}

/** The repository and the pull request (or the issue it also is) in the path. @throws as `repositoryIn`. */
export function pullIn(
  world: World,
  context: RestContext,
  need: Need,
): { repository: Repository; pull: Pull } {
  const repository = repositoryIn(world, context, need);
  const pull = repository.pulls.get(numberIn(context, "number"));
  if (!pull) throw notFound();
  return { repository, pull };
}

/**
 * The repository and the pull request or other issue in the path, which can be commented on. For an issue that is no pull request
 * the permission is another one. @throws as `repositoryIn`.
 */
export function conversationIn(
  world: World,
  context: RestContext,
  need: Need,
): { repository: Repository; conversation: Pull | Issue } {
  const repository = repositoryIn(world, context, { name: "metadata", level: "read" });
  const number = numberIn(context, "number");
  const conversation = repository.pulls.get(number) ?? repository.issues.get(number);
  if (!conversation) throw notFound();
  repositoryIn(world, context, "head" in conversation ? need : { ...need, name: "issues" });
  return { repository, conversation };
}

/** The app a JWT stands for. @throws 401 for any other token, as GitHub does. */
export function appIn(context: RestContext): App {
  const viewer = context.get("viewer");
  if (viewer.kind !== "app") throw new HttpError(401, "A JSON web token could not be decoded");
  return viewer.app;
}

/** A number of the path. @throws 404 when it is none. */
export function numberIn(context: RestContext, name: string): number {
  const value = Number(context.req.param(name));
  if (!Number.isInteger(value)) throw notFound();
  return value;
}

/** The JSON body, parsed; an empty one counts as `{}`. @throws 422 with the first problems. */
export async function bodyIn<T>(context: RestContext, schema: z.ZodType<T>): Promise<T> {
  const text = await context.req.text();
  const parsed = schema.safeParse(text === "" ? {} : JSON.parse(text));
  if (!parsed.success) throw invalid(`Invalid request.\n\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** One page of a list (`per_page`, `page`), with GitHub's Link header set on the answer. */
export function paged<T>(world: World, context: RestContext, items: readonly T[]): T[] {
  const perPage = Math.min(PER_PAGE_MAX, positive(context.req.query("per_page"), PER_PAGE_DEFAULT));
  const page = positive(context.req.query("page"), 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const link = (to: number, rel: string) => {
    const url = new URL(context.req.url);
    url.searchParams.set("page", String(to));
    const path = url.pathname.replace(/^\/api\/v3/, "");
    return `<${apiUrl(world)}${path}${url.search}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
    ...(page > 1 ? [link(1, "first")] : []),
  ];
  if (links.length > 0) context.header("link", links.join(", "));
  return items.slice((page - 1) * perPage, page * perPage);
}

/** One page of a list that has no page numbers: the Link header carries the id to go on after. */
export function afterCursor<T extends { readonly id: number }>(
  world: World,
  context: RestContext,
  all: readonly T[],
): T[] {
  const perPage = Math.min(PER_PAGE_MAX, positive(context.req.query("per_page"), PER_PAGE_DEFAULT));
  const cursor = context.req.query("cursor") ?? context.req.query("after");
  const start = cursor === undefined ? 0 : all.findIndex(({ id }) => String(id) === cursor) + 1;
  const page = all.slice(start, start + perPage);
  const last = page.at(-1);
  if (last !== undefined && start + perPage < all.length) {
    const url = new URL(context.req.url);
    url.searchParams.set(url.pathname.endsWith("/activity") ? "after" : "cursor", String(last.id));
    const path = url.pathname.replace(/^\/api\/v3/, "");
    context.header("link", `<${apiUrl(world)}${path}${url.search}>; rel="next"`);
  }
  return page;
}

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  return Number.isInteger(value) && value > 0 ? value : otherwise;
}
