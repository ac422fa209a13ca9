import { z } from "zod";
import type { GitHub } from "./client.ts";
import { GitHubError } from "./errors.ts";
import { headCheckRun, headCheckRunOf, headCommitsSchema } from "./own-check-run.ts";
import { type ClientFor, listInstallations } from "./installations.ts";
import { listRepositories } from "./open-pulls.ts";
import { query } from "./query.ts";

/** A row of the audit log as a check run of ours names it, written at `at` (ms since epoch). `repo` is `owner/name`. */
export type Witness = {
  readonly repo: string;
  readonly headSha: string;
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
};

/** Pull requests of a repository that are asked, those touched last first; that many hold the newest rows of a quiet one. */
const pullsMax = 100;

const text = `query($owner: String!, $repo: String!, $appId: Int!) {
  repository(owner: $owner, name: $repo) {
    pullRequests(first: ${pullsMax}, orderBy: { field: UPDATED_AT, direction: DESC }) {
      nodes { headRefOid ${headCheckRunOf("externalId completedAt")} }
    }
  }
}`;

const commits = headCommitsSchema(
  z.object({ externalId: z.string().nullable(), completedAt: z.string().nullable() }),
);
const schema = z.object({
  repository: z.object({
    pullRequests: z.object({ nodes: z.array(z.object({ headRefOid: z.string(), commits })) }),
  }),
});

/**
 * The rows that our check runs on GitHub name, of the pull requests touched last in every repository the app may see. One
 * request for each repository.
 * @throws GitHubError
 */
export async function readWitnesses(
  clientFor: ClientFor,
  given: { readonly appId: number; readonly now: number; readonly progress: (repo: string) => void },
): Promise<Witness[]> {
  const found: Witness[] = [];
  for (const { id } of await listInstallations(clientFor, given.now)) {
    const github = await clientFor(id);
    for (const repo of await listRepositories(github, given.now)) {
      given.progress(repo);
      found.push(...(await witnessesOf(github, repo, given)));
    }
  }
  return found;
}

async function witnessesOf(
  github: GitHub,
  fullName: string,
  { appId, now }: { readonly appId: number; readonly now: number },
): Promise<Witness[]> {
  const [owner = "", repo = ""] = fullName.split("/");
  const variables = { owner, repo, appId };
  const { data, problems } = await query(github, { text, variables, schema, now });
  const [problem] = problems;
  if (problem !== undefined)
    throw new GitHubError(`The check runs of ${fullName} cannot be read: ${problem.message}`);
  return data.repository.pullRequests.nodes.flatMap((pull) => {
    const run = headCheckRun(pull.commits, pull.headRefOid);
    const at = Date.parse(run?.completedAt ?? "") || 0;
    return witnessIn(run?.externalId ?? null, { repo: fullName, headSha: pull.headRefOid, at });
  });
}

/** What `publishCheckRun` is given as `externalId`. */
function witnessIn(externalId: string | null, about: Omit<Witness, "seq" | "hash">): Witness[] {
  const [, seq, hash] = / audit:(\d+):([\da-f]{64})$/u.exec(externalId ?? "") ?? [];
  return seq === undefined || hash === undefined ? [] : [{ ...about, seq: Number(seq), hash }];
}
