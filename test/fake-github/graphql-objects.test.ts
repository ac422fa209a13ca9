import { describe, expect, test } from "vitest";
import { askPull, askShop, ofPull } from "./graphql-ask.ts";
import { addAccount, addCommit, smallWorld } from "./graphql-small-world.ts";
import { addLabels, createReview, dismissReview, removeLabel } from "./people.ts";
import { editPull, updateBranch } from "./pulls.ts";
import { nodeId } from "./world.ts";

describe("a repository", () => {
  test("shows files by branch, commit and HEAD; folders as trees; what is missing as null", async () => {
    const scene = smallWorld();
    const blob = "__typename ... on Blob { byteSize isBinary isTruncated text }";
    const fields = `
      roster: object(expression: "HEAD:.github/countersign/roster.yml") { ${blob} }
      checkout: object(expression: "checkout:checkout.ts") { ${blob} }
      absent: object(expression: "main:checkout.ts") { ${blob} }
      folder: object(expression: "HEAD:.github") { __typename }
      commit: object(expression: "checkout") { __typename oid }
      byId: object(oid: "${scene.head.sha}") { __typename ... on Commit { messageHeadline } }`;
    const file = (text: string) => ({
      __typename: "Blob",
      byteSize: text.length,
      isBinary: false,
      isTruncated: false,
      text,
    });
    expect((await askShop(scene, fields)).data).toEqual({
      repository: {
        roster: file("people: { ada: senior }\n"),
        checkout: file("buy();\npay();\n"),
        absent: null,
        folder: { __typename: "Tree" },
        commit: { __typename: "Commit", oid: scene.head.sha },
        byId: { __typename: "Commit", messageHeadline: "Add a checkout" },
      },
    });
  });

  test("cuts a file over 512,000 bytes and says so", async () => {
    const scene = smallWorld();
    addCommit(scene.world, scene.shop, scene.ada, {
      branch: "main",
      message: "Big",
      edits: { big: "x".repeat(512_001) },
    });
    const { data } = await askShop(
      scene,
      `object(expression: "HEAD:big") { ... on Blob { byteSize isTruncated text } }`,
    );
    expect(data).toEqual({
      repository: { object: { byteSize: 512_001, isTruncated: true, text: "x".repeat(512_000) } },
    });
  });

  test("knows the history of a path, and that a removed file has one", async () => {
    const scene = smallWorld();
    const path = ".github/countersign/roster.yml";
    const added = scene.shop.branches.get("main");
    const removed = addCommit(scene.world, scene.shop, scene.ada, {
      branch: "main",
      message: "No roster",
      edits: { [path]: null },
    });
    const history = (name: string, of: string) =>
      `${name}: history(path: "${of}", first: 9) { totalCount nodes { oid } }`;
    const fields = `defaultBranchRef { name target { ... on Commit { ${history("roster", path)} ${history("other", "none.txt")} } } }`;
    expect((await askShop(scene, fields)).data).toEqual({
      repository: {
        defaultBranchRef: {
          name: "main",
          target: {
            roster: { totalCount: 2, nodes: [{ oid: removed.sha }, { oid: added }] },
            other: { totalCount: 0, nodes: [] },
          },
        },
      },
    });
  });

  test("lists pull requests by state and branch", async () => {
    const fields = `
      open: pullRequests(first: 9, states: OPEN, headRefName: "checkout") { nodes { number } }
      merged: pullRequests(first: 9, states: MERGED) { nodes { number } }
      toOther: pullRequests(first: 9, baseRefName: "release") { nodes { number } }`;
    expect((await askShop(smallWorld(), fields)).data).toEqual({
      repository: { open: { nodes: [{ number: 1 }] }, merged: { nodes: [] }, toOther: { nodes: [] } },
    });
  });
});

describe("a pull request", () => {
  test("shows its branches, its author and what is required of its base", async () => {
    const scene = smallWorld();
    const fields = `
      id fullDatabaseId state isDraft isCrossRepository headRefName headRefOid baseRefName body lastEditedAt
      headRepository { nameWithOwner } author { __typename login ... on User { databaseId } }
      baseRef { refUpdateRule { requiredStatusCheckContexts } rules(first: 9) { nodes { type parameters {
        ... on RequiredStatusChecksParameters { requiredStatusChecks { context integrationId } }
      } } } }`;
    expect(await askPull(scene, fields)).toEqual(
      ofPull({
        id: nodeId("PR", scene.pull.id),
        fullDatabaseId: String(scene.pull.id),
        state: "OPEN",
        isDraft: false,
        isCrossRepository: false,
        headRefName: "checkout",
        headRefOid: scene.head.sha,
        baseRefName: "main",
        body: "Please look.",
        lastEditedAt: null,
        headRepository: { nameWithOwner: "acme/shop" },
        author: { __typename: "User", login: "grace", databaseId: scene.grace.id },
        baseRef: {
          refUpdateRule: null,
          rules: {
            nodes: [
              {
                type: "REQUIRED_STATUS_CHECKS",
                parameters: {
                  requiredStatusChecks: [{ context: "Countersign", integrationId: scene.app.id }],
                },
              },
            ],
          },
        },
      }),
    );
  });

  test("shows a commit with its author, co-authors and signature", async () => {
    const scene = smallWorld();
    const author = { email: `${scene.grace.id}+grace@users.noreply.github.com`, user: { login: "grace" } };
    const identity = "email user { login }";
    const fields = `commits(first: 9) { totalCount nodes { commit {
      oid parents(first: 9) { nodes { oid } } author { ${identity} } signature { isValid }
      authors(first: 9) { totalCount nodes { ${identity} } }
    } } }`;
    const commit = {
      oid: scene.head.sha,
      parents: { nodes: [{ oid: scene.shop.branches.get("main") }] },
      author,
      signature: null,
      authors: { totalCount: 2, nodes: [author, { email: "noreply@anthropic.com", user: null }] },
    };
    expect(await askPull(scene, fields)).toEqual(ofPull({ commits: { totalCount: 1, nodes: [{ commit }] } }));
  });

  test("shows its files with what happened to them", async () => {
    const fields =
      "changedFiles additions deletions files(first: 9) { nodes { path additions deletions changeType } }";
    expect(await askPull(smallWorld(), fields)).toEqual(
      ofPull({
        changedFiles: 1,
        additions: 2,
        deletions: 0,
        files: { nodes: [{ path: "checkout.ts", additions: 2, deletions: 0, changeType: "ADDED" }] },
      }),
    );
  });

  test("shows submitted reviews to an app, with whether their authors can push", async () => {
    const scene = smallWorld();
    createReview(scene.world, scene.shop, scene.pull, scene.ada, {});
    createReview(scene.world, scene.shop, scene.pull, scene.ada, { event: "APPROVE" });
    const fields =
      "reviews(first: 9) { nodes { state authorCanPushToRepository author { login } commit { oid } } }";
    const review = {
      state: "APPROVED",
      authorCanPushToRepository: true,
      author: { login: "ada" },
      commit: { oid: scene.head.sha },
    };
    expect(await askPull(scene, fields)).toEqual(ofPull({ reviews: { nodes: [review] } }));
  });

  test("shows who took labels off, dismissed and moved the base, and counts only what was asked for", async () => {
    const scene = smallWorld();
    const { world, shop, pull, ada, grace } = scene;
    const review = createReview(world, shop, pull, ada, { event: "APPROVE" });
    addLabels(world, shop, pull, grace, ["ai-assisted"]);
    removeLabel(world, shop, pull, grace, "ai-assisted");
    dismissReview(world, shop, pull, review, { actor: ada, message: "Look again." });
    shop.branches.set("release", shop.branches.get("main") ?? "");
    editPull(world, shop, pull, ada, { base: "release" });
    const actor = "actor { login }";
    const fields = `timelineItems(first: 9, itemTypes: [UNLABELED_EVENT, BASE_REF_CHANGED_EVENT, REVIEW_DISMISSED_EVENT]) {
      filteredCount nodes { __typename
        ... on UnlabeledEvent { label { name } ${actor} }
        ... on BaseRefChangedEvent { previousRefName currentRefName ${actor} }
        ... on ReviewDismissedEvent { previousReviewState review { fullDatabaseId } ${actor} }
      } }`;
    const nodes = [
      { __typename: "UnlabeledEvent", label: { name: "ai-assisted" }, actor: { login: "grace" } },
      {
        __typename: "ReviewDismissedEvent",
        previousReviewState: "APPROVED",
        review: { fullDatabaseId: String(review.id) },
        actor: { login: "ada" },
      },
      {
        __typename: "BaseRefChangedEvent",
        previousRefName: "main",
        currentRefName: "release",
        actor: { login: "ada" },
      },
    ];
    expect(await askPull(scene, fields)).toEqual(ofPull({ timelineItems: { filteredCount: 3, nodes } }));
  });

  test("shows a force-push with both heads, and a commit that GitHub signed", async () => {
    const scene = smallWorld();
    const { world, shop, pull, ada, head } = scene;
    shop.branches.set("other", shop.branches.get("main") ?? "");
    const content = {
      branch: "other",
      message: "Rewritten",
      edits: { "checkout.ts": "buy();\n" },
      signedByGitHub: true,
    };
    const rewritten = addCommit(world, shop, ada, content);
    updateBranch(world, shop, { branch: "checkout", sha: rewritten.sha, actor: ada });
    const fields = `
      commits(last: 1) { nodes { commit { signature { isValid wasSignedByGitHub state } } } }
      timelineItems(first: 9, itemTypes: HEAD_REF_FORCE_PUSHED_EVENT) { nodes {
        ... on HeadRefForcePushedEvent { actor { login } beforeCommit { oid } afterCommit { oid } createdAt }
      } }`;
    const event = {
      actor: { login: "ada" },
      beforeCommit: { oid: head.sha },
      afterCommit: { oid: rewritten.sha },
      createdAt: pull.timeline[0]?.at,
    };
    const signature = { isValid: true, wasSignedByGitHub: true, state: "VALID" };
    expect(await askPull(scene, fields)).toEqual(
      ofPull({ commits: { nodes: [{ commit: { signature } }] }, timelineItems: { nodes: [event] } }),
    );
  });

  test("by a bot has an author without `[bot]`", async () => {
    const scene = smallWorld();
    const bot = addAccount(scene.world, "dependabot[bot]", "Bot");
    const pull = { ...scene.pull, userId: bot.id };
    scene.shop.pulls.set(1, pull);
    expect(await askPull(scene, "author { __typename login ... on Bot { databaseId } }")).toEqual(
      ofPull({ author: { __typename: "Bot", login: "dependabot", databaseId: bot.id } }),
    );
  });
});

describe("a commit", () => {
  test("shows the newest run of an app's check", async () => {
    const scene = smallWorld();
    const fields = `commits(last: 1) { nodes { commit {
      ours: checkSuites(first: 9, filterBy: { appId: ${scene.app.id} }) { nodes {
        app { databaseId slug }
        checkRuns(first: 9, filterBy: { checkName: "Countersign" }) { nodes { databaseId status conclusion title externalId } }
      } }
      others: checkSuites(first: 9, filterBy: { appId: 1 }) { nodes { databaseId } }
    } } }`;
    const run = {
      databaseId: scene.run.id,
      status: "COMPLETED",
      conclusion: "ACTION_REQUIRED",
      title: "Waiting for one senior",
      externalId: "1 1:abc",
    };
    const suite = { app: { databaseId: scene.app.id, slug: "countersign" }, checkRuns: { nodes: [run] } };
    expect(await askPull(scene, fields)).toEqual(
      ofPull({ commits: { nodes: [{ commit: { ours: { nodes: [suite] }, others: { nodes: [] } } }] } }),
    );
  });

  test("is associated with its open pull requests, and with the merged one alone once it has landed", async () => {
    const scene = smallWorld();
    const fields = `object(oid: "${scene.head.sha}") { ... on Commit { associatedPullRequests(first: 9) { nodes { number state } } } }`;
    const associated = (nodes: unknown) => ({
      data: { repository: { object: { associatedPullRequests: { nodes } } } },
    });
    expect(await askShop(scene, fields)).toEqual(associated([{ number: 1, state: "OPEN" }]));
    const landing = { branch: "main", sha: scene.head.sha, actor: scene.ada, bypassRules: true };
    updateBranch(scene.world, scene.shop, landing);
    expect(await askShop(scene, fields)).toEqual(associated([{ number: 1, state: "MERGED" }]));
  });
});
