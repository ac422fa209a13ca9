import { z } from "zod";
import type { AnnotatedOutput, Annotation, CheckOutput } from "../gate/verdict.ts";
import type { GitHub, Permit } from "./client.ts";
import { asking } from "./errors.ts";
import type { OwnCheckRun } from "./read-pull.ts";
import { checkName, configCheckName } from "./to-facts.ts";

/** Where a check run belongs. It is a commit's, never a pull request's. */
export type HeadRef = { readonly owner: string; readonly repo: string; readonly headSha: string };

/** What became of a check run. */
export type Published = {
  readonly wrote: "created" | "updated" | "unchanged";
  /**
   * Ms since epoch on GitHub's clock, with which it stamps comments, too: by then at the latest everybody could see it. Null
   * where nothing was written, or GitHub's answer does not say when.
   */
  readonly at: number | null;
};

/** What GitHub is to keep as our witness: the number of the look, and the newest audit entry. `readWitnesses` finds it again. */
export function witnessOf(
  look: number,
  audit: { readonly seq: number; readonly hash: string } | null,
): string {
  return audit === null ? `look:${look}` : `look:${look} audit:${audit.seq}:${audit.hash}`;
}

/**
 * Publishes the check run of a head SHA: creates it, updates it when something changed, else writes nothing. One that
 * cannot be updated any more is followed by a fresh one, and GitHub counts the newest.
 * @param existing our check run as it was read with the facts, so that a repeated write cannot make a second one.
 * @param options.externalId what `witnessOf` gives.
 * @param options.text what GitHub is to remember for us without showing it; null or left out: what is there stays.
 * @param options.detailsUrl where the check run leads to; null or left out: what is there stays, by default the app's own page.
 * @param options.rewrite write even when nothing changed: somebody re-requested the check, and GitHub shows it as queued.
 * @param options.permit whether this look may still write; asked again by a write that had to wait for its turn.
 * @param options.now ms since epoch, to tell from GitHub's refusal when to come back.
 * @throws GitHubError
 */
export async function publishCheckRun(
  github: GitHub,
  head: HeadRef,
  output: CheckOutput,
  existing: OwnCheckRun | null,
  options: PublishOptions & { readonly text?: string | null; readonly detailsUrl?: string | null },
): Promise<Published> {
  const { text = null, detailsUrl = null } = options;
  const same =
    existing !== null &&
    isSame(existing, output) &&
    (text === null || existing.text === text) &&
    (detailsUrl === null || existing.detailsUrl === detailsUrl);
  if (same && !options.rewrite) return unchanged;
  const content = { ...output, name: checkName, text, detailsUrl, annotations: [] };
  return write(github, head, content, existing, options);
}

/**
 * Publishes the check run about changed roster and policy files, in the same way. GitHub adds the annotations of an update
 * to those that stand there and takes none back, so one that says something else is a fresh check run; GitHub shows the newest.
 * @throws GitHubError
 */
export async function publishConfigCheckRun(
  github: GitHub,
  head: HeadRef,
  output: AnnotatedOutput,
  existing: OwnCheckRun | null,
  options: PublishOptions,
): Promise<Published> {
  const same = existing !== null && isSame(existing, output);
  if (same && !options.rewrite) return unchanged;
  return write(
    github,
    head,
    { ...output, name: configCheckName, text: null, detailsUrl: null },
    same ? existing : null,
    options,
  );
}

type PublishOptions = {
  readonly externalId: string;
  readonly rewrite: boolean;
  readonly now: number;
  readonly permit: Permit;
};
const unchanged: Published = { wrote: "unchanged", at: null };

async function write(
  github: GitHub,
  { owner, repo, headSha }: HeadRef,
  output: AnnotatedOutput & Record<"text" | "detailsUrl", string | null> & { readonly name: string },
  existing: OwnCheckRun | null,
  options: PublishOptions,
): Promise<Published> {
  const { name, conclusion, title, summary, text, detailsUrl, annotations } = output;
  const content = {
    status: "completed" as const,
    conclusion,
    external_id: options.externalId,
    ...(detailsUrl !== null && { details_url: detailsUrl }),
    output: { title, summary, ...(text !== null && { text }) },
    request: { permit: options.permit },
  };
  return asking(options.now, async () => {
    if (existing !== null) {
      try {
        const answer = await github.rest.checks.update({
          owner,
          repo,
          check_run_id: existing.id,
          ...content,
        });
        return { wrote: "updated", at: answeredBy(answer.headers) };
      } catch (error) {
        if (!isLost(error)) throw error;
      }
    }
    const answer = await github.rest.checks.create({
      owner,
      repo,
      name,
      head_sha: headSha,
      ...content,
      output: {
        ...content.output,
        ...(annotations.length > 0 && { annotations: annotations.map(toAnnotation) }),
      },
    });
    return { wrote: "created", at: answeredBy(answer.headers) };
  });
}

/** The header `Date` names the second that had begun. */
function answeredBy({ date }: { readonly date?: string | undefined }): number | null {
  const second = Date.parse(date ?? "");
  return Number.isNaN(second) ? null : second + 1000;
}

/** GitHub takes columns only where the line begins and ends the annotation. */
function toAnnotation({ path, line, column, level, message }: Annotation) {
  return {
    path,
    start_line: line,
    end_line: line,
    start_column: column,
    end_column: column,
    annotation_level: level,
    message,
  };
}

function isSame(existing: OwnCheckRun, output: CheckOutput): boolean {
  return (
    existing.status === "completed" &&
    existing.conclusion === output.conclusion &&
    existing.title === output.title &&
    existing.summary === output.summary
  );
}

const refusal = z.object({ status: z.number(), message: z.string() });

/**
 * Whether nobody can write the check run any more: GitHub deleted it (it keeps them for 400 days), or another app made it,
 * as after this one was registered anew.
 * https://docs.github.com/en/rest/checks/runs#update-a-check-run
 */
function isLost(error: unknown): boolean {
  const { success, data } = refusal.safeParse(error);
  return (
    success && (data.status === 404 || (data.status === 403 && data.message.startsWith("Invalid app_id")))
  );
}
