import type { Octokit } from "@octokit/rest";
import { type FakeGitHub, octokitWith } from "../fake-github/server.ts";
import { installationToken } from "../fake-github/shop-scene.ts";

/** Another app of acme's that may write checks, as the one behind GitHub's own workflows may. Calls with its token. */
export async function otherApp(github: FakeGitHub, slug: string): Promise<Octokit> {
  const app = github.createApp({
    slug,
    webhookSecret: "x",
    permissions: { checks: "write", contents: "read", metadata: "read" },
    events: [],
  });
  const installation = github.installApp("acme", { repositories: "all", app: slug });
  return octokitWith(github.url, await installationToken(github, app, installation));
}
