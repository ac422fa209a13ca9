import { describe, expect, test } from "vitest";
import { hintPulls } from "../../src/store/pulls.ts";
import { type Acme, assisted, openAcme } from "./acme.ts";

/** A further branch of the shop that requires the check, from main. */
function gatedBranch({ github }: Acme, branch: string): void {
  github.push("acme/shop", { branch, pusher: "ada", from: "main" });
  github.requireCheck("acme/shop", branch, { context: "Countersign" });
}

describe("several pull requests with one head SHA", () => {
  test("to different gated branches: the strictest verdict is published and the title names the one that waits", async () => {
    const acme = await openAcme();
    gatedBranch(acme, "release");
    const other = await acme.openPull("release");
    await acme.review("grace", "APPROVE", 1);

    const first = await acme.look(1);
    const second = await acme.look(other);

    expect(first).toMatchObject({
      wrote: "created",
      verdict: { number: other, outcome: { kind: "waiting" }, siblings: [1] },
    });
    expect(second).toMatchObject({ wrote: "unchanged", verdict: { number: other, siblings: [1] } });
    expect(await acme.runs(acme.head)).toEqual([
      {
        conclusion: "action_required",
        title: expect.stringMatching(new RegExp(`#${other}\\b.*Waiting`, "u")),
      },
    ]);
  });

  test("to different gated branches: each approved, both pass", async () => {
    const acme = await openAcme();
    gatedBranch(acme, "release");
    const other = await acme.openPull("release");
    await acme.review("grace", "APPROVE", 1);
    await acme.review("ada", "APPROVE", other);

    expect(await acme.look(1)).toMatchObject({ verdict: { outcome: { kind: "countersigned" } } });
  });

  test("to the same branch: they are one change, with its reviews and its people pooled", async () => {
    const acme = await openAcme();
    const { github, store, head } = acme;
    // GitHub allows it from a fork; here the twin is put into the world as it is.
    const repository = [...github.world.repositories.values()].find(({ name }) => name === "shop");
    const twin = repository?.pulls.get(1);
    const grace = [...github.world.accounts.values()].find(({ login }) => login === "grace");
    if (repository === undefined || twin === undefined || grace === undefined)
      throw new Error("No such world.");
    repository.pulls.set(2, { ...twin, id: 9999, number: 2, userId: grace.id, reviews: [], timeline: [] });
    await acme.review("ada", "APPROVE", 2);

    const result = await acme.look(1);

    expect(result).toMatchObject({
      verdict: {
        number: 1,
        siblings: [2],
        outcome: { kind: "countersigned", by: [{ login: "ada" }] },
        contributors: [
          { name: "june" },
          { name: "grace", parts: ["opened another pull request of this change"] },
        ],
      },
    });
    const rows = await store.db
      .selectFrom("pulls")
      .select(["number", "head_sha"])
      .orderBy("number")
      .execute();
    expect(rows).toEqual([
      { number: 1, head_sha: head },
      { number: 2, head_sha: head },
    ]);
  });

  test("of which one goes to a branch that nothing gates: that one has no say", async () => {
    const acme = await openAcme();
    acme.github.push("acme/shop", { branch: "playground", pusher: "ada", from: "main" });
    const other = await acme.openPull("playground");
    await acme.review("grace", "APPROVE", 1);

    expect(await acme.look(other)).toMatchObject({
      wrote: "created",
      verdict: { number: 1, outcome: { kind: "countersigned" }, siblings: [] },
    });
  });

  test("of which one is closed: a look at that one publishes the verdict on the other", async () => {
    const acme = await openAcme();
    gatedBranch(acme, "release");
    const other = await acme.openPull("release");
    await acme.review("grace", "APPROVE", 1);
    await acme.look(1);
    await acme.github
      .as("june")
      .rest.pulls.update({ owner: "acme", repo: "shop", pull_number: other, state: "closed" });

    expect(await acme.look(other)).toMatchObject({
      wrote: "updated",
      verdict: { number: 1, outcome: { kind: "countersigned" }, siblings: [] },
    });
  });

  test("are all found though GitHub names only the merged one once the commit is on the default branch", async () => {
    const acme = await openAcme();
    const { github, head } = acme;
    gatedBranch(acme, "release");
    gatedBranch(acme, "hotfix");
    const [second, third] = [await acme.openPull("release"), await acme.openPull("hotfix")];
    await acme.review("grace", "APPROVE", second);
    github.push("acme/shop", { branch: "main", pusher: "ada", from: head });
    await acme.deliver();

    expect(await acme.look(second)).toMatchObject({
      headSha: head,
      verdict: { number: third, outcome: { kind: "waiting" }, siblings: [second] },
    });
  });

  test("whose head has moved on meanwhile has no say any more", async () => {
    const acme = await openAcme();
    const { github, head } = acme;
    gatedBranch(acme, "release");
    github.push("acme/shop", { branch: "second", pusher: "june", from: head });
    const other = await acme.openPull("release", "second");
    await acme.deliver();
    github.push("acme/shop", { branch: "second", pusher: "june", message: assisted("Further") });
    await acme.review("grace", "APPROVE", 1);

    expect(await acme.look(1)).toMatchObject({
      headSha: head,
      verdict: { number: 1, outcome: { kind: "countersigned" }, siblings: [] },
    });
    expect(other).toBe(2);
  });

  test("of which one is gone from GitHub: the look is not lost with it", async () => {
    const acme = await openAcme();
    const about = {
      repo: "acme/shop",
      installation: acme.installation,
      headSha: acme.head,
      open: true,
      merged: false,
    };
    await hintPulls(acme.store, [{ ...about, number: 77, base: "main" }]);

    expect(await acme.look(1)).toMatchObject({ verdict: { number: 1, siblings: [] } });
  });

  test("of which one waits at any moment: never what the first said before and the second says since", async () => {
    const acme = await openAcme();
    gatedBranch(acme, "release");
    const other = await acme.openPull("release");
    await acme.deliver();
    await acme.review("grace", "APPROVE", 1);
    acme.afterQuery(1, async () => {
      await acme.dismiss("ada", 1);
      await acme.review("grace", "APPROVE", other);
    });

    expect(await acme.look(1)).toMatchObject({ verdict: { number: 1, outcome: { kind: "waiting" } } });
    expect(await acme.runs(acme.head)).toMatchObject([{ conclusion: "action_required" }]);
  });

  test("that keep changing while they are read: nothing is published, and the look is repeated later", async () => {
    const acme = await openAcme();
    gatedBranch(acme, "release");
    const other = await acme.openPull("release");
    await acme.deliver();
    acme.afterQuery(20, async (time) => {
      if (time % 2 === 0) await acme.review("grace", "APPROVE", other);
      else await acme.dismiss("ada", other);
    });

    await expect(acme.look(1)).rejects.toMatchObject({ message: expect.stringContaining("kept changing") });
    expect(acme.writes()).toEqual([]);
  });

  test("of which one cannot be read: nothing is published", async () => {
    const acme = await openAcme();
    gatedBranch(acme, "release");
    await acme.openPull("release");
    await acme.deliver();
    acme.afterQuery(1, () => {
      acme.github.fault({ path: /^\/graphql$/u, status: 502, times: 1 });
    });

    await expect(acme.look(1)).rejects.toMatchObject({ name: "GitHubError", gone: false });
    expect(acme.writes()).toEqual([]);
  });
});
