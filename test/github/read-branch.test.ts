import { expect, test } from "vitest";
import { readBranch } from "../../src/github/read-branch.ts";
import { recordedGitHub } from "./recorded-answer.ts";

test.each([
  ["NOT_FOUND", true, "acme/shop does not exist, or the app may not see it."],
  ["INTERNAL", false, "GitHub could not answer for main of acme/shop: No"],
])(
  "a branch of a repository that GitHub does not show because of %s: gone is %s",
  async (type, gone, message) => {
    const { github, answers } = recordedGitHub();
    answers({
      data: { repository: null, config: null },
      errors: [{ type, path: ["repository"], message: "No" }],
    });

    const read = readBranch(
      github,
      { owner: "acme", repo: "shop", branch: "main" },
      { configRepo: ".github", now: 0 },
    );

    await expect(read).rejects.toMatchObject({ gone, message });
  },
);
