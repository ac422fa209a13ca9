import { describe, expect, test } from "vitest";
import { validateRequest, validateResponse, validateWebhook } from "./contract.ts";
import { smallWorld } from "./graphql-small-world.ts";
import { renderInstallation } from "./render-rest.ts";

const REPO = "/repos/acme/shop";
const SHA = "0f3c2b1a0f3c2b1a0f3c2b1a0f3c2b1a0f3c2b1a";

function problemsOf(
  method: string,
  path: string,
  rest: { query?: Record<string, string>; body?: unknown },
): string[] {
  return validateRequest({ method, path, ...rest }).problems;
}

describe("a request", () => {
  test.each([
    ["POST", `${REPO}/check-runs`, checkRunRequest()],
    [
      "PATCH",
      `${REPO}/check-runs/7`,
      { status: "completed", conclusion: "success", output: { title: "t", summary: "s" } },
    ],
    ["POST", `${REPO}/check-runs/7/rerequest`, undefined],
    ["POST", "/app/installations/3/access_tokens", undefined],
    ["POST", "/app/installations/3/access_tokens", { repository_ids: [1], permissions: { checks: "write" } }],
    ["POST", `${REPO}/pulls`, { title: "Add a shop", head: "shop", base: "main", body: "…", draft: false }],
    ["PATCH", `${REPO}/pulls/12`, { state: "closed", base: "release/1" }],
    ["POST", `${REPO}/pulls/12/reviews`, { event: "APPROVE", commit_id: SHA, body: "Fine." }],
    ["PUT", `${REPO}/pulls/12/reviews/5/dismissals`, { message: "Outdated." }],
    ["PUT", `${REPO}/pulls/12/merge`, { merge_method: "squash", sha: SHA }],
    ["PUT", `${REPO}/pulls/12/merge`, undefined],
    ["PUT", `${REPO}/pulls/12/update-branch`, { expected_head_sha: SHA }],
    ["POST", `${REPO}/issues/12/comments`, { body: "/countersign recheck" }],
    ["POST", `${REPO}/issues/comments/9/reactions`, { content: "eyes" }],
    ["POST", `${REPO}/issues/12/labels`, { labels: ["ai-assisted"] }],
    [
      "PUT",
      `${REPO}/contents/.github/countersign/roster.yml`,
      { message: "Add a roster", content: "cGVvcGxlOg==" },
    ],
  ])("that GitHub takes has no problems: %s %s", (method, path, body) => {
    expect(problemsOf(method, path, { body })).toEqual([]);
  });

  test.each([
    [
      "DELETE",
      `${REPO}/issues/12/labels/ai%2Fassisted`,
      `DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}`,
    ],
    ["GET", `${REPO}/rules/branches/release%2F1`, "GET /repos/{owner}/{repo}/rules/branches/{branch}"],
    ["GET", `${REPO}/contents/.github/countersign/roster.yml`, "GET /repos/{owner}/{repo}/contents/{path}"],
    ["GET", `${REPO}/compare/main...shop`, "GET /repos/{owner}/{repo}/compare/{basehead}"],
  ])("is matched to its operation: %s %s", (method, path, route) => {
    expect(validateRequest({ method, path })).toEqual({ route, problems: [] });
  });

  test("to a path GitHub does not have is not a known operation", () => {
    expect(validateRequest({ method: "GET", path: `${REPO}/pull-requests` })).toEqual({
      route: null,
      problems: ["GET /repos/acme/shop/pull-requests is not a known operation"],
    });
  });

  test("with a method the path does not take is not a known operation", () => {
    expect(validateRequest({ method: "DELETE", path: `${REPO}/pulls/12` }).route).toBeNull();
  });

  test("with a number that is none is a problem of its path", () => {
    expect(problemsOf("GET", `${REPO}/pulls/twelve`, {})).toEqual([
      "GET /repos/{owner}/{repo}/pulls/{pull_number} path/pull_number: must be integer",
    ]);
  });

  test("with numbers in its query is understood", () => {
    expect(
      problemsOf("GET", `${REPO}/pulls`, { query: { state: "open", per_page: "100", page: "2" } }),
    ).toEqual([]);
  });

  test("with a query parameter GitHub does not know is a problem", () => {
    expect(problemsOf("GET", `${REPO}/pulls`, { query: { perPage: "100" } })).toEqual([
      'GET /repos/{owner}/{repo}/pulls query: unknown property "perPage"',
    ]);
  });

  test("with a body property GitHub does not know is a problem, at any depth", () => {
    const body = { ...checkRunRequest(), colour: "green", output: { title: "t", summary: "s", footer: "f" } };
    expect(problemsOf("POST", `${REPO}/check-runs`, { body }).toSorted()).toEqual([
      'POST /repos/{owner}/{repo}/check-runs body/output: unknown property "footer"',
      'POST /repos/{owner}/{repo}/check-runs body: unknown property "colour"',
    ]);
  });

  test("without a required property is a problem", () => {
    expect(problemsOf("POST", `${REPO}/check-runs`, { body: { name: "Countersign" } })).toEqual([
      "POST /repos/{owner}/{repo}/check-runs body: must have required property 'head_sha'",
    ]);
  });

  test("with a value that is not in an enum is a problem which lists the values", () => {
    expect(problemsOf("POST", `${REPO}/pulls/12/reviews`, { body: { event: "APPROVED" } })).toEqual([
      "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews body/event: must be equal to one of the allowed values: " +
        '["APPROVE","REQUEST_CHANGES","COMMENT"]',
    ]);
  });

  test("without a body that is needed, or with one that is not, is a problem", () => {
    expect([
      ...problemsOf("POST", `${REPO}/check-runs`, {}),
      ...problemsOf("GET", "/app", { body: {} }),
    ]).toEqual([
      "POST /repos/{owner}/{repo}/check-runs body: is missing",
      "GET /app body: this operation takes none",
    ]);
  });
});

describe("an answer", () => {
  const route = "GET /orgs/{org}/teams/{team_slug}/members";

  test("that GitHub gives has no problems", () => {
    expect(validateResponse({ method: "GET", route, status: 200, body: [simpleUser("ada")] })).toEqual([]);
  });

  test("without a field GitHub always sends is a problem", () => {
    const { avatar_url: _, ...incomplete } = simpleUser("ada");
    expect(validateResponse({ method: "GET", route, status: 200, body: [incomplete] })).toEqual([
      `${route} 200/0: must have required property 'avatar_url'`,
    ]);
  });

  test("may be an error the operation does not list, in the form all errors have", () => {
    const problem = {
      message: "Resource not accessible by integration",
      documentation_url: "https://docs.github.com",
    };
    expect(validateResponse({ method: "GET", route, status: 403, body: problem })).toEqual([]);
    expect(validateResponse({ method: "GET", route, status: 403, body: ["no"] })).toEqual([
      `${route} 403: must be object`,
    ]);
  });

  test("with a status the operation does not have is a problem", () => {
    expect(validateResponse({ method: "GET", route, status: 201, body: [] })).toEqual([
      `${route} 201: not a status of this operation`,
    ]);
  });

  test("about installations may name an account that is no enterprise, although GitHub's description wants both", () => {
    const { world } = smallWorld();
    const installations = [...world.installations.values()].map((one) => renderInstallation(world, one));
    const listed = { method: "GET", route: "GET /app/installations", status: 200 };
    const problems = validateResponse({ ...listed, body: installations });
    const broken = validateResponse({
      ...listed,
      body: installations.map((one) => ({ ...one, account: { login: "acme" } })),
    });
    expect([
      problems,
      broken.includes("GET /app/installations 200/0/account: must have required property 'id'"),
    ]).toEqual([[], true]);
  });

  test("from an operation that is not vendored is a problem", () => {
    expect(validateResponse({ method: "POST", route, status: 200, body: [] })).toEqual([
      `POST ${route} is not a known operation`,
    ]);
  });

  test("has no body where GitHub sends none", () => {
    const contents = "GET /repos/{owner}/{repo}/contents/{path}";
    expect(validateResponse({ method: "GET", route: contents, status: 304 })).toEqual([]);
    expect(validateResponse({ method: "GET", route: contents, status: 304, body: {} })).toEqual([
      `${contents} 304: has a body, GitHub sends none`,
    ]);
  });
});

describe("a webhook payload", () => {
  const membership = {
    action: "added",
    scope: "team",
    member: simpleUser("grace"),
    sender: simpleUser("ada"),
    team: {
      id: 4,
      node_id: "T_4",
      name: "Staff engineers",
      slug: "staff-engineers",
      description: null,
      privacy: "closed",
      permission: "pull",
      url: "https://github.test/api/v3/organizations/1/team/4",
      html_url: "https://github.test/orgs/acme/teams/staff-engineers",
      members_url: "https://github.test/api/v3/organizations/1/team/4/members{/member}",
      repositories_url: "https://github.test/api/v3/organizations/1/team/4/repos",
    },
    organization: {
      login: "acme",
      id: 1,
      node_id: "O_1",
      description: null,
      url: "https://github.test/api/v3/orgs/acme",
      repos_url: "https://github.test/api/v3/orgs/acme/repos",
      events_url: "https://github.test/api/v3/orgs/acme/events",
      hooks_url: "https://github.test/api/v3/orgs/acme/hooks",
      issues_url: "https://github.test/api/v3/orgs/acme/issues",
      members_url: "https://github.test/api/v3/orgs/acme/members{/member}",
      public_members_url: "https://github.test/api/v3/orgs/acme/public_members{/member}",
      avatar_url: "https://github.test/avatars/1",
    },
  };

  test("that GitHub sends has no problems", () => {
    expect(validateWebhook({ event: "membership", action: "added", payload: membership })).toEqual([]);
  });

  test("with another event's action, or without a field GitHub always sends, is a problem", () => {
    const { sender: _, ...incomplete } = { ...membership, action: "removed" };
    expect(validateWebhook({ event: "membership", action: "added", payload: incomplete })).toEqual([
      "membership.added: must have required property 'sender'",
      'membership.added/action: must be equal to one of the allowed values: ["added"]',
    ]);
  });

  test("of an event without actions is checked under the event's name", () => {
    expect(validateWebhook({ event: "push", payload: {} })).toContain(
      "push: must have required property 'after'",
    );
  });

  test("of an event that is not vendored is a problem", () => {
    expect(validateWebhook({ event: "star", action: "created", payload: {} })).toEqual([
      "star.created is not a known webhook",
    ]);
  });
});

function checkRunRequest(): Record<string, unknown> {
  return {
    name: "Countersign",
    head_sha: SHA,
    status: "completed",
    conclusion: "action_required",
    external_id: "1 2:abc",
    output: { title: "Waiting for one senior", summary: "…" },
  };
}

function simpleUser(login: string): Record<string, unknown> {
  const url = `https://github.test/api/v3/users/${login}`;
  return {
    login,
    id: 7,
    node_id: "U_7",
    avatar_url: "https://github.test/avatars/7",
    gravatar_id: "",
    url,
    html_url: `https://github.test/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: "User",
    site_admin: false,
  };
}
