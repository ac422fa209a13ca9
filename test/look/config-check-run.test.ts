import { describe, expect, test } from "vitest";
import { type Acme, openAcme, policyFile, roster, rosterFile } from "./acme.ts";

const policy = "rules:\n  - name: One\n    require: { approvals: 1, level: senior }\n";
const broken = { [policyFile]: "mode: maybe\n" };
const said = { conclusion: "failure", title: "Policy would be broken: 1 problem" };
const gone = { conclusion: "neutral", title: "No roster or policy in force is changed" };

/** june's pull request #2 with these files, to main if no other base is named, in a shop with a roster if none is given. */
async function changing(
  files: Readonly<Record<string, string | null>>,
  more: { base?: string; organisation?: Readonly<Record<string, string>> } = {},
) {
  const { base = "main", organisation = { [rosterFile]: roster } } = more;
  const acme = await openAcme(organisation);
  const { github } = acme;
  if (base !== "main") github.push("acme/shop", { branch: base, pusher: "ada", from: "main" });
  const push = { branch: "rules", from: "main", pusher: "june", files, message: "By hand" };
  const sha = github.push("acme/shop", push);
  const number = await acme.openPull(base, "rules");
  await acme.deliver();
  return { acme, sha, number };
}

/** The check runs about configuration on a commit, oldest first. */
function configRuns({ github }: Acme, sha: string) {
  return [...github.world.repositories.values()]
    .flatMap(({ checkRuns }) => checkRuns)
    .filter(({ name, headSha }) => name === "Countersign config" && headSha === sha)
    .map(({ conclusion, output }) => ({ conclusion, title: output.title }));
}

describe("a pull request that changes a policy in force gets a check run about it", () => {
  test("that is written once, and again when somebody asks", async () => {
    const { acme, sha, number } = await changing(broken);

    await acme.look(number);
    const first = acme.writes();
    await acme.look(number);
    const second = acme.writes();
    await acme.look(number, { rewrite: true });

    expect(first).toEqual(["POST 201", "POST 201"]);
    expect(second).toEqual(first);
    expect(acme.writes()).toEqual([...first, "PATCH 200", "PATCH 200"]);
    expect(configRuns(acme, sha)).toEqual([said]);
  });

  test("on no other base than the default branch", async () => {
    const { acme, sha, number } = await changing(broken, { base: "release" });

    await acme.look(number);

    expect(configRuns(acme, sha)).toEqual([]);
  });

  test("and not of a file that is not in force", async () => {
    const { acme, sha, number } = await changing({ [rosterFile]: "people: [nobody]\n" });

    await acme.look(number);

    expect(configRuns(acme, sha)).toEqual([]);
  });

  test("though no base branch is gated and there is no roster yet", async () => {
    const organisation = { [policyFile]: "branches: [release]\n" };
    const { acme, sha, number } = await changing({ [rosterFile]: "people: [june]\n" }, { organisation });

    expect(await acme.look(number)).toEqual({ kind: "not-gated", headSha: sha, landing: null });
    expect(configRuns(acme, sha)).toEqual([
      { conclusion: "failure", title: "Roster would be broken: 1 problem" },
    ]);
    expect(await acme.runs(sha)).toHaveLength(1);
  });

  test("which is taken back when the pull request goes elsewhere, and comes back with it", async () => {
    const { acme, sha, number } = await changing(broken);
    const { github } = acme;
    github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    await acme.look(number);
    const retarget = async (base: string) => {
      await github.as("june").rest.pulls.update({ owner: "acme", repo: "shop", pull_number: number, base });
      await acme.deliver();
      await acme.look(number);
      await acme.look(number);
    };

    await retarget("release");
    expect(configRuns(acme, sha)).toEqual([said, gone]);
    await retarget("main");
    expect(configRuns(acme, sha)).toEqual([said, gone, said]);
  });

  test("which stays as it is once the pull request is closed", async () => {
    const { acme, sha, number } = await changing(broken);
    await acme.look(number);

    await acme.github
      .as("june")
      .rest.pulls.update({ owner: "acme", repo: "shop", pull_number: number, state: "closed" });
    await acme.deliver();
    await acme.look(number);

    expect(configRuns(acme, sha)).toEqual([said]);
  });

  test("once, where two pull requests have one head, of which one goes to another branch", async () => {
    const { acme, sha, number } = await changing(broken);
    acme.github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    const other = await acme.openPull("release", "rules");
    await acme.deliver();

    await acme.look(number);
    await acme.look(other);

    expect(configRuns(acme, sha)).toEqual([said]);
  });

  test("for open pull requests alone, when the one to the default branch is closed and the other stays", async () => {
    const { acme, sha, number } = await changing(broken);
    acme.github.push("acme/shop", { branch: "release", pusher: "ada", from: "main" });
    await acme.openPull("release", "rules");
    await acme.deliver();
    await acme.look(number);

    const about = { owner: "acme", repo: "shop", pull_number: number };
    await acme.github.as("june").rest.pulls.update({ ...about, state: "closed" });
    await acme.deliver();
    await acme.look(number);

    expect(configRuns(acme, sha)).toEqual([said, gone]);
  });

  test("with each file once, where one of two pull requests gets to the default branch by its stack", async () => {
    const { acme, sha, number } = await changing(broken);
    const other = await acme.openPull("topic", "rules");
    acme.github.stack("acme/shop", other, "main");
    await acme.deliver();

    await acme.look(number);
    await acme.look(other);

    expect(configRuns(acme, sha)).toEqual([said]);
  });
});

describe("of the two check runs", () => {
  /** Every write of this check run fails as long as it says so. */
  function failing({ octokit }: Acme, which: string) {
    const fault = { on: true };
    octokit.hook.before("request", ({ name }) => {
      if (fault.on && name === which) throw new Error("The network is down");
    });
    return fault;
  }

  test.each([
    ["Countersign", "Countersign config"],
    ["Countersign config", "Countersign"],
  ])(
    "%s that cannot be written does not keep %s from being written, and follows with the next look",
    async (one, other) => {
      const { acme, sha, number } = await changing({ [policyFile]: policy });
      const fault = failing(acme, one);
      const names = async () => {
        const about = { owner: "acme", repo: "shop", ref: sha, filter: "all" } as const;
        const { data } = await acme.github.as("ada").rest.checks.listForRef(about);
        return data.check_runs.map(({ name }) => name).toSorted();
      };

      await expect(acme.look(number)).rejects.toThrow("The network is down");
      expect(await names()).toEqual([other]);

      fault.on = false;
      await acme.look(number);
      expect(await names()).toEqual(["Countersign", "Countersign config"]);
    },
  );
});
