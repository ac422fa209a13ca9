/** Commit statuses: a word on a commit by anybody who can write to the repository, under any name. */
import type { Hono } from "hono";
import { z } from "zod";
import type { CommitStatus } from "./commit-status.ts";
import { commitOf } from "./git.ts";
import { HttpError, invalid } from "./http-error.ts";
import { renderAccount, repositoryUrl } from "./render-rest.ts";
import { bodyIn, repositoryIn, type RestEnv } from "./rest-context.ts";
import { accountById, actorOf, canPush, fullName, nodeId, type Repository, type World } from "./world.ts";

const statusBody = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  context: z.string().default("default"),
  description: z.string().nullish(),
});

/** Adds the route. */
export function addStatusRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.post("/repos/:owner/:repo/statuses/:sha", async (context) => {
    const repository = repositoryIn(world, context, { name: "statuses", level: "write" });
    const viewer = context.get("viewer");
    const creator = actorOf(world, viewer);
    if (viewer.kind === "user" && !canPush(repository, creator.id))
      throw new HttpError(403, "Must have push access to create a commit status");
    const sha = context.req.param("sha");
    if (!repository.commits.has(sha)) throw invalid(`No commit found for SHA: ${sha}`);
    const { state, context: name, description = null } = await bodyIn(context, statusBody);
    const status: CommitStatus = {
      id: world.nextId(),
      sha,
      context: name,
      state,
      description,
      creatorId: creator.id,
      createdAt: world.stamp(),
    };
    repository.statuses.push(status);
    tell(world, repository, status);
    return context.json(render(world, repository, status), 201);
  });
}

/** The newest status of each context on a commit. */
export function statusesOn(repository: Repository, sha: string): CommitStatus[] {
  const all = repository.statuses.filter((status) => status.sha === sha);
  return [...new Map(all.map((status) => [status.context, status])).values()];
}

function render(world: World, repository: Repository, status: CommitStatus) {
  const { id, sha, context, state, description, createdAt } = status;
  const creator = renderAccount(world, accountById(world, status.creatorId));
  return {
    url: `${repositoryUrl(world, repository)}/statuses/${sha}`,
    avatar_url: creator.avatar_url,
    id,
    node_id: nodeId("SC", id),
    state,
    description,
    target_url: null,
    context,
    created_at: createdAt,
    updated_at: createdAt,
    creator,
  };
}

function tell(world: World, repository: Repository, status: CommitStatus): void {
  const { id, sha, context, state, description, createdAt } = status;
  const commit = commitOf(repository, sha);
  const url = `${repositoryUrl(world, repository)}/commits/${sha}`;
  const html = `${world.url}/${fullName(world, repository)}/commit/${sha}`;
  const { author, committer, message, treeSha } = commit;
  world.happened({
    event: "status",
    action: null,
    accountId: repository.ownerId,
    repository,
    senderId: status.creatorId,
    onlyAppId: null,
    payload: {
      id,
      sha,
      name: fullName(world, repository),
      avatar_url: null,
      target_url: null,
      context,
      description,
      state,
      commit: {
        sha,
        node_id: nodeId("C", repository.id),
        commit: {
          author,
          committer,
          message,
          tree: { sha: treeSha, url: `${repositoryUrl(world, repository)}/git/trees/${treeSha}` },
          url: url.replace("/commits/", "/git/commits/"),
          comment_count: 0,
          verification: {
            verified: false,
            reason: "unsigned",
            signature: null,
            payload: null,
            verified_at: null,
          },
        },
        url,
        html_url: html,
        comments_url: `${url}/comments`,
        author: null,
        committer: null,
        parents: commit.parents.map((parent) => ({
          sha: parent,
          url: url.replace(sha, parent),
          html_url: html.replace(sha, parent),
        })),
      },
      branches: [...repository.branches]
        .filter(([, head]) => head === sha)
        .map(([name]) => ({ name, commit: { sha, url }, protected: false })),
      created_at: createdAt,
      updated_at: createdAt,
    },
  });
}
