/** What a look reads besides the one query, and that it reads it only where a verdict depends on it. */
import { describe, expect, test } from "vitest";
import { type Acme, assisted, openAcme, policyFile, roster, rosterFile } from "./acme.ts";

/** The requests of what is done, by operation or path. */
async function requestsOf(acme: Acme, done: () => Promise<unknown>): Promise<string[]> {
  const from = acme.github.requests.length;
  await done();
  return acme.github.requests
    .slice(from)
    .map(({ path, operation }) => operation ?? path.replace("/repos/acme/shop/", ""));
}

const total = (value: number) => ({ "cart.ts": `export const total = ${value};\n` });

/** Topic again on top of main as it is now. */
function rebase({ github }: Acme, files = total(1)): string {
  const message = assisted("Cache the total");
  return github.push("acme/shop", {
    branch: "topic",
    pusher: "june",
    from: "main",
    force: true,
    files,
    message,
  });
}

describe("an approval on another head", () => {
  test("counts when the head is the same patch, which takes a request for each merge base and tree", async () => {
    const acme = await openAcme();
    const { github, head, look, review, deliver } = acme;
    await look();
    await review("grace", "APPROVE");
    github.push("acme/shop", { branch: "main", pusher: "ada", files: { "other.ts": "" }, message: "Other" });
    const next = rebase(acme);
    await deliver();

    const requests = await requestsOf(acme, async () => {
      expect(await look()).toMatchObject({ headSha: next, verdict: { outcome: { kind: "countersigned" } } });
    });

    expect(requests.filter((path) => path.startsWith("compare")).toSorted()).toEqual(
      [`compare/main...${head}`, `compare/main...${next}`].toSorted(),
    );
    expect(requests.filter((path) => path.startsWith("git/trees"))).toHaveLength(4);
  });

  test("needs no tree a second time", async () => {
    const acme = await openAcme();
    await acme.review("grace", "APPROVE");
    acme.github.push("acme/shop", {
      branch: "main",
      pusher: "ada",
      files: { "other.ts": "" },
      message: "Other",
    });
    rebase(acme);
    await acme.deliver();
    await acme.look();

    const requests = await requestsOf(acme, async () => acme.look());

    expect(requests.filter((path) => path.startsWith("git/trees"))).toEqual([]);
  });

  test("does not count when anything else is changed", async () => {
    const acme = await openAcme();
    await acme.review("grace", "APPROVE");
    rebase(acme, total(2));
    await acme.deliver();

    expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
  });

  test("that GitHub fails to compare is not dropped: nothing is published, and the look is repeated", async () => {
    const acme = await openAcme();
    await acme.look();
    await acme.review("grace", "APPROVE");
    rebase(acme);
    await acme.deliver();
    acme.github.fault({ path: /\/compare\//u, status: 502, times: 1 });

    await expect(acme.look()).rejects.toMatchObject({ name: "GitHubError", gone: false });
    expect(acme.writes()).toEqual(["POST 201"]);
    expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
  });
});

describe("a co-author of a commit that GitHub signed", () => {
  async function withCoAuthor(): Promise<Acme> {
    const acme = await openAcme();
    const grace = [...acme.github.world.accounts.values()].find(({ login }) => login === "grace");
    const trailer = `Co-authored-by: grace <${grace?.emails[0]}>`;
    acme.github.push("acme/shop", {
      branch: "topic",
      pusher: "june",
      files: total(2),
      message: `${assisted("Apply suggestions")}${trailer}\n`,
      signedByGitHub: true,
    });
    await acme.review("grace", "APPROVE");
    await acme.deliver();
    return acme;
  }

  test("who suggested the change may countersign it", async () => {
    const acme = await withCoAuthor();
    const body = "```suggestion\nexport const total = 2;\n```";
    acme.github.commentOnLine("acme/shop", 1, { by: "grace", body });

    expect(await requestsOf(acme, async () => acme.look())).toContain("Suggestions");
    expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
  });

  test("who suggested nothing may not", async () => {
    const acme = await withCoAuthor();

    expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
  });
});

describe("old paths of renamed files", () => {
  const text = "resource {}\n".repeat(20);

  async function renaming(from: string, files: Readonly<Record<string, string>> = { [rosterFile]: roster }) {
    const acme = await openAcme(files);
    const { github } = acme;
    github.push("acme/shop", { branch: "main", pusher: "ada", files: { [from]: text }, message: "Add it" });
    github.push("acme/shop", {
      branch: "moved",
      pusher: "june",
      files: { [from]: null, "b.tf": text },
      message: "Move",
    });
    const number = await acme.openPull("main", "moved");
    await acme.deliver();
    return { acme, requests: await requestsOf(acme, async () => acme.look(number)) };
  }

  test("are not read when nothing looks at paths", async () => {
    const { requests } = await renaming("a.tf");

    expect(requests).toEqual(["Facts", "check-runs"]);
  });

  test("are read for an exemption", async () => {
    const exempt = "exempt:\n  - { only_paths: ['*.tf'] }\n";
    const { requests } = await renaming("a.tf", { [rosterFile]: roster, [policyFile]: exempt });

    expect(requests).toEqual(["Facts", "pulls/2/files", "pulls/2", "check-runs"]);
  });
});

describe("git-ai notes", () => {
  test("are read where a policy asks for them, and only there", async () => {
    const acme = await openAcme({ [rosterFile]: roster, [policyFile]: "ai: { notes: true }\n" });
    await acme.deliver();

    expect(await requestsOf(acme, async () => acme.look())).toEqual(["Facts", "Notes", "check-runs"]);
  });
});

describe("a pull request on top of another one", () => {
  /** #2, from on-top to topic, which is the head of #1. */
  async function onTop(): Promise<Acme> {
    const acme = await openAcme();
    const files = { "more.ts": "" };
    acme.github.push("acme/shop", {
      branch: "on-top",
      pusher: "june",
      from: "topic",
      files,
      message: assisted("More"),
    });
    await acme.openPull("topic", "on-top");
    await acme.deliver();
    return acme;
  }

  test("in a stack that goes to a gated branch is gated", async () => {
    const acme = await onTop();
    acme.github.stack("acme/shop", 2, "main");

    const requests = await requestsOf(acme, async () => {
      expect(await acme.look(2)).toMatchObject({ verdict: { number: 2, outcome: { kind: "waiting" } } });
    });

    expect(requests).toEqual(["Facts", "pulls/2", "check-runs"]);
  });

  test("in no stack is not", async () => {
    const acme = await onTop();

    expect((await acme.look(2)).kind).toBe("not-gated");
  });

  test("to a branch that a policy names is not asked about", async () => {
    const acme = await openAcme();
    acme.github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    acme.github.push("acme/shop", { branch: "main", pusher: "ada", files: { "new.ts": "" }, message: "New" });
    await acme.openPull("release", "main");
    await acme.deliver();

    expect(await requestsOf(acme, async () => acme.look(1))).toEqual(["Facts", "check-runs"]);
  });
});

describe("a pull request that changes a policy in force", () => {
  const observe = { [policyFile]: "mode: observe\n" };

  /** june's pull request without any sign of AI assistance, to main where a policy stands already if it is given. */
  async function changing(
    files: Readonly<Record<string, string | null>>,
    { onMain = {}, base = "main" }: { onMain?: Readonly<Record<string, string>>; base?: string } = {},
  ) {
    const acme = await openAcme();
    const main = { "README.md": "The shop\n", ...onMain };
    acme.github.push("acme/shop", { branch: "main", pusher: "ada", files: main, message: "Begin" });
    if (base !== "main") {
      acme.github.push("acme/shop", { branch: base, pusher: "ada", from: "main" });
      acme.github.requireCheck("acme/shop", base, { context: "Countersign" });
    }
    acme.github.push("acme/shop", {
      branch: "rules",
      pusher: "june",
      from: "main",
      files,
      message: "By hand",
    });
    const number = await acme.openPull(base, "rules");
    await acme.deliver();
    return { acme, number };
  }

  const guarded = {
    verdict: { outcome: { kind: "waiting" }, rules: [{ name: "The rules guard themselves" }] },
  };
  const free = { verdict: { outcome: { kind: "not-needed" } } };

  test("waits for a senior though nobody used an assistant, and costs one more read and write", async () => {
    const { acme, number } = await changing(observe);

    const requests = await requestsOf(acme, async () => {
      expect(await acme.look(number)).toMatchObject(guarded);
    });

    expect(requests).toEqual(["Facts", "Proposal", "check-runs", "check-runs"]);
  });

  test("cannot pass when the file would be broken, and the verdict names file, line and column", async () => {
    const { acme, number } = await changing({ [policyFile]: "mode: maybe\n" });

    const result = await acme.look(number);

    expect(result).toMatchObject({ verdict: { outcome: { kind: "undecidable" } } });
    expect(JSON.stringify(result)).toContain("acme/shop › .github/countersign/policy.yml:1:7");
  });

  test("by deleting it waits", async () => {
    const { acme, number } = await changing({ [policyFile]: null }, { onMain: observe });

    expect(await acme.look(number)).toMatchObject(guarded);
  });

  test("by moving it away waits: the old name counts", async () => {
    const files = { [policyFile]: null, "old-policy.yml": "mode: observe\n" };
    const { acme, number } = await changing(files, { onMain: observe });

    expect(await acme.look(number)).toMatchObject(guarded);
  });

  test("on a branch that is not the default one changes nothing in force", async () => {
    const { acme, number } = await changing(observe, { base: "release" });

    expect(await acme.look(number)).toMatchObject(free);
  });

  test("waits for no file that is not in force: the organisation has a roster", async () => {
    const { acme, number } = await changing({ [rosterFile]: "people: { june: principal }\n" });

    expect(await acme.look(number)).toMatchObject(free);
  });

  test.each([
    ["which it leaves as it is, passes", {}, free],
    ["which it changes, waits", { [policyFile]: "mode: enforce\n" }, guarded],
  ])("among more files than GitHub lists, %s", async (_, change, expected) => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_file, at) => [`many/${at}.txt`, "x\n"]));
    const files = { ...many, "one-more.txt": "", ...change };
    const { acme, number } = await changing(files, { onMain: observe });

    expect(await acme.look(number)).toMatchObject(expected);
  });
});

describe("an override", () => {
  const policy = { [rosterFile]: roster, [policyFile]: "override: { level: senior }\n" };

  /** #1 after one look and these comments; `later` happens before the comments are heard of. */
  async function overridden(by: readonly string[], files = policy, later?: (acme: Acme) => void) {
    const acme = await openAcme(files);
    acme.github.createUser("mallory");
    await acme.deliver();
    await acme.look();
    for (const login of by) {
      const body = "/countersign override the shop is down";
      const comment = { owner: "acme", repo: "shop", issue_number: 1, body };
      await acme.github.as(login).rest.issues.createComment(comment);
    }
    later?.(acme);
    await acme.deliver();
    return acme;
  }
  const asked = ["Facts", "collaborators/grace/permission", "check-runs"];

  test("written before the check run could be seen counts for nothing, though its verdict was recorded already", async () => {
    const acme = await openAcme(policy);
    acme.octokit.hook.before("request", async ({ url }) => {
      if (!url.endsWith("/check-runs")) return;
      const comment = { owner: "acme", repo: "shop", issue_number: 1, body: "/countersign override now" };
      await acme.github.as("grace").rest.issues.createComment(comment);
    });
    await acme.look();
    await acme.deliver();

    expect(await acme.look()).toMatchObject({
      verdict: {
        outcome: { kind: "waiting" },
        refused: [{ reviewer: "grace", reason: expect.stringContaining("no check run stood here") }],
      },
    });
  });

  test("may be meant for a check run of which only our clock tells since when it stands after a minute more", async () => {
    const acme = await openAcme(policy);
    await acme.look();
    const shown = acme.store.db.selectFrom("shown").select("at");
    const written = await shown.execute();
    // As after a crash between GitHub's answer and our record of it.
    await acme.store.db.deleteFrom("shown").execute();

    expect(await acme.look()).toMatchObject({ wrote: "unchanged" });
    expect(written).toEqual([{ at: acme.github.world.date() + 1000 - (acme.github.world.date() % 1000) }]);
    expect(await shown.execute()).toEqual([{ at: acme.clock.now + 60_000 }]);
  });

  test("is counted after one request, however often its author repeats it", async () => {
    const acme = await overridden(["grace", "grace"]);

    const requests = await requestsOf(acme, async () => {
      expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "overridden" } } });
    });

    expect(requests.map((path) => path.replace(/^check-runs.*/u, "check-runs"))).toEqual(asked);
  });

  test("by somebody who is not on the roster causes one request, to know whether to answer, and no more", async () => {
    const acme = await overridden(["mallory", "mallory"]);
    const looking = async () =>
      requestsOf(acme, async () => {
        expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
      });

    expect([await looking(), await looking()]).toEqual([
      ["Facts", "collaborators/mallory/permission", expect.stringContaining("check-runs")],
      ["Facts"],
    ]);
  });

  test.each<[string, Parameters<typeof overridden>]>([
    ["that no policy allows", [["grace"], { ...policy, [policyFile]: "mode: enforce\n" }]],
    [
      "of an older head",
      [
        ["grace"],
        policy,
        ({ github }) => void github.push("acme/shop", { branch: "topic", pusher: "june", files: total(9) }),
      ],
    ],
  ])("%s causes no request", async (_, given) => {
    const acme = await overridden(...given);

    const requests = await requestsOf(acme, async () => {
      expect(await acme.look()).toMatchObject({ verdict: { outcome: { kind: "waiting" } } });
    });

    expect(requests.filter((path) => path.includes("permission"))).toEqual([]);
  });
});

describe("a pull request past a limit", () => {
  test("of files is decided all the same, and not asked for again", async () => {
    const acme = await openAcme();
    const files = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`many/${at}.txt`, "x\n"]));
    acme.github.push("acme/shop", { branch: "topic", pusher: "june", files, message: "Everything" });
    await acme.deliver();
    expect(await acme.look()).toMatchObject({ unread: null, verdict: { outcome: { kind: "waiting" } } });
  });
});
