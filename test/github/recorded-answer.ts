/** A GitHub of one recorded answer, for the cases where that says more than a whole fake one. */
import { nock } from "./idle-nock.ts";
import { onTestFinished } from "vitest";
import { octokitWith } from "../fake-github/server.ts";

/** What must never stand in a message. */
export const token = "ghs_12345_aSecretThatNobodyMaySee.inAnyMessage";

const host = "https://github.test";

/** An Octokit whose every request is answered by nock, until the test ends; what the test leaves unanswered fails it. */
export function recordedGitHub() {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
  onTestFinished(() => {
    const left = nock.pendingMocks();
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
    if (left.length > 0) throw new Error(`Nobody asked for ${left.join(", ")}`);
  });
  return {
    github: octokitWith(host, token),
    /** The next query is answered so. */
    answers: (body: nock.Body, status = 200, headers: Record<string, string> = {}) => {
      nock(host).post("/api/graphql").reply(status, body, headers);
    },
    /** The next query, or a REST call to `path`, ends in a connection that breaks. */
    breaks: () => {
      nock(host)
        .post("/api/graphql")
        .replyWithError(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));
    },
    /** The next call of this kind to a REST path is answered so. */
    rest: (
      method: "GET" | "POST" | "PATCH",
      path: string,
      reply: { status: number; body?: nock.Body; headers?: Record<string, string> },
    ) => {
      nock(host)
        .intercept(`/api/v3${path}`, method)
        .reply(reply.status, reply.body ?? {}, reply.headers ?? {});
    },
  };
}

const nothing = { totalCount: 0, pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] };

/** A base branch that nothing protects. */
export function recordedBase(changes: Record<string, unknown> = {}) {
  const associatedPullRequests = { totalCount: 0 };
  return { associatedPullRequests, refUpdateRule: null, rules: { totalCount: 0, nodes: [] }, ...changes };
}

/** The head commit, without a check run and in no other pull request. */
export function recordedHead(changes: Record<string, unknown> = {}) {
  const { pageInfo, nodes } = nothing;
  return {
    oid: "a".repeat(40),
    associatedPullRequests: { pageInfo, nodes },
    checkSuites: { nodes: [] },
    ...changes,
  };
}

/** What GitHub answers about a pull request with nothing on it, into a repository without any roster or policy. */
export function recordedPull(changes: Record<string, unknown> = {}) {
  return {
    number: 1,
    url: "https://github.test/acme/shop/pull/1",
    state: "OPEN",
    title: "Fill the cart",
    createdAt: "2026-03-01T09:00:00Z",
    updatedAt: "2026-03-01T12:00:00Z",
    body: "",
    lastEditedAt: null,
    editor: null,
    headRefName: "topic",
    headRefOid: "a".repeat(40),
    baseRefName: "main",
    baseRefOid: "b".repeat(40),
    mergedAt: null,
    mergedBy: null,
    mergeCommit: null,
    headRepository: { nameWithOwner: "acme/shop" },
    author: { __typename: "User", login: "june", databaseId: 1 },
    assignees: { nodes: [] },
    baseRef: recordedBase(),
    changedFiles: 0,
    commits: nothing,
    files: nothing,
    reviews: nothing,
    labels: nothing,
    timeline: nothing,
    head: { nodes: [{ commit: recordedHead() }] },
    ...changes,
  };
}

/** The whole answer around it. `config` null: there is no `.github` repository. */
export function recordedFacts(pullRequest: unknown, config: unknown = null) {
  const repository = {
    isPrivate: false,
    nameWithOwner: "acme/shop",
    roster: null,
    policy: null,
    defaultBranchRef: {
      name: "main",
      target: { rosterHistory: { nodes: [] }, policyHistory: { nodes: [] } },
    },
    pullRequest,
  };
  return { repository, config };
}
