import { describe, expect, test } from "vitest";
import type { Account } from "../../src/gate/accounts.ts";
import { GitHubError } from "../../src/github/errors.ts";
import { shop } from "../fake-github/shop-scene.ts";
import type { FakeGitHub } from "../fake-github/server.ts";
import { now, openPull, pullOf, repositoryOf } from "./scene.ts";

function accountOf(github: FakeGitHub, login: string): Account {
  const found = [...github.world.accounts.values()].find((account) => account.login === login);
  if (found === undefined) throw new Error(`There is no account ${login}.`);
  return { login, id: found.id, kind: found.type };
}

/** `count` reviews with nothing but a comment, as ada would write them one after the other. */
function addReviews(scene: Awaited<ReturnType<typeof openPull>>, count: number): void {
  const { world } = scene.github;
  const pull = pullOf(scene);
  const userId = accountOf(scene.github, "ada").id ?? 0;
  for (let written = 0; written < count; written++) {
    const at = world.stamp();
    const what = { state: "COMMENTED", body: "hm", commitId: pull.head.sha } as const;
    pull.reviews.push({ id: world.nextId(), userId, ...what, submittedAt: at, updatedAt: at });
  }
}

describe("a pull request", () => {
  test("is read whole with one request", async () => {
    const scene = await openPull({ body: "Because it was empty." });
    const { github, topicSha } = scene;
    await github.as("ada").rest.pulls.createReview({ ...shop, pull_number: 1, event: "APPROVE" });
    await github.as("ada").rest.issues.addLabels({ ...shop, issue_number: 1, labels: ["ai-assisted"] });
    scene.queries();
    const [june, ada] = [accountOf(github, "june"), accountOf(github, "ada")];
    const identity = { name: "june", email: `${june.id}+june@users.noreply.github.com`, account: june };
    const commit = repositoryOf(scene).commits.get(topicSha);
    const [review] = pullOf(scene).reviews;
    const [labeled] = pullOf(scene).timeline;

    expect(await scene.read()).toEqual({
      facts: {
        owner: "acme",
        repo: "shop",
        number: 1,
        url: `${github.url}/acme/shop/pull/1`,
        headSha: topicSha,
        headRef: "topic",
        headRepo: "acme/shop",
        base: "main",
        defaultBranch: "main",
        requiredOnBase: { kind: "read", value: true },
        open: true,
        merged: false,
        merge: null,
        author: june,
        assignees: [],
        title: "Fill the cart",
        body: "Because it was empty.",
        bodyEdited: null,
        commits: {
          kind: "read",
          value: [
            {
              sha: topicSha,
              message: "Fill the cart",
              tree: commit?.treeSha,
              parents: commit?.parents,
              author: identity,
              coAuthors: [],
              committer: identity,
              signedByGitHub: false,
            },
          ],
        },
        files: {
          kind: "read",
          value: [{ path: "src/cart.ts", previousPath: null, additions: 1, deletions: 1 }],
        },
        reviews: {
          kind: "read",
          value: [
            {
              id: String(review?.id),
              author: ada,
              canPush: true,
              state: "APPROVED",
              submittedAt: review?.submittedAt,
              commitSha: topicSha,
            },
          ],
        },
        labels: { kind: "read", value: ["ai-assisted"] },
        sameNamed: [],
        timeline: {
          kind: "read",
          value: [{ kind: "labeled", label: "ai-assisted", actor: ada, at: labeled?.at }],
        },
        readAt: new Date(now).toISOString(),
      },
      siblings: [],
      renamed: [],
      isPrivate: false,
      openedAt: pullOf(scene).createdAt,
      onOtherPull: false,
      checkRun: null,
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/u),
      configCheckRun: null,
      organisation: { kind: "absent" },
      repository: {
        where: "acme/shop",
        roster: { kind: "absent", removed: false },
        policy: { kind: "absent", removed: false },
      },
    });
    expect(scene.queries()).toEqual(["Facts"]);
  });

  test("of exactly 100 commits needs no second request", async () => {
    const scene = await openPull();
    const commits = Array.from({ length: 99 }, (_, index) => ({ message: `Step ${index}` }));
    scene.github.push("acme/shop", { branch: "topic", pusher: "june", commits });
    scene.queries();

    const { facts } = await scene.read();

    expect(facts.commits.kind === "read" && facts.commits.value.length).toBe(100);
    expect(scene.queries()).toEqual(["Facts"]);
  });

  test("with more than one page of several things is read completely and in order", async () => {
    const scene = await openPull();
    const names = Array.from({ length: 119 }, (_, index) => `src/file-${String(index).padStart(3, "0")}.ts`);
    const files = Object.fromEntries(names.map((name) => [name, "export {};\n"]));
    const commits = Array.from({ length: 250 }, (_, index) => ({
      message: `Step ${index}`,
      ...(index === 0 && { files }),
    }));
    scene.github.push("acme/shop", { branch: "topic", pusher: "june", commits });
    addReviews(scene, 101);
    scene.queries();

    const { facts } = await scene.read();

    const read = {
      commits: facts.commits.kind === "read" && facts.commits.value.map(({ message }) => message),
      files: facts.files.kind === "read" && facts.files.value.map(({ path }) => path).toSorted(),
      reviews: facts.reviews.kind === "read" && facts.reviews.value.map(({ id }) => id),
    };
    expect(read).toEqual({
      commits: ["Fill the cart", ...commits.map(({ message }) => message)],
      files: ["src/cart.ts", ...names],
      reviews: pullOf(scene).reviews.map(({ id }) => String(id)),
    });
    expect(scene.queries()).toEqual(["Facts", "MoreFacts", "MoreFacts"]);
  });

  test("whose head moves between two pages is read again from the beginning", async () => {
    const scene = await openPull();
    addReviews(scene, 150);
    const push = (file: string) =>
      scene.github.push("acme/shop", {
        branch: "topic",
        pusher: "june",
        files: { [file]: "" },
        message: file,
      });
    let moved: string | null = null;
    scene.octokit.hook.after("request", (_, { url }) => {
      if (url.endsWith("/graphql")) moved ??= push("late.ts");
    });
    scene.queries();

    const { facts } = await scene.read();

    expect(facts.headSha).toBe(moved);
    expect(facts.commits.kind === "read" && facts.commits.value.map(({ message }) => message)).toEqual([
      "Fill the cart",
      "late.ts",
    ]);
    expect(facts.reviews.kind === "read" && facts.reviews.value.length).toBe(150);
    expect(scene.queries()).toEqual(["Facts", "MoreFacts", "Facts", "MoreFacts"]);
  });

  test("whose head never rests is left for later", async () => {
    const scene = await openPull();
    addReviews(scene, 101);
    let pushed = 0;
    scene.octokit.hook.after("request", (_, { url }) => {
      if (!url.endsWith("/graphql")) return;
      pushed += 1;
      const files = { [`file-${pushed}.ts`]: "" };
      scene.github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "On and on" });
    });

    await expect(scene.read()).rejects.toEqual(
      new GitHubError("The head of acme/shop#1 moved 3 times while it was read."),
    );
  });

  test("that does not exist is gone", async () => {
    const scene = await openPull();

    await expect(scene.read(7)).rejects.toMatchObject({
      message: "acme/shop#7 does not exist, or the app may not see it.",
      gone: true,
    });
  });
});

describe("what is past a limit is unreadable, never cut off", () => {
  test("more than 1,000 reviews", async () => {
    const scene = await openPull();
    addReviews(scene, 1001);

    const { facts } = await scene.read();

    expect(facts.reviews).toEqual({
      kind: "unreadable",
      why: "past the limit of 1000",
      pastLimit: true,
    });
  });

  test("1,000 reviews are not", async () => {
    const scene = await openPull();
    addReviews(scene, 1000);

    const { facts } = await scene.read();

    expect(facts.reviews.kind).toBe("read");
  });

  test("more files than the 3,000 GitHub lists", async () => {
    const scene = await openPull();
    const files = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`many/${index}.txt`, "x\n"]),
    );
    scene.github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "Everything" });

    const { facts } = await scene.read();

    expect(facts.files).toEqual({ kind: "unreadable", why: "past the limit of 3000", pastLimit: true });
  });

  test("a commit that names more than 50 authors", async () => {
    const scene = await openPull();
    const trailers = Array.from({ length: 50 }, (_, index) => `Co-authored-by: P <p${index}@acme.dev>`);
    const message = `Crowd\n\n${trailers.join("\n")}\n`;
    const sha = scene.github.push("acme/shop", { branch: "topic", pusher: "june", message });

    const { facts } = await scene.read();

    expect(facts.commits).toEqual({
      kind: "unreadable",
      why: `commit ${sha.slice(0, 7)} names more than 50 authors`,
      pastLimit: true,
    });
  });
});

describe("who did what", () => {
  test("co-authors are those the message names, without the author", async () => {
    const scene = await openPull();
    const ada = accountOf(scene.github, "ada");
    const message = [
      "Round the total",
      "",
      `Co-authored-by: ada <${ada.id}+ada@users.noreply.github.com>`,
      "Co-authored-by: Somebody <somebody@elsewhere.dev>",
    ].join("\n");
    scene.github.push("acme/shop", { branch: "topic", pusher: "june", message });

    const { facts } = await scene.read();

    expect(facts.commits.kind === "read" && facts.commits.value.at(-1)?.coAuthors).toEqual([
      { name: "ada", email: `${ada.id}+ada@users.noreply.github.com`, account: ada },
      { name: "Somebody", email: "somebody@elsewhere.dev", account: null },
    ]);
  });

  test("a bot is written with [bot], as author, reviewer and committer alike", async () => {
    const scene = await openPull();
    const { github } = scene;
    github.createUser("robo[bot]", { type: "Bot", emails: ["robo@bots.dev"] });
    const robo = accountOf(github, "robo[bot]");
    const id = robo.id ?? 0;
    const pull = pullOf(scene);
    repositoryOf(scene).pulls.set(1, { ...pull, userId: id });
    pull.reviews.push({
      id: 1,
      userId: id,
      state: "APPROVED",
      body: "",
      commitId: pull.head.sha,
      submittedAt: "2026-03-01T10:00:00Z",
      updatedAt: "2026-03-01T10:00:00Z",
    });
    const author = { name: "robo", email: "robo@bots.dev" };
    github.push("acme/shop", { branch: "topic", pusher: "june", message: "By a bot", author });

    const { facts } = await scene.read();

    expect({
      author: facts.author,
      reviewers: facts.reviews.kind === "read" && facts.reviews.value.map((review) => review.author),
      committer: facts.commits.kind === "read" && facts.commits.value.at(-1)?.committer.account,
    }).toEqual({ author: robo, reviewers: [robo], committer: robo });
  });

  test("who edited the body last is said", async () => {
    const scene = await openPull();
    await scene.github.as("ada").rest.pulls.update({ ...shop, pull_number: 1, body: "Rewritten" });

    const { facts } = await scene.read();

    expect(facts.bodyEdited).toEqual({ by: accountOf(scene.github, "ada") });
  });

  test("who cannot push is said to", async () => {
    const scene = await openPull();
    await scene.github.as("ruth").rest.pulls.createReview({ ...shop, pull_number: 1, event: "APPROVE" });

    const { facts } = await scene.read();

    expect(facts.reviews.kind === "read" && facts.reviews.value.map(({ canPush }) => canPush)).toEqual([
      false,
    ]);
  });

  test("the timeline tells of labels, force-pushes, base changes, dismissals and assigned people", async () => {
    const scene = await openPull();
    const { github } = scene;
    const [june, ada] = [github.as("june"), github.as("ada")];
    github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    const label = { ...shop, issue_number: 1 };
    await june.rest.issues.addLabels({ ...label, labels: ["ai-assisted"] });
    await june.rest.issues.removeLabel({ ...label, name: "ai-assisted" });
    const { data: review } = await ada.rest.pulls.createReview({
      ...shop,
      pull_number: 1,
      event: "REQUEST_CHANGES",
      body: "No",
    });
    await ada.rest.pulls.dismissReview({ ...shop, pull_number: 1, review_id: review.id, message: "Well" });
    const before = pullOf(scene).head.sha;
    const push = { branch: "topic", pusher: "june", from: "main", force: true, message: "Anew" };
    const after = github.push("acme/shop", push);
    await june.rest.pulls.update({ ...shop, pull_number: 1, base: "release" });
    github.createUser("helper[bot]", { type: "Bot" });
    const issue = { ...shop, issue_number: 1 };
    await june.rest.issues.addAssignees({ ...issue, assignees: ["ada", "helper[bot]"] });
    await ada.rest.issues.removeAssignees({ ...issue, assignees: ["ada"] });

    const { facts } = await scene.read();

    const at = pullOf(scene).timeline.map((event) => event.at);
    const [byJune, byAda] = [accountOf(github, "june"), accountOf(github, "ada")];
    expect(facts.timeline).toEqual({
      kind: "read",
      value: [
        { kind: "labeled", label: "ai-assisted", actor: byJune, at: at[0] },
        { kind: "unlabeled", label: "ai-assisted", actor: byJune, at: at[1] },
        {
          kind: "review-dismissed",
          reviewId: String(review.id),
          previousState: "CHANGES_REQUESTED",
          actor: byAda,
          at: at[2],
        },
        { kind: "force-pushed", before, after, actor: byJune, at: at[3] },
        { kind: "base-changed", from: "main", to: "release", actor: byJune, at: at[4] },
        { kind: "assigned", account: byAda, actor: byJune, at: at[5] },
        { kind: "assigned", account: accountOf(github, "helper[bot]"), actor: byJune, at: at[6] },
      ],
    });
  });
});
