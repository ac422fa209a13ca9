/** What deliveries about checks and statuses lead to: a look at every open pull request with that head SHA. */
import { z } from "zod";
import { isOurName } from "./to-facts.ts";

export type HeadHint = {
  readonly repo: string;
  readonly sha: string;
  readonly installation: number;
  /** Whether the check run is to be written even when nothing changed. */
  readonly rewrite: boolean;
  /** The app whose check run it is about; when that is this app, there is nothing to look at. */
  readonly unlessBy: number | null;
};

const about = {
  installation: z.object({ id: z.number() }),
  repository: z.object({ full_name: z.string() }).transform(({ full_name: name }) => name.toLowerCase()),
};
const checkPayload = z.object({
  ...about,
  action: z.string(),
  check_run: z
    .object({ head_sha: z.string(), name: z.string(), app: z.object({ id: z.number() }).nullable() })
    .optional(),
  check_suite: z.object({ head_sha: z.string() }).optional(),
});
const statusPayload = z.object({ ...about, sha: z.string(), context: z.string() });

/**
 * A re-request shows the check as queued until it is written again. A run of another app that has our name is to be named in
 * ours. `pull_requests` is empty for forks, so the SHA is used.
 */
export function headsOfCheck(payload: unknown): HeadHint[] {
  const {
    action,
    check_run: run,
    check_suite: suite,
    repository: repo,
    installation,
  } = checkPayload.parse(payload);
  const sha = run?.head_sha ?? suite?.head_sha;
  if (sha === undefined) return [];
  const head = { repo, sha, installation: installation.id };
  if (action === "rerequested") return [{ ...head, rewrite: true, unlessBy: null }];
  const made = action === "created" || action === "completed";
  if (!made || run === undefined || !isOurName(run.name)) return [];
  return [{ ...head, rewrite: false, unlessBy: run.app?.id ?? null }];
}

/** We set no statuses: one of our name is somebody else's. */
export function headsOfStatus(payload: unknown): HeadHint[] {
  const { repository: repo, sha, installation, context } = statusPayload.parse(payload);
  if (!isOurName(context)) return [];
  return [{ repo, sha, installation: installation.id, rewrite: false, unlessBy: null }];
}
