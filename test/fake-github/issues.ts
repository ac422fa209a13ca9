/** Issues that are no pull request: they share its numbers and its comments. */
import type { Hono } from "hono";
import { z } from "zod";
import { HttpError, invalid } from "./http-error.ts";
import { renderIssue } from "./render-pull.ts";
import { bodyIn, conversationIn, paged, repositoryIn, type RestEnv } from "./rest-context.ts";
import type { Issue } from "./issue.ts";
import { actorOf, canPush, type World } from "./world.ts";

const newIssueBody = z.object({ title: z.string().min(1), body: z.string().optional() });
const editsBody = z.object({
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "reopened"]).optional(),
});
const WRITE = { name: "issues", level: "write" } as const;

/** Adds the routes. Who may read a repository may open an issue; closing one takes its author or write access. */
export function addIssueRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/repos/:owner/:repo/issues", (context) => {
    const repository = repositoryIn(world, context, { name: "issues", level: "read" });
    const { state = "open", since = "" } = context.req.query();
    // GitHub lists pull requests among the issues, newest first.
    const all = [...repository.pulls.values(), ...repository.issues.values()]
      .filter((one) => (state === "all" || one.state === state) && one.updatedAt >= since)
      .toSorted((one, other) => other.number - one.number);
    return context.json(paged(world, context, all).map((one) => renderIssue(world, repository, one)));
  });
  rest.post("/repos/:owner/:repo/issues", async (context) => {
    const repository = repositoryIn(world, context, WRITE);
    if (!repository.hasIssues) throw new HttpError(410, "Issues has been disabled in this repository.");
    const { title, body = null } = await bodyIn(context, newIssueBody);
    if (title.length > 256)
      throw invalid("Validation Failed", [{ resource: "Issue", field: "title", code: "custom" }]);
    const viewer = context.get("viewer");
    const at = world.stamp();
    const issue: Issue = {
      id: world.nextId(),
      number: repository.pulls.size + repository.issues.size + 1,
      userId: actorOf(world, viewer).id,
      appId: viewer.kind === "user" ? null : viewer.app.id,
      title,
      body,
      state: "open",
      stateReason: null,
      locked: false,
      comments: [],
      createdAt: at,
      updatedAt: at,
      closedAt: null,
    };
    repository.issues.set(issue.number, issue);
    return context.json(renderIssue(world, repository, issue), 201);
  });
  rest.patch("/repos/:owner/:repo/issues/:number", async (context) => {
    const { repository, conversation: issue } = conversationIn(world, context, WRITE);
    const viewer = context.get("viewer");
    const actor = actorOf(world, viewer);
    if ("head" in issue) throw invalid("The fake GitHub edits pull requests by their own routes.");
    if (viewer.kind === "user" && actor.id !== issue.userId && !canPush(repository, actor.id))
      throw new HttpError(403, "Must have admin rights to Repository.");
    const { state = issue.state, state_reason: reason = null } = await bodyIn(context, editsBody);
    const at = world.stamp();
    if (state !== issue.state) issue.closedAt = state === "closed" ? at : null;
    issue.state = state;
    issue.stateReason = reason;
    issue.updatedAt = at;
    return context.json(renderIssue(world, repository, issue));
  });
}
