/** Who may see what on a page: GitHub is asked each time, and its answer holds for minutes. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type GitHub, personalClient, timedFetch } from "./client.ts";
import { GitHubError, statusOf, toGitHubError } from "./errors.ts";
import type { ClientFor } from "./installations.ts";
import type { PullRead, PullRef } from "./read-pull.ts";

/** Whom GitHub says a token stands for. */
export type Person = { readonly id: number; readonly login: string };

/** What somebody may read of the app's installations, in lower case. */
export type Readable = {
  /** `owner/name`. */
  readonly repos: ReadonlySet<string>;
  /** Whose installation GitHub shows them: they may read something of it, or might if it were not suspended. */
  readonly owners: ReadonlySet<string>;
  /** Whether there are more than were read. */
  readonly cut: boolean;
};

export type Access = {
  /**
   * Whether GitHub shows a repository to everybody. @param repo `owner/name`. @param installation that covers it.
   * @throws GitHubError
   */
  readonly isPublic: (repo: string, installation: number) => Promise<boolean>;
  /** Whom a user access token stands for. @throws GitHubError, and SignedOutError where it stands for nobody. */
  readonly whoIs: (token: string) => Promise<Person>;
  /** Whether GitHub shows a repository to whom the token stands for. @throws as `whoIs` */
  readonly mayRead: (token: string, repo: string) => Promise<boolean>;
  /** All they may read. @throws as `whoIs` */
  readonly readable: (token: string) => Promise<Readable>;
  /** Forgets what was answered to whom the token stands for, so that GitHub is asked the next time. */
  readonly forget: (token: string) => void;
};

/** Signing in with GitHub; `createSignIn` makes one. */
export type SignIn = {
  /** Where people are sent to be asked. @param asked.challenge the SHA-256 of the verifier, in base64url. */
  readonly address: (asked: { readonly state: string; readonly challenge: string }) => string;
  /** The token for the code that GitHub sent people back with. @throws GitHubError */
  readonly redeem: (got: {
    readonly code: string;
    readonly verifier: string;
  }) => Promise<{ readonly token: string; readonly expiresInSeconds: number | null }>;
  /** Takes a token back: it opens nothing any more. @throws GitHubError */
  readonly revoke: (token: string) => Promise<void>;
};

/** Where people see the explain pages, and whether there are any of private repositories. */
export type ExplainPages = { readonly url: string; readonly ofPrivate: boolean };

/** The pages there are; null where nobody said where. @param given.client with which people sign in, null where nobody can. */
export function pagesAt(given: {
  readonly publicUrl: string | null;
  readonly client: object | null;
}): ExplainPages | null {
  return given.publicUrl === null ? null : { url: given.publicUrl, ofPrivate: given.client !== null };
}

/** Where the check run of a pull request leads to; null where there is no page. @param number of the pull request that decides. */
export function pageOf(
  pages: ExplainPages | null,
  { facts: { owner, repo }, isPrivate }: Pick<PullRead, "facts" | "isPrivate">,
  number: number,
): string | null {
  if (pages === null || (isPrivate && !pages.ofPrivate)) return null;
  return pageAt(pages, { owner, repo, number });
}

/** The same where the pull request could not be read: where it matters GitHub is asked who may see the repository. @throws GitHubError */
export async function pageOfUnread(
  pages: ExplainPages | null,
  github: GitHub,
  pull: PullRef,
  now: () => number,
): Promise<string | null> {
  if (pages === null) return null;
  const name = `${pull.owner}/${pull.repo}`.toLowerCase();
  const shown = pages.ofPrivate || (await askForRepository(github, name, now))?.visibility === "public";
  return shown ? pageAt(pages, pull) : null;
}

function pageAt({ url }: ExplainPages, { owner, repo, number }: PullRef): string {
  return `${url}/${owner}/${repo}/pull/${number}`;
}

/** Where GitHub sends people back to, below the address of the pages; the callback URL of the App ends with it. */
export const callbackPath = "/sign-in/callback";

/** GitHub does not know the token (any more). */
export class SignedOutError extends Error {
  override readonly name = "SignedOutError";
}

/** Somebody whose access was taken away, or a repository made private, is seen for so long at most. */
const answerHoldsMs = 5 * 60_000;
/** Answers kept at once: of about a repository a hundred bytes each, of lists a hundred kilobytes. */
const answersMax = 10_000;
const listsMax = 200;
/** Pages of a hundred repositories; nobody looks through more than 5,000. */
const repositoryPagesMax = 50;

type Given = {
  readonly clientFor: ClientFor;
  /** Base of the REST API. */
  readonly apiUrl: string;
  /** The clock, ms since epoch. */
  readonly now: () => number;
};

/** Asks GitHub who may see what. */
export function createAccess(given: Given): Access {
  const { apiUrl, now } = given;
  const publicly = remembering<boolean>(now);
  const personally = remembering<boolean>(now);
  const lists = remembering<Readable>(now, listsMax);
  const as = (token: string) => personalClient(token, apiUrl);
  return {
    isPublic: async (repo, installation) =>
      publicly.get(repo, async () => askIfPublic(given, repo, installation)),
    whoIs: async (token) => {
      const { data } = await answered(now, async () => as(token).rest.users.getAuthenticated());
      return { id: data.id, login: data.login };
    },
    mayRead: async (token, repo) =>
      personally.get(
        `${fingerprint(token)} ${repo}`,
        async () => (await askForRepository(as(token), repo, now)) !== null,
      ),
    readable: async (token) =>
      lists.get(fingerprint(token), async () => answered(now, async () => listReadable(as(token)))),
    forget: (token) => {
      personally.forget(fingerprint(token));
      lists.forget(fingerprint(token));
    },
  };
}

/** Tokens are not kept longer than a request needs them. */
function fingerprint(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/**
 * An Enterprise Server in private mode calls public what only its own people may see, so one that is not github.com has to show it
 * to a stranger as well.
 * https://docs.github.com/en/enterprise-server/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-private-mode
 */
async function askIfPublic(
  { clientFor, apiUrl, now }: Given,
  repo: string,
  installation: number,
): Promise<boolean> {
  const github = await clientFor(installation);
  const seen = await askForRepository(github, repo, now);
  if (seen?.visibility !== "public") return false;
  if (apiUrl === "https://api.github.com") return true;
  const answer = await answered(now, async () =>
    timedFetch(`${apiUrl}/repos/${repo}`, { redirect: "error" }),
  );
  return answer.ok && repositorySchema.safeParse(await answer.json()).data?.visibility === "public";
}

const repositorySchema = z.object({ full_name: z.string(), visibility: z.string().optional() });

/** Null for what is not shown; a name that now leads to another repository shows nothing of the one it was. */
async function askForRepository(github: GitHub, name: string, now: () => number) {
  const [owner = "", repo = ""] = name.split("/");
  try {
    const { data } = await answered(now, async () => github.rest.repos.get({ owner, repo }));
    const repository = repositorySchema.parse(data);
    return repository.full_name.toLowerCase() === name ? repository : null;
  } catch (error) {
    if (error instanceof GitHubError && (error.gone || error.refused)) return null;
    throw error;
  }
}

async function listReadable(github: GitHub): Promise<Readable> {
  const repos = new Set<string>();
  const owners = new Set<string>();
  let pages = 0;
  const installations = await github.paginate(github.rest.apps.listInstallationsForAuthenticatedUser, {
    per_page: 100,
  });
  for (const { id, account, suspended_at: suspended } of installations) {
    if (account !== null && "login" in account) owners.add(account.login.toLowerCase());
    if (suspended !== null) continue;
    const all = github.paginate.iterator(github.rest.apps.listInstallationReposForAuthenticatedUser, {
      installation_id: id,
      per_page: 100,
    });
    for await (const { data } of all) {
      if (++pages > repositoryPagesMax) return { repos, owners, cut: true };
      for (const { full_name: name } of data) repos.add(name.toLowerCase());
    }
  }
  return { repos, owners, cut: false };
}

/** @throws GitHubError, and SignedOutError for a token that GitHub does not know. */
async function answered<T>(now: () => number, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const known = toGitHubError(error, now());
    if (statusOf(known) === 401)
      throw new SignedOutError("GitHub does not know the token.", { cause: error });
    throw known;
  }
}

type Answers<T> = {
  /** Asks once for each key, until the answer is too old. What fails is not remembered. */
  readonly get: (key: string, ask: () => Promise<T>) => Promise<T>;
  /** Forgets every key that begins so. */
  readonly forget: (beginning: string) => void;
};

function remembering<T>(now: () => number, max = answersMax): Answers<T> {
  const answers = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();
  return {
    get: async (key, ask) => {
      const known = answers.get(key);
      if (known !== undefined && known.until > now()) return known.answer;
      answers.delete(key);
      const [oldest] = answers.keys();
      if (answers.size >= max && oldest !== undefined) answers.delete(oldest);
      const answer = ask();
      answers.set(key, { until: now() + answerHoldsMs, answer });
      answer.catch(() => answers.delete(key));
      return answer;
    },
    forget: (beginning) => {
      for (const key of answers.keys()) if (key.startsWith(beginning)) answers.delete(key);
    },
  };
}
