import { describe, expect, test } from "vitest";
import { factsQuery, morePages } from "../../src/github/facts-query.ts";
import { ask, askPull, askShop, ofPull } from "./graphql-ask.ts";
import { executeGraphql } from "./graphql.ts";
import { addRepository, smallWorld } from "./graphql-small-world.ts";
import { addLabels } from "./people.ts";

describe("a query", () => {
  test("for a field the schema does not have is refused in GitHub's words, without data", async () => {
    expect(await askShop(smallWorld(), "nameWithOwner stack { id }")).toEqual({
      errors: [
        {
          message: "Field 'stack' doesn't exist on type 'Repository'",
          locations: [{ line: 1, column: 59 }],
          extensions: { code: "undefinedField", typeName: "Repository", fieldName: "stack" },
        },
      ],
    });
  });

  test("that is not GraphQL is refused", async () => {
    const { data, errors } = await ask(smallWorld(), "{ repository(");
    expect([data, errors?.[0]?.locations]).toEqual([undefined, [{ line: 1, column: 14 }]]);
  });

  test("for a field that GitHub has and the fake has not fails the test that asks for it", async () => {
    await expect(askShop(smallWorld(), "stargazerCount")).rejects.toThrow(
      "The fake GitHub does not answer Repository.stargazerCount: add it in test/fake-github/graphql-*.ts.",
    );
  });

  test("keeps what it could read when one repository is missing", async () => {
    const query = `{ here: repository(owner: "acme", name: "shop") { name } config: repository(owner: "acme", name: ".github") { name } }`;
    expect(await ask(smallWorld(), query)).toEqual({
      data: { here: { name: "shop" }, config: null },
      errors: [
        {
          type: "NOT_FOUND",
          path: ["config"],
          locations: [{ line: 1, column: 58 }],
          message: "Could not resolve to a Repository with the name 'acme/.github'.",
        },
      ],
    });
  });

  test("for a private repository outside of the installation finds nothing", async () => {
    const scene = smallWorld();
    addRepository(scene.world, scene.acme, "secret");
    const { data, errors } = await ask(scene, `{ repository(owner: "acme", name: "secret") { name } }`);
    expect([data, errors?.map((error) => error.type)]).toEqual([{ repository: null }, ["NOT_FOUND"]]);
  });

  test("says who asks and how much is left", async () => {
    const scene = smallWorld();
    const query = "{ viewer { login } rateLimit { cost limit remaining resetAt } }";
    const { data } = await ask(scene, query);
    expect(data).toMatchObject({
      viewer: { login: "countersign[bot]" },
      rateLimit: { cost: 1, limit: 5000 },
    });
  });

  test("of an installation without a permission is forbidden what needs it, and answered the rest", async () => {
    const scene = smallWorld();
    const without = { ...scene.viewer, permissions: { pull_requests: "read" } as const };
    const query = `{
      organization(login: "acme") { login team(slug: "staff") { slug } }
      repository(owner: "acme", name: "shop") {
        object(expression: "HEAD:README.md") { oid }
        pullRequest(number: 1) { number commits(last: 1) { nodes { commit { checkSuites(first: 1) { totalCount } } } } }
      } }`;
    const { data, errors } = await ask({ world: scene.world, viewer: without }, query);
    expect(data).toEqual({
      organization: { login: "acme", team: null },
      repository: {
        object: null,
        pullRequest: { number: 1, commits: { nodes: [{ commit: { checkSuites: null } }] } },
      },
    });
    expect(errors?.map(({ type, message, path }) => [type, message, path?.join(".")])).toEqual([
      ["FORBIDDEN", "Resource not accessible by integration", "organization.team"],
      ["FORBIDDEN", "Resource not accessible by integration", "repository.object"],
      [
        "FORBIDDEN",
        "Resource not accessible by integration",
        "repository.pullRequest.commits.nodes.0.commit.checkSuites",
      ],
    ]);
  });

  test("finds no pull request under a number that is not taken", async () => {
    const { data, errors } = await askShop(smallWorld(), "pullRequest(number: 9) { id }");
    expect([data, errors?.[0]?.type, errors?.[0]?.message]).toEqual([
      { repository: { pullRequest: null } },
      "NOT_FOUND",
      "Could not resolve to a PullRequest with the number of 9.",
    ]);
  });
});

describe("a connection", () => {
  test("is read in pages, forwards by its cursors", async () => {
    const scene = smallWorld();
    addLabels(scene.world, scene.shop, scene.pull, scene.ada, ["one", "two", "three"]);
    const page =
      "totalCount nodes { name } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
    const [first, second, third] = ["cursor:v2:0", "cursor:v2:1", "cursor:v2:2"].map((text) => btoa(text));
    expect(await askPull(scene, `labels(first: 2) { ${page} }`)).toEqual(
      ofPull({
        labels: {
          totalCount: 3,
          nodes: [{ name: "one" }, { name: "two" }],
          edges: [{ cursor: first }, { cursor: second }],
          pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: first, endCursor: second },
        },
      }),
    );
    expect(await askPull(scene, `labels(first: 2, after: "${second}") { ${page} }`)).toEqual(
      ofPull({
        labels: {
          totalCount: 3,
          nodes: [{ name: "three" }],
          edges: [{ cursor: third }],
          pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: third, endCursor: third },
        },
      }),
    );
  });

  test("is read from its end with `last`, and backwards with `before`", async () => {
    const scene = smallWorld();
    addLabels(scene.world, scene.shop, scene.pull, scene.ada, ["one", "two", "three"]);
    const before = btoa("cursor:v2:2");
    const fields = `end: labels(last: 1) { nodes { name } } back: labels(last: 1, before: "${before}") { nodes { name } }`;
    expect(await askPull(scene, fields)).toEqual(
      ofPull({ end: { nodes: [{ name: "three" }] }, back: { nodes: [{ name: "two" }] } }),
    );
  });

  test("can be counted without a page", async () => {
    expect(await askPull(smallWorld(), "labels { totalCount }")).toEqual(
      ofPull({ labels: { totalCount: 0 } }),
    );
  });

  test.each([
    [
      "",
      "MISSING_PAGINATION_BOUNDARIES",
      "You must provide a `first` or `last` value to properly paginate the `reviews` connection.",
    ],
    [
      "(first: 101)",
      "EXCESSIVE_PAGINATION",
      "Requesting 101 records on the `reviews` connection exceeds the `first` limit of 100 records.",
    ],
    ["(last: 0)", "INVALID_PAGINATION_BOUNDARIES", "`last` on the `reviews` connection must be at least 1."],
    ['(first: 1, after: "x")', "INVALID_CURSOR_ARGUMENTS", "`x` does not appear to be a valid cursor."],
  ])("with a page GitHub refuses is an error: reviews%s", async (page, type, message) => {
    const { errors } = await askPull(smallWorld(), `reviews${page} { nodes { id } }`);
    expect(errors?.map((error) => [error.type, error.message])).toEqual([[type, message]]);
  });
});

test("a team's members include those of its child teams when all are asked for", async () => {
  const { world, acme, ada, grace, viewer } = smallWorld();
  const team = {
    id: 1,
    organizationId: acme.id,
    slug: "staff",
    name: "Staff",
    parentId: null,
    memberIds: new Set([ada.id]),
  };
  world.teams.set(1, team);
  world.teams.set(2, { ...team, id: 2, slug: "staff-web", parentId: 1, memberIds: new Set([grace.id]) });
  const members = (membership: string) =>
    `${membership}: members(first: 9, membership: ${membership}) { nodes { login } }`;
  const query = `{ organization(login: "Acme") { team(slug: "staff") { ${members("ALL")} ${members("IMMEDIATE")} } } }`;
  expect(await ask({ world, viewer }, query)).toEqual({
    data: {
      organization: {
        team: {
          ALL: { nodes: [{ login: "ada" }, { login: "grace" }] },
          IMMEDIATE: { nodes: [{ login: "ada" }] },
        },
      },
    },
  });
});

describe("the query of a look", () => {
  const variables = {
    owner: "acme",
    repo: "shop",
    number: 1,
    configRepo: ".github",
    appId: null,
    asApp: true,
  };

  test("is answered; only a missing configuration repository is an error", async () => {
    const scene = smallWorld();
    const { data, errors } = await executeGraphql(scene.world, scene.viewer, {
      query: factsQuery,
      variables,
    });
    expect(errors?.map((error) => [error.type, error.path])).toEqual([["NOT_FOUND", ["config"]]]);
    expect(data).toMatchObject({
      repository: {
        roster: { text: "people: { ada: senior }\n" },
        policy: null,
        pullRequest: { headRefOid: scene.head.sha },
      },
      config: null,
    });
  });

  test("is continued", async () => {
    const scene = smallWorld();
    const query = morePages(["commits", "timeline"]);
    const { errors, data } = await executeGraphql(scene.world, scene.viewer, { query, variables });
    expect([errors, data]).toMatchObject([
      undefined,
      { repository: { pullRequest: { headRefOid: scene.head.sha, commits: { totalCount: 1 } } } },
    ]);
  });
});
