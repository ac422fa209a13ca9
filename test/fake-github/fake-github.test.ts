import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { octokitWith } from "./server.ts";
import { installationToken, openShop, outcome, shop } from "./shop-scene.ts";

let scene: Awaited<ReturnType<typeof openShop>>;
const pullNumber = 1;
const one = { ...shop, pull_number: pullNumber };

beforeEach(async () => {
  scene = await openShop();
});
afterEach(async () => {
  await scene.close();
});

async function openPull() {
  const { data } = await scene.github.as("june").rest.pulls.create({
    ...shop,
    title: "Fill the cart",
    head: "topic",
    base: "main",
    body: "It was empty.",
  });
  return data;
}

const pass = (headSha: string, conclusion: "success" | "neutral" | "skipped" | "failure" = "success") =>
  scene.octokit.rest.checks.create({ ...shop, name: "Countersign", head_sha: headSha, conclusion });

describe("a pull request", () => {
  test("shows what it changes, between which branches", async () => {
    const pull = await openPull();
    expect({
      number: pull.number,
      state: pull.state,
      head: pull.head.sha,
      base: pull.base.ref,
      commits: pull.commits,
      changed: [pull.changed_files, pull.additions, pull.deletions],
      author: pull.user.login,
      mergeable: pull.mergeable_state,
    }).toEqual({
      number: 1,
      state: "open",
      head: scene.topicSha,
      base: "main",
      commits: 1,
      changed: [1, 1, 1],
      author: "june",
      mergeable: "blocked",
    });
  });

  test("follows its branch, also while it was closed", async () => {
    await openPull();
    const june = scene.github.as("june");
    const second = scene.github.push("acme/shop", {
      branch: "topic",
      files: { "a.txt": "a" },
      pusher: "june",
    });
    expect((await june.rest.pulls.get(one)).data.head.sha).toBe(second);
    await june.rest.pulls.update({ ...one, state: "closed" });
    const third = scene.github.push("acme/shop", {
      branch: "topic",
      files: { "b.txt": "b" },
      pusher: "june",
    });
    expect((await june.rest.pulls.get(one)).data.head.sha).toBe(second);
    await june.rest.pulls.update({ ...one, state: "open" });
    expect((await june.rest.pulls.get(one)).data.head.sha).toBe(third);
  });

  test("cannot be reopened after its branch was rewritten", async () => {
    await openPull();
    const june = scene.github.as("june");
    await june.rest.pulls.update({ ...one, state: "closed" });
    scene.github.push("acme/shop", {
      branch: "topic",
      from: "main",
      force: true,
      files: { "c.txt": "c" },
      pusher: "june",
    });
    expect((await outcome(june.rest.pulls.update({ ...one, state: "open" }))).status).toBe(422);
  });

  test("lists a renamed file with both names, a deleted one and an added one", async () => {
    await openPull();
    scene.github.push("acme/shop", {
      branch: "topic",
      files: { "README.md": null, "docs/README.md": "# shop\n", "src/cart.ts": null, "infra/main.tf": "x\n" },
      pusher: "june",
    });
    const { data } = await scene.octokit.rest.pulls.listFiles(one);
    expect(data.map((file) => [file.status, file.filename, file.previous_filename])).toEqual([
      ["renamed", "docs/README.md", "README.md"],
      ["added", "infra/main.tf", undefined],
      ["removed", "src/cart.ts", undefined],
    ]);
  });

  test("cannot be opened twice, nor without commits", async () => {
    await openPull();
    const june = scene.github.as("june");
    const again = june.rest.pulls.create({ ...shop, title: "Again", head: "topic", base: "main" });
    expect((await outcome(again)).message).toContain("A pull request already exists for acme:topic.");
    const empty = june.rest.pulls.create({ ...shop, title: "Empty", head: "main", base: "main" });
    expect((await outcome(empty)).message).toContain("No commits between main and main");
  });

  test("is listed page by page, with links", async () => {
    await openPull();
    for (const branch of ["second", "third"]) {
      scene.github.push("acme/shop", { branch, files: { [branch]: "x" }, pusher: "june" });
      await scene.github.as("june").rest.pulls.create({ ...shop, title: branch, head: branch, base: "main" });
    }
    const { data, headers } = await scene.octokit.rest.pulls.list({ ...shop, state: "open", per_page: 2 });
    expect(data.map((pull) => pull.number)).toEqual([3, 2]);
    expect(headers.link).toContain('rel="next"');
    const all = await scene.octokit.paginate(scene.octokit.rest.pulls.list, { ...shop, per_page: 2 });
    expect(all.map((pull) => pull.number)).toEqual([3, 2, 1]);
  });

  test("is updated from its base by a two-parent commit that GitHub signs", async () => {
    await openPull();
    const main = scene.github.push("acme/shop", {
      branch: "main",
      files: { "other.txt": "x" },
      pusher: "ada",
      bypassRules: true,
    });
    await scene.github.as("june").rest.pulls.updateBranch(one);
    const head = (await scene.octokit.rest.pulls.get(one)).data.head.sha;
    const repository = [...scene.github.world.repositories.values()][0];
    const commit = repository?.commits.get(head);
    expect([commit?.parents, commit?.committer.email, commit?.signedByGitHub]).toEqual([
      [scene.topicSha, main],
      "noreply@github.com",
      true,
    ]);
    expect((await outcome(scene.github.as("june").rest.pulls.updateBranch(one))).message).toContain(
      "There are no new commits on the base branch.",
    );
  });
});

describe("a required check", () => {
  test("blocks the merge while it is missing, and lets it through once it succeeded", async () => {
    await openPull();
    const ada = scene.github.as("ada");
    expect(await outcome(ada.rest.pulls.merge(one))).toEqual({
      status: 405,
      message: 'Repository rule violations found\n\nRequired status check "Countersign" is expected.\n\n',
    });
    await pass(scene.topicSha);
    expect((await outcome(ada.rest.pulls.merge(one))).status).toBe(200);
    const { data } = await ada.rest.pulls.get(one);
    expect([data.state, data.merged, data.merged_by?.login]).toEqual(["closed", true, "ada"]);
  });

  test.for([
    ["success", 200],
    ["neutral", 200],
    ["skipped", 200],
    ["failure", 405],
  ] as const)("with the conclusion %s the merge answers %i", async ([conclusion, status]) => {
    await openPull();
    await pass(scene.topicSha, conclusion);
    expect((await outcome(scene.github.as("ada").rest.pulls.merge(one))).status).toBe(status);
  });

  test("blocks while it is in progress and after a later run failed", async () => {
    await openPull();
    const ada = scene.github.as("ada");
    await pass(scene.topicSha);
    await scene.octokit.rest.checks.create({
      ...shop,
      name: "Countersign",
      head_sha: scene.topicSha,
      status: "in_progress",
    });
    expect((await outcome(ada.rest.pulls.merge(one))).message).toContain("is in progress");
    await pass(scene.topicSha, "failure");
    expect((await outcome(ada.rest.pulls.merge(one))).message).toContain("is failing");
  });

  test("of another commit or another app does not count", async () => {
    await openPull();
    const other = scene.github.createApp({
      slug: "impostor",
      webhookSecret: "another secret",
      permissions: { metadata: "read", checks: "write" },
      events: [],
    });
    const installationId = scene.github.installApp("acme", { repositories: ["shop"], app: "impostor" });
    const impostor = octokitWith(
      scene.github.url,
      await installationToken(scene.github, other, installationId),
    );
    const forged = { ...shop, name: "Countersign", head_sha: scene.topicSha, conclusion: "success" } as const;
    await impostor.rest.checks.create(forged);
    expect((await outcome(scene.github.as("ada").rest.pulls.merge(one))).message).toContain(
      "was not set by the expected GitHub App",
    );
    await pass(scene.topicSha);
    scene.github.push("acme/shop", { branch: "topic", files: { "late.txt": "x" }, pusher: "june" });
    expect((await outcome(scene.github.as("ada").rest.pulls.merge(one))).message).toContain("is expected");
  });

  test("also stands in the way of a push", () => {
    const direct = () =>
      scene.github.push("acme/shop", { branch: "main", files: { "x.txt": "x" }, pusher: "ada" });
    expect(direct).toThrow('Required status check "Countersign" is expected.');
  });

  test("is what the rules of the branch say", async () => {
    const { data } = await scene.octokit.rest.repos.getBranchRules({ ...shop, branch: "main" });
    expect(data).toMatchObject([
      {
        type: "required_status_checks",
        parameters: { required_status_checks: [{ context: "Countersign", integration_id: scene.app.id }] },
      },
    ]);
    expect((await scene.octokit.rest.repos.getBranchRules({ ...shop, branch: "topic" })).data).toEqual([]);
  });
});

describe("a merge", () => {
  test.for([
    ["merge", 2, "noreply@github.com"],
    ["squash", 1, "noreply@github.com"],
    ["rebase", 1, "ada"],
  ] as const)("by %s has %i parents", async ([method, parents, committer]) => {
    await openPull();
    await pass(scene.topicSha);
    const { data } = await scene.github.as("ada").rest.pulls.merge({ ...one, merge_method: method });
    const repository = [...scene.github.world.repositories.values()][0];
    const commit = repository?.commits.get(data.sha);
    expect(repository?.branches.get("main")).toBe(data.sha);
    expect(commit?.parents.length).toBe(parents);
    expect(commit?.committer.email).toContain(committer);
    expect(commit?.tree.get("src/cart.ts")?.text).toBe("export const cart = [1];\n");
  });

  test("is refused with a head that has moved, for a draft, and to readers", async () => {
    await openPull();
    await pass(scene.topicSha);
    const stale = scene.github.as("ada").rest.pulls.merge({ ...one, sha: "0".repeat(40) });
    expect((await outcome(stale)).status).toBe(409);
    expect((await outcome(scene.github.as("ruth").rest.pulls.merge(one))).status).toBe(403);
    scene.github.push("acme/shop", { branch: "draft", files: { "draft.txt": "x" }, pusher: "june" });
    const draft = { ...shop, title: "Not yet", head: "draft", base: "main", draft: true };
    const { number } = (await scene.github.as("june").rest.pulls.create(draft)).data;
    const merge = () => outcome(scene.github.as("ada").rest.pulls.merge({ ...shop, pull_number: number }));
    expect(await merge()).toEqual({ status: 405, message: "Pull Request is still a draft" });
    scene.github.markReady("acme/shop", number, "june");
    expect((await merge()).message).toContain("is expected");
  });

  test("is refused when both sides changed one file, and so is an update from the base", async () => {
    await openPull();
    const files = { "src/cart.ts": "export const cart = [2];\n" };
    scene.github.push("acme/shop", { branch: "main", files, pusher: "ada", bypassRules: true });
    await pass(scene.topicSha);
    const ada = scene.github.as("ada");
    expect((await ada.rest.pulls.get(one)).data).toMatchObject({
      mergeable: false,
      mergeable_state: "dirty",
    });
    expect((await outcome(ada.rest.pulls.merge(one))).message).toBe("Pull Request is not mergeable");
    expect((await outcome(ada.rest.pulls.updateBranch(one))).message).toBe(
      "merge conflict between base and head",
    );
  });

  test("happens by itself when the head is pushed to the base", async () => {
    await openPull();
    scene.github.push("acme/shop", { branch: "main", from: "topic", pusher: "ada", bypassRules: true });
    expect((await scene.octokit.rest.pulls.get(one)).data.merged).toBe(true);
  });
});

describe("reviews", () => {
  const approve = (login: string) =>
    scene.github.as(login).rest.pulls.createReview({ ...one, event: "APPROVE" });

  test("cannot be the author's own approval", async () => {
    await openPull();
    const refused = await outcome(approve("june"));
    expect(refused.status).toBe(422);
    expect(refused.message).toContain("Can not approve your own pull request");
  });

  test("keep the commit they were given on when the head moves", async () => {
    await openPull();
    await approve("ruth");
    scene.github.push("acme/shop", { branch: "topic", files: { "late.txt": "x" }, pusher: "june" });
    const { data } = await scene.octokit.rest.pulls.listReviews(one);
    expect(data.map((review) => [review.user?.login, review.state, review.commit_id])).toEqual([
      ["ruth", "APPROVED", scene.topicSha],
    ]);
  });

  test("are dismissed by who can push, which rewrites their state", async () => {
    await openPull();
    const review = (await approve("ada")).data;
    const dismissal = { ...one, review_id: review.id, message: "Stale" };
    expect((await outcome(scene.github.as("ruth").rest.pulls.dismissReview(dismissal))).status).toBe(403);
    const { data } = await scene.github.as("june").rest.pulls.dismissReview(dismissal);
    expect(data.state).toBe("DISMISSED");
    expect((await outcome(scene.github.as("june").rest.pulls.dismissReview(dismissal))).status).toBe(422);
  });
});

describe("labels, comments and files", () => {
  test("labels are put on and taken off by who may, and leave a trace", async () => {
    await openPull();
    const issue = { ...shop, issue_number: pullNumber };
    const add = (login: string) =>
      scene.github.as(login).rest.issues.addLabels({ ...issue, labels: ["ai-assisted"] });
    expect((await outcome(add("ruth"))).status).toBe(403);
    expect((await add("june")).data.map((label) => label.name)).toEqual(["ai-assisted"]);
    const remove = () => scene.github.as("ada").rest.issues.removeLabel({ ...issue, name: "ai-assisted" });
    expect((await remove()).data).toEqual([]);
    expect((await outcome(remove())).message).toContain("Label does not exist");
    const timeline = [...scene.github.world.repositories.values()][0]?.pulls.get(1)?.timeline;
    expect(timeline?.map((event) => event.kind)).toEqual(["labeled", "unlabeled"]);
  });

  test("a comment of the app is its bot's", async () => {
    await openPull();
    const issue = { ...shop, issue_number: pullNumber };
    await scene.octokit.rest.issues.createComment({ ...issue, body: "Noted." });
    const { data } = await scene.github.as("ruth").rest.issues.listComments(issue);
    expect(data.map((comment) => [comment.user?.login, comment.user?.type, comment.body])).toEqual([
      ["countersign[bot]", "Bot", "Noted."],
    ]);
  });

  test("a file written on the web is a commit signed by GitHub", async () => {
    const file = { ...shop, path: "docs/plan.md", branch: "topic" };
    const content = Buffer.from("# Plan\n").toString("base64");
    const june = scene.github.as("june");
    const { data } = await june.rest.repos.createOrUpdateFileContents({ ...file, message: "Plan", content });
    const read = await june.rest.repos.getContent({ ...shop, path: "docs/plan.md", ref: "topic" });
    expect(read.data).toMatchObject({ type: "file", content, sha: data.content?.sha });
    expect(data.commit.committer?.email).toBe("noreply@github.com");
    const blind = june.rest.repos.createOrUpdateFileContents({ ...file, message: "Plan", content });
    expect((await outcome(blind)).message).toContain(`"sha" wasn't supplied`);
  });
});
