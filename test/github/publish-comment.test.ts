import { expect, test } from "vitest";
import { publishComment } from "../../src/github/publish-comment.ts";
import { shop } from "../fake-github/shop-scene.ts";
import { recordedGitHub } from "./recorded-answer.ts";
import { now, openPull } from "./scene.ts";

const ref = { ...shop, number: 1 };
const path = "/repos/acme/shop/issues/1/comments";

test("a comment is the app's, with the text as it was given", async () => {
  const scene = await openPull();

  await publishComment(scene.octokit, ref, "`milo`: no.", now);

  const { data } = await scene.github.as("ada").rest.issues.listComments({ ...shop, issue_number: 1 });
  expect(data.map(({ user, body }) => [user?.login, body])).toEqual([["countersign[bot]", "`milo`: no."]]);
});

test("a locked conversation takes none", async () => {
  const scene = await openPull();
  await scene.github.as("ada").rest.issues.lock({ ...shop, issue_number: 1 });

  await expect(publishComment(scene.octokit, ref, "No.", now)).rejects.toMatchObject({
    name: "GitHubError",
    message: expect.stringContaining(
      "403 to POST /api/v3/repos/acme/shop/issues/1/comments: Unable to create",
    ),
  });
});

test.each([
  [410, "This issue was deleted", { gone: true }],
  [502, "Server Error", { gone: false }],
])("a refusal with %i is an error of GitHub's", async (status, message, more) => {
  const { github, rest } = recordedGitHub();
  rest("POST", path, { status, body: { message } });

  await expect(publishComment(github, ref, "No.", now)).rejects.toMatchObject({
    message: `GitHub answered ${status} to POST /api/v3${path}: ${message}`,
    ...more,
  });
});
