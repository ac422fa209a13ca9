import type { Read } from "../gate/accounts.ts";
import type { SameNamedCheck } from "../gate/facts.ts";
import type { GitHub } from "./client.ts";
import { type ConfigFiles, configFilesOf, organisationFilesOf } from "./config-files.ts";
import { GitHubError } from "./errors.ts";
import {
  type Connection,
  connections,
  factsQuery,
  headQuery,
  morePages,
  sameNamedParts,
} from "./facts-query.ts";
import { factsSchema, type HeadCommit, headSchema, moreSchema, type PullAnswer } from "./facts-schema.ts";
import { type QueryProblem, query } from "./query.ts";
import { isOurName, type Items, type PullFacts, toPullFacts, type Unread } from "./to-facts.ts";

export type PullRef = { readonly owner: string; readonly repo: string; readonly number: number };

/** One of our own check runs on the head SHA, as GitHub shows it now. */
export type OwnCheckRun = {
  readonly id: number;
  readonly status: string;
  readonly conclusion: string | null;
  readonly detailsUrl: string | null;
  readonly title: string | null;
  readonly summary: string | null;
  readonly text: string | null;
};

export type PullRead = {
  readonly facts: PullFacts;
  /** Whether only some people may see the repository: private, or internal to an enterprise. */
  readonly isPrivate: boolean;
  /** GitHub's words for when the pull request changed last. */
  readonly updatedAt: string;
  /** And when it was opened. */
  readonly openedAt: string;
  /** Other open pull requests of this repository with the same head SHA, as far as GitHub tells. */
  readonly siblings: readonly number[];
  /** Paths that GraphQL says were renamed or copied, without saying from where. */
  readonly renamed: readonly string[];
  /** Whether the base branch is itself the head of an open pull request, so that this one may be in a stack. */
  readonly onOtherPull: boolean;
  /** What the base branch was when the pull request was merged; left out where the branch as it is now counts. */
  readonly baseSha?: string;
  readonly checkRun: OwnCheckRun | null;
  /** The one about changed roster and policy files. */
  readonly configCheckRun: OwnCheckRun | null;
  /** Absent where the configuration repository does not exist or the app cannot see it; GitHub does not tell which. */
  readonly organisation: Read<ConfigFiles>;
  readonly repository: ConfigFiles;
};

export type ReadOptions = {
  readonly configRepo: string;
  /** Whose check runs are ours; null for a reader that is no app. */
  readonly appId: number | null;
  /** Ms since epoch: becomes the facts' clock. */
  readonly now: number;
};

/** How often a read is begun again because the head moved between two pages. */
const restartsMax = 3;

/** Named limits: GitHub lists no more than 3,000 files; nobody reviews 2,000 commits or 1,000 reviews. */
const itemsMax: Record<Connection, number> = {
  commits: 2000,
  files: 3000,
  reviews: 1000,
  labels: 100,
  timeline: 1000,
};

/** A thousand pull requests with one commit; no branch is that popular by accident. */
const associatedPagesMax = 10;

/**
 * Reads everything about one pull request: one request for up to 100 of everything, one more for each further 100.
 * All pages belong to one head SHA; when it moves meanwhile, reading begins again.
 * @throws GitHubError; `gone` when the pull request or its repository cannot be seen any more.
 */
export async function readPull(github: GitHub, ref: PullRef, options: ReadOptions): Promise<PullRead> {
  for (let attempt = 0; attempt < restartsMax; attempt++) {
    const read = await readOnce(github, ref, options);
    if (read !== "head-moved") return read;
  }
  throw new GitHubError(`The head of ${nameOf(ref)} moved ${restartsMax} times while it was read.`);
}

async function readOnce(
  github: GitHub,
  ref: PullRef,
  options: ReadOptions,
): Promise<PullRead | "head-moved"> {
  const { configRepo, appId, now } = options;
  const variables = { ...ref, configRepo, ...readerOf(appId), ...noCursors };
  const { data, problems } = await query(github, { text: factsQuery, variables, schema: factsSchema, now });
  const unread = unreadParts(problems, ref);
  const { repository, config } = data;
  const pull = repository?.pullRequest ?? null;
  if (repository === null || pull === null) throw goneError(ref);
  const items = await readItems(github, ref, pull, unread, now);
  if (items === "head-moved") return items;
  const head = await readHead(github, ref, pull, options);
  return {
    facts: toPullFacts({
      ref,
      pull,
      items,
      unread,
      now,
      defaultBranch: repository.defaultBranchRef?.name ?? "",
      sameNamed: sameNamedOn(head.commit, appId),
    }),
    isPrivate: repository.isPrivate,
    updatedAt: pull.updatedAt,
    openedAt: pull.createdAt,
    siblings: siblingsOf(head.pulls, pull, repository.nameWithOwner),
    renamed: renamedIn(items),
    onOtherPull: (pull.baseRef?.associatedPullRequests.totalCount ?? 0) > 0,
    checkRun: ownCheckRun(head.commit, "checkRuns"),
    configCheckRun: ownCheckRun(head.commit, "configCheckRuns"),
    organisation: organisationFilesOf(config, unread.get("config")),
    repository: configFilesOf(repository),
  };
}

const noCursors = Object.fromEntries(connections.map((name) => [name, null]));

/**
 * Which parts of a partial answer are missing, and why. A missing configuration repository is no problem but an answer.
 * What is not understood fails the look: half an answer must not pass for a whole one.
 */
function unreadParts(problems: readonly QueryProblem[], ref: PullRef): Unread {
  const unread = new Map<string, string>();
  for (const { type, path = [], message } of problems) {
    if (type === "NOT_FOUND" && path.length === 1 && path[0] === "config") continue;
    if (isAboutSameNamed(path)) continue;
    if (type === "NOT_FOUND" && path.length <= 2 && path[0] === "repository") throw goneError(ref);
    const part = path[0] === "config" ? "config" : String(path[2] ?? "");
    const known = part === "config" || part === "baseRef" || connections.some((name) => name === part);
    if (!known) throw new GitHubError(`GitHub could not answer for ${nameOf(ref)}: ${message}`);
    unread.set(part, message);
  }
  return unread;
}

function isAboutSameNamed(path: readonly (string | number)[]): boolean {
  return path.some((part) => sameNamedParts.includes(String(part)));
}

async function readItems(
  github: GitHub,
  ref: PullRef,
  pull: PullAnswer,
  unread: Unread,
  now: number,
): Promise<Items | "head-moved"> {
  const pages: Pages = {
    commits: [pull.commits],
    files: [pull.files],
    reviews: [pull.reviews],
    labels: [pull.labels],
    timeline: [pull.timeline],
  };
  for (;;) {
    const wanted = connections.filter(
      (name) => nextCursor(pages, name) !== null && countOf(pages, name) < itemsMax[name],
    );
    if (wanted.length === 0) break;
    const cursors = Object.fromEntries(wanted.map((name) => [name, nextCursor(pages, name)]));
    const variables = { ...ref, ...cursors };
    const { data, problems } = await query(github, {
      text: morePages(wanted),
      variables,
      schema: moreSchema,
      now,
    });
    for (const [part, why] of unreadParts(problems, ref)) unread.set(part, why);
    const more = data.repository?.pullRequest ?? null;
    if (more === null) throw goneError(ref);
    if (more.headRefOid !== pull.headRefOid) return "head-moved";
    addPages(pages, more, wanted);
  }
  return {
    commits: allOf("commits", pages.commits, unread),
    files: allOf("files", pages.files, unread, pull.changedFiles),
    reviews: allOf("reviews", pages.reviews, unread),
    labels: allOf("labels", pages.labels, unread),
    timeline: allOf("timeline", pages.timeline, unread),
  };
}

type Pages = { [Name in Connection]: PullAnswer[Name][] };

function addPages(
  pages: Pages,
  more: { [Name in Connection]?: PullAnswer[Name] | undefined },
  wanted: readonly Connection[],
): void {
  if (wanted.includes("commits")) pages.commits.push(more.commits ?? null);
  if (wanted.includes("files")) pages.files.push(more.files ?? null);
  if (wanted.includes("reviews")) pages.reviews.push(more.reviews ?? null);
  if (wanted.includes("labels")) pages.labels.push(more.labels ?? null);
  if (wanted.includes("timeline")) pages.timeline.push(more.timeline ?? null);
}

function nextCursor(pages: Pages, name: Connection): string | null {
  const info = pages[name].at(-1)?.pageInfo;
  return info?.hasNextPage === true ? info.endCursor : null;
}

function countOf(pages: Pages, name: Connection): number {
  return pages[name].reduce((sum, page) => sum + (page?.nodes.length ?? 0), 0);
}

/** All items of a connection; unreadable when a page is missing, the limit was reached, or GitHub counts (or we expect) more than it sent. */
function allOf<Node>(
  name: Connection,
  pages: readonly ({ totalCount: number; pageInfo: { hasNextPage: boolean }; nodes: Node[] } | null)[],
  unread: Unread,
  expected = 0,
): Read<Node[]> {
  const why = unread.get(name);
  if (why !== undefined) return { kind: "unreadable", why };
  const nodes: Node[] = [];
  for (const page of pages) {
    if (page === null) return { kind: "unreadable", why: `GitHub did not show the ${name}` };
    nodes.push(...page.nodes);
  }
  const last = pages.at(-1);
  // A timeline's totalCount also counts the kinds that were not asked for.
  const total = Math.max(expected, name === "timeline" ? 0 : (last?.totalCount ?? 0));
  const full = total > itemsMax[name] && nodes.length >= itemsMax[name];
  if (last?.pageInfo.hasNextPage === true || full)
    return { kind: "unreadable", why: `past the limit of ${itemsMax[name]}`, pastLimit: true };
  if (nodes.length < total)
    return { kind: "unreadable", why: `GitHub sent ${nodes.length} of ${total} ${name}` };
  return { kind: "read", value: nodes };
}

/**
 * The head commit with every pull request it is in. GitHub's list of commits does not always end with the head; the head is
 * then read by its SHA, because a check run of ours that was overlooked would be created a second time.
 */
async function readHead(
  github: GitHub,
  ref: PullRef,
  pull: PullAnswer,
  options: ReadOptions,
): Promise<{ commit: HeadCommit; pulls: AssociatedPull[] }> {
  const last = pull.head.nodes.at(-1)?.commit;
  const ask = async (after: string | null) => readHeadCommit(github, ref, pull.headRefOid, after, options);
  const commit = last?.oid === pull.headRefOid ? last : await ask(null);
  const pulls: AssociatedPull[] = [];
  let page = commit.associatedPullRequests;
  for (let pages = 1; page !== null; pages++) {
    pulls.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) break;
    if (pages === associatedPagesMax) {
      const many = `more than ${associatedPagesMax * 100} pull requests`;
      throw new GitHubError(`The head of ${nameOf(ref)} is in ${many}: close some of them.`);
    }
    page = (await ask(page.pageInfo.endCursor)).associatedPullRequests;
  }
  return { commit, pulls };
}

type AssociatedPull = NonNullable<HeadCommit["associatedPullRequests"]>["nodes"][number];

async function readHeadCommit(
  github: GitHub,
  { owner, repo }: PullRef,
  sha: string,
  associated: string | null,
  { appId, now }: ReadOptions,
): Promise<HeadCommit> {
  const variables = { owner, repo, sha, ...readerOf(appId), associated };
  const answer = await query(github, { text: headQuery, variables, schema: headSchema, now });
  const commit = answer.data.repository?.object ?? null;
  const problems = answer.problems.filter(({ path = [] }) => !isAboutSameNamed(path));
  if (commit !== null && problems.length === 0) return commit;
  const why = problems[0]?.message ?? "it says there is none";
  throw new GitHubError(`GitHub does not show the head commit ${sha.slice(0, 7)}: ${why}`);
}

function siblingsOf(pulls: readonly AssociatedPull[], pull: PullAnswer, repository: string): number[] {
  return pulls
    .filter((other) => other.state === "OPEN" && other.headRefOid === pull.headRefOid)
    .filter((other) => other.baseRepository?.nameWithOwner === repository && other.number !== pull.number)
    .map((other) => other.number);
}

function renamedIn({ files }: Items): string[] {
  if (files.kind !== "read") return [];
  const renamed = ["RENAMED", "COPIED"];
  return files.value.filter(({ changeType }) => renamed.includes(changeType)).map(({ path }) => path);
}

/** Whose check runs a query asks for. */
export function readerOf(appId: number | null): { appId: number | null; asApp: boolean } {
  return { appId, asApp: appId !== null };
}

/** One of our check runs on a commit, null when there is none. */
export function ownCheckRun(commit: HeadCommit, which: "checkRuns" | "configCheckRuns"): OwnCheckRun | null {
  const run = commit.checkSuites?.nodes.flatMap((suite) => suite[which]?.nodes ?? []).at(0);
  if (run === undefined) return null;
  const { databaseId: id, status, conclusion, ...rest } = run;
  return { id, status: status.toLowerCase(), conclusion: conclusion?.toLowerCase() ?? null, ...rest };
}

/** What others report on a commit under our check's name, in any case. @param appId whose check runs are ours. */
function sameNamedOn({ suites, status }: HeadCommit, appId: number | null): SameNamedCheck[] {
  const apps = (suites?.nodes ?? []).filter(
    ({ app, checkRuns }) => app?.databaseId !== appId && (checkRuns?.totalCount ?? 0) > 0,
  );
  const statuses = (status?.contexts ?? []).filter(({ context }) => isOurName(context));
  return [
    ...apps.map(({ app }) => ({ kind: "check run", by: app?.slug ?? null }) as const),
    ...statuses.map(({ creator }) => ({ kind: "commit status", by: creator?.login ?? null }) as const),
  ];
}

function goneError(ref: PullRef): GitHubError {
  return new GitHubError(`${nameOf(ref)} does not exist, or the app may not see it.`, { gone: true });
}

/** `owner/name#12`, for people. */
export function nameOf({ owner, repo, number }: PullRef): string {
  return `${owner}/${repo}#${number}`;
}
