import { describe, expect, test } from "vitest";
import { GitHubError } from "../../src/github/errors.ts";
import {
  type PatchCache,
  readPatches,
  readProposal,
  readPushAccess,
  readStackBase,
  readSuggestions,
} from "../../src/github/read-more.ts";
import { accountNamed } from "../fake-github/setup.ts";
import { shop } from "../fake-github/shop-scene.ts";
import { now, openPull, repositoryOf } from "./scene.ts";

const acmeShop = { owner: "acme", repo: "shop" };
const first = { ...acmeShop, number: 1 };

/** The shop with june's pull request, and ways to take fingerprints there; `kept` is what the cache was given. */
async function openPatches() {
  const scene = await openPull();
  const kept = new Map<string, string>();
  const cache: PatchCache = {
    recall: async (mergeBase, head) => kept.get(`${mergeBase} ${head}`) ?? null,
    keep: async (mergeBase, head, fingerprint) => void kept.set(`${mergeBase} ${head}`, fingerprint),
  };
  const { github, octokit } = scene;
  const fingerprints = async (...shas: readonly string[]) => {
    const wanted = shas.map((sha) => ({ base: "main", sha }));
    return (await readPatches(octokit, acmeShop, wanted, cache, now)).map((patch) => patch.fingerprint);
  };
  return {
    ...scene,
    kept,
    cache,
    fingerprints,
    /** Whether two head SHAs are the same patch against main. */
    same: async (one: string, other: string) => {
      const [a, b] = await fingerprints(one, other);
      return a?.kind === "read" && b?.kind === "read" && a.value === b.value;
    },
    rebase: (files: Parameters<typeof github.push>[1]["files"], from = "main") =>
      github.push("acme/shop", {
        branch: "topic",
        pusher: "june",
        from,
        force: true,
        files: files ?? {},
        message: "Anew",
      }),
    /** REST calls since the last time, without the repository. */
    calls: () =>
      github.requests
        .splice(0)
        .map(({ method, path }) => `${method} ${path.replace("/repos/acme/shop/", "")}`),
  };
}

const cart = { "src/cart.ts": "export const items = [1];\n" };

describe("two head SHAs are the same patch", () => {
  test("after a rebase onto other changes of main", async () => {
    const { github, same, rebase } = await openPatches();
    const before = rebase(cart);
    github.push("acme/shop", {
      branch: "main",
      bypassRules: true,
      pusher: "ada",
      files: { "other.ts": "x\n" },
      message: "Other",
    });

    expect(await same(before, rebase(cart))).toBe(true);
  });

  test("after main was merged into the branch", async () => {
    const { github, same, rebase } = await openPatches();
    const before = rebase(cart);
    const main = github.push("acme/shop", {
      branch: "main",
      bypassRules: true,
      pusher: "ada",
      files: { "other.ts": "x\n" },
      message: "Other",
    });
    const files = { "other.ts": "x\n" };
    const merged = github.push("acme/shop", {
      branch: "topic",
      pusher: "june",
      parents: [before, main],
      files,
      message: "Merge",
    });

    expect(await same(before, merged)).toBe(true);
  });

  test("however many commits they consist of", async () => {
    const { github, same, rebase } = await openPatches();
    const before = rebase(cart);
    rebase({ "src/cart.ts": "half\n" });

    expect(
      await same(
        before,
        github.push("acme/shop", { branch: "topic", pusher: "june", files: cart, message: "Whole" }),
      ),
    ).toBe(true);
  });

  test.each([
    ["another file is changed", { ...cart, "more.ts": "x\n" }],
    ["the same file is changed otherwise", { "src/cart.ts": "export const items = [2];\n" }],
    [
      "a file has the same content and another mode",
      { "src/cart.ts": { text: cart["src/cart.ts"], mode: "100755" } },
    ],
    ["it is a submodule now", { "src/cart.ts": { text: cart["src/cart.ts"], mode: "160000" } }],
    ["the file is deleted", { "src/cart.ts": null }],
  ] as const)("unless %s", async (_, files) => {
    const { same, rebase } = await openPatches();

    expect(await same(rebase(cart), rebase(files))).toBe(false);
  });

  test("unless main has changed the same file meanwhile: another diff is reviewed then", async () => {
    const { github, same, rebase } = await openPatches();
    const before = rebase(cart);
    github.push("acme/shop", {
      branch: "main",
      bypassRules: true,
      pusher: "ada",
      files: { "src/cart.ts": "new\n" },
      message: "Meanwhile",
    });

    expect(await same(before, rebase(cart))).toBe(false);
  });
});

describe("a fingerprint", () => {
  test("costs one request for the merge base and one for each tree not read before", async () => {
    const { calls, fingerprints, rebase, topicSha } = await openPatches();
    const next = rebase(cart);
    calls();

    await fingerprints(topicSha, next);

    const paths = calls();
    expect(paths.filter((path) => path.startsWith("GET git/trees/"))).toHaveLength(3);
    expect(paths.filter((path) => path.startsWith("GET compare/")).toSorted()).toEqual(
      [`GET compare/main...${next}`, `GET compare/main...${topicSha}`].toSorted(),
    );
    expect(paths).toHaveLength(5);
  });

  test("is taken once: later only the merge base is asked for", async () => {
    const { calls, fingerprints, topicSha, kept } = await openPatches();
    const taken = await fingerprints(topicSha);
    calls();

    expect(await fingerprints(topicSha)).toEqual(taken);
    expect(calls()).toEqual([`GET compare/main...${topicSha}`]);
    expect([...kept.values()]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/u)]);
  });

  test("of a SHA that GitHub has no more cannot be read, and the others can", async () => {
    const { fingerprints, topicSha } = await openPatches();
    const gone = "d".repeat(40);

    expect(await fingerprints(gone, topicSha)).toEqual([
      { kind: "unreadable", why: "GitHub does not have ddddddd or the branch main any more" },
      { kind: "read", value: expect.any(String) },
    ]);
  });

  test("against a branch with a slash in its name", async () => {
    const { github, octokit, cache, topicSha } = await openPatches();
    github.push("acme/shop", { branch: "release/1.0", pusher: "ada", from: "main" });

    expect(
      await readPatches(octokit, acmeShop, [{ base: "release/1.0", sha: topicSha }], cache, now),
    ).toEqual([
      { base: "release/1.0", sha: topicSha, fingerprint: { kind: "read", value: expect.any(String) } },
    ]);
  });

  test("of a tree that GitHub cuts cannot be read, and is not remembered", async () => {
    const { github, fingerprints, topicSha, kept } = await openPatches();
    const body = { sha: topicSha, tree: [], truncated: true };
    github.fault({ path: /git\/trees/u, status: 200, body, times: 1 });

    expect(await fingerprints(topicSha)).toEqual([
      { kind: "unreadable", why: "GitHub does not list all files of a tree this large" },
    ]);
    expect([...kept]).toEqual([]);
  });

  test("that GitHub fails to answer for fails the look: no approval is dropped for that", async () => {
    const { github, fingerprints, topicSha } = await openPatches();
    github.fault({ path: /compare/u, status: 502, times: 1 });

    await expect(fingerprints(topicSha)).rejects.toBeInstanceOf(GitHubError);
  });

  test("is taken of 50 SHAs and no more", async () => {
    const { fingerprints, topicSha } = await openPatches();

    const read = await fingerprints(...Array.from({ length: 51 }, () => topicSha));

    expect(read.map(({ kind }) => kind)).toEqual([...Array.from({ length: 50 }, () => "read"), "unreadable"]);
  });
});

describe("suggested changes", () => {
  const suggestion = "Better so:\n\n```suggestion\nexport const items = [];\n```\n";

  /** Who left one, by login, when these comments stand on the pull request. */
  async function suggestedBy(...comments: readonly { by: string; body: string; editedBy?: string }[]) {
    const { github, octokit } = await openPull();
    for (const comment of comments) github.commentOnLine("acme/shop", 1, comment);
    return (await readSuggestions(octokit, first, now)).map(({ login }) => login);
  }

  test("are found with their authors, each once", async () => {
    const ruth = { by: "ruth", body: suggestion };

    expect(await suggestedBy({ by: "ada", body: suggestion }, ruth, ruth)).toEqual(["ada", "ruth"]);
  });

  test("are found behind a hundred other comments", async () => {
    const chat = Array.from({ length: 150 }, () => ({ by: "june", body: "hm" }));

    expect(await suggestedBy(...chat, { by: "ada", body: suggestion })).toEqual(["ada"]);
  });

  test.each([
    ["plain", "Use a suggestion block."],
    ["with other code", "```ts\nsuggestion\n```"],
    ["that quotes one", "> ```suggestion\n> x\n> ```"],
  ])("are not in a comment %s", async (_, body) => {
    expect(await suggestedBy({ by: "ada", body })).toEqual([]);
  });

  test("count for nobody once somebody else has edited the comment", async () => {
    expect(await suggestedBy({ by: "ada", body: suggestion, editedBy: "june" })).toEqual([]);
    expect(await suggestedBy({ by: "ada", body: suggestion, editedBy: "ada" })).toEqual(["ada"]);
  });
});

describe("roster and policy at a head SHA", () => {
  const roster = ".github/countersign/roster.yml";

  test("are read with one request", async () => {
    const scene = await openPull();
    const text = "people: { ada: senior }\n";
    const files = { [roster]: text };
    const sha = scene.github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "Roster" });
    scene.queries();

    expect(await readProposal(scene.octokit, acmeShop, sha, now)).toEqual({
      roster: { kind: "read", value: { text, version: expect.stringMatching(/^[0-9a-f]{40}$/u) } },
      policy: { kind: "absent", removed: false },
    });
    expect(scene.queries()).toEqual(["Proposal"]);
  });

  test("cannot be read where they are too large", async () => {
    const scene = await openPull();
    const files = { [roster]: "#".repeat(256 * 1024 + 1) };
    const sha = scene.github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "Roster" });

    expect((await readProposal(scene.octokit, acmeShop, sha, now)).roster).toEqual({
      kind: "unreadable",
      why: `acme/shop › ${roster} is larger than 256 KB.`,
    });
  });

  test("of a commit that GitHub does not show fail the look: that is not a removal", async () => {
    const { octokit } = await openPull();

    await expect(readProposal(octokit, acmeShop, "d".repeat(40), now)).rejects.toMatchObject({
      message: "GitHub does not show the head commit ddddddd: it says there is none",
    });
  });
});

describe("the stack", () => {
  test("a pull request is in says where it goes to in the end", async () => {
    const { github, octokit } = await openPull();
    github.stack("acme/shop", 1, "main");

    expect(await readStackBase(octokit, first, now)).toBe("main");
  });

  test("is none for most", async () => {
    const { octokit } = await openPull();

    expect(await readStackBase(octokit, first, now)).toBeNull();
  });

  test("is suspected where the base branch is the head of another open pull request", async () => {
    const scene = await openPull();
    const { github } = scene;
    github.push("acme/shop", { branch: "on-top", pusher: "june", from: "topic", message: "On top" });
    await github.as("june").rest.pulls.create({ ...shop, title: "On top", head: "on-top", base: "topic" });

    const before = await scene.read(2);
    await github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });

    expect([
      before.onOtherPull,
      (await scene.read(2)).onOtherPull,
      (await scene.read(1)).onOtherPull,
    ]).toEqual([true, false, false]);
  });
});

describe("whether people can push", () => {
  const roles = {
    ada: "admin",
    mara: "maintain",
    june: "write",
    trix: "triage",
    ruth: "read",
    otto: null,
  } as const;

  /** The shop, where everybody has the role above. */
  async function openRoles() {
    const scene = await openPull();
    const { github, octokit } = scene;
    for (const login of ["mara", "trix", "otto"]) github.createUser(login);
    const account = (login: string) => {
      return { login, id: accountNamed(github.world, login).id, kind: "User" } as const;
    };
    const { collaborators } = repositoryOf(scene);
    for (const [login, role] of Object.entries(roles)) {
      if (role !== null) collaborators.set(account(login).id, role);
    }
    const read = async (...accounts: Parameters<typeof readPushAccess>[2]) =>
      (await readPushAccess(octokit, acmeShop, accounts, now)).map(({ canPush }) => canPush);
    return { github, account, read };
  }

  test("follows from their role: write, maintain and admin can", async () => {
    const { account, read } = await openRoles();
    const found = await read(...Object.keys(roles).map(account));

    expect(found).toEqual([true, true, true, false, false, false].map((value) => ({ kind: "read", value })));
  });

  test("is not known where the login is another account's by now, or nobody's", async () => {
    const { account, read } = await openRoles();

    expect(await read({ ...account("ada"), id: 7 }, { ...account("ada"), login: "ada-before" })).toEqual([
      { kind: "unreadable", why: "the login belongs to another account by now" },
      { kind: "unreadable", why: "GitHub does not know the login any more" },
    ]);
  });

  test("is asked for 50 of them", async () => {
    const { account, read } = await openRoles();
    const found = await read(...Array.from({ length: 51 }, () => account("ada")));

    expect(found.slice(49)).toEqual([
      { kind: "read", value: true },
      { kind: "unreadable", why: "more than 50 people overrode this head" },
    ]);
  });

  test("fails the look when GitHub fails to answer: no override is dropped for that", async () => {
    const { github, account, read } = await openRoles();
    github.fault({ path: /permission/u, status: 502, times: 1 });

    await expect(read(account("ada"))).rejects.toBeInstanceOf(GitHubError);
  });
});
