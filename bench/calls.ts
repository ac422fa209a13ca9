/**
 * Which requests one look makes, by the number of commits: at the opened pull request, and once more when nothing that counts
 * has changed since. Usage: npm run bench -- calls
 */
import { type LoggedRequest } from "../test/fake-github/http.ts";
import { startFakeGitHub } from "../test/fake-github/server.ts";
import { assisted, furnish, openPull, postman } from "./organisations.ts";
import { startCountersign, workedOff } from "./processes.ts";
import { report } from "./report.ts";

const commitCounts = [1, 10, 100, 101, 250, 500, 1000, 2000];

const github = await startFakeGitHub({ validate: false });
const { acme, owners } = furnish(github, 1);
const [owner = ""] = owners;
const server = await startCountersign(acme, github.url);
const bring = postman(github, server.url);
await bring();
// The first look also gets the installation's token.
await openPull(github, owner);
await countedRequests();

const rows = [];
for (const count of commitCounts) {
  const commits = Array.from({ length: count }, (_, index) => ({
    message: assisted,
    files: { "src/total.ts": `export const total = ${index};\n` },
  }));
  const { number } = await openPull(github, owner, commits);
  const { ofPush, ...opened } = await countedRequests();
  await github.as("juno").rest.pulls.update({ owner, repo: "shop", pull_number: number, title: "Total" });
  const edited = await countedRequests();
  rows.push({
    commits: count,
    "queries of the push": ofPush,
    "reads when opened": opened.reads,
    "writes when opened": opened.writes,
    "reads when nothing changed": edited.reads,
    "writes when nothing changed": edited.writes,
  });
}
report({ method: "Requests to GitHub of one look, its pages included", rows });
await server.stop();
await github.close();

/** What the server asks of GitHub until it has looked at all that happened. */
async function countedRequests(): Promise<{ ofPush: number; reads: number; writes: number }> {
  const from = github.requests.length;
  await bring();
  await workedOff(server);
  const asked = github.requests.slice(from).filter(({ as }) => as === "countersign[bot]");
  // Whether what was pushed to is a gated branch is a look of its own.
  const ofPush = asked.filter(({ operation }) => operation === "Branch").length;
  const reads = asked.filter(isRead).length;
  return { ofPush, reads: reads - ofPush, writes: asked.length - reads };
}

function isRead({ method, path }: LoggedRequest): boolean {
  return method === "GET" || path === "/graphql";
}
