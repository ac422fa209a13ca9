/**
 * The fake GitHub: `startFakeGitHub` and what a test does with it. Everything people and apps do goes over HTTP;
 * the functions here furnish the world, push, and play the parts of GitHub that REST does not show.
 */
import { createWorld } from "./create-world.ts";
import { createAdaptorServer } from "@hono/node-server";
import { Octokit } from "@octokit/rest";
import { issueUserToken } from "./auth.ts";
import { rerequestSuite } from "./check-runs.ts";
import { createHttp, type Fault, type HttpState } from "./http.ts";
import {
  ask,
  createEnvironment,
  enableRule,
  type NewRun,
  rerun,
  startRun,
  type WorkflowRun,
} from "./deployments.ts";
import { createFork } from "./forks.ts";
import { deleteLabel, editComment, editReview, renameLabel } from "./people.ts";
import { type Making, type MergeMethod, mergePull } from "./merge.ts";
import { dequeue, enqueue, landQueue } from "./merge-queue.ts";
import { deleteRepository, renameAccount, renameRepository, transferRepository } from "./names.ts";
import { markReady } from "./pulls.ts";
import { push, type Push } from "./push.ts";
import {
  accountNamed,
  changeDefaultBranch,
  changeSelection,
  createAccount,
  createApp,
  createRepository,
  createTeam,
  installApp,
  type NewApp,
  repositoryNamed,
  requireCheck,
  setMembership,
  setRole,
} from "./setup.ts";
import { addRuleset, type BranchProtection } from "./rulesets.ts";
import { createWebhooks } from "./webhooks.ts";
import { type App, type Installation, type Pull, type Repository, type Role, type World } from "./world.ts";

export type FakeGitHubOptions = {
  /** A free one when left out. */
  readonly port?: number;
  /** How long every answer takes. */
  readonly latencyMs?: number;
  /** Requests an hour that each installation may make, of REST and of GraphQL each: 5,000 when left out. */
  readonly requestsAnHour?: number;
  /** Check requests, answers and payloads against GitHub's description; on unless a benchmark turns it off. */
  readonly validate?: boolean;
  /** GitHub's clock in milliseconds. Left out: the real time, and a second of its own for every event. */
  readonly now?: () => number;
};

/** A refusal is something a test expects or fails on; Octokit would print each one besides. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export type FakeGitHub = Awaited<ReturnType<typeof startFakeGitHub>>;

/** Starts a fake GitHub on a port of 127.0.0.1, empty. Close it: `close` leaves no handle open. */
export async function startFakeGitHub(options: FakeGitHubOptions = {}) {
  const world = createWorld(options.now ? { now: options.now } : {});
  const problems: string[] = [];
  const state: HttpState = {
    requests: [],
    refused: [],
    problems: options.validate === false ? null : problems,
    faults: [],
    hours: new Map(),
    requestsAnHour: options.requestsAnHour ?? 5000,
    latencyMs: options.latencyMs ?? 0,
  };
  const webhooks = createWebhooks(world, state.problems);
  const server = createAdaptorServer({ fetch: createHttp(world, state).fetch });
  // Else whoever asks again at the moment an idle connection ends finds it closed.
  if ("keepAliveTimeout" in server) server.keepAliveTimeout = 0;
  world.url = await listen(server, options.port ?? 0);

  return {
    url: world.url,
    world,
    /** Calls GitHub would refuse and calls the fake does not answer. A test asserts that it is empty. */
    refused: state.refused,
    /** Every request so far. */
    requests: state.requests,
    deliveries: webhooks.deliveries,
    holdDeliveries: webhooks.hold,
    releaseDeliveries: webhooks.release,
    redeliver: webhooks.redeliver,
    /** Resolves when no delivery is under way. @throws when the fake itself said something GitHub never would. */
    quiet: async () => {
      await webhooks.quiet();
      assertFaithful(problems);
    },
    /** Plans a fault. Returns what takes it back, as far as it has not happened yet, and tells how often it would still have. */
    fault: (fault: Fault): (() => number) => {
      const planned = { fault, left: fault.times ?? Number.POSITIVE_INFINITY, toPass: fault.after ?? 0 };
      state.faults.push(planned);
      return () => {
        const { left } = planned;
        planned.left = 0;
        return left;
      };
    },
    /** A real Octokit with this person's token. */
    as: (login: string) => octokitWith(world.url, issueUserToken(world, accountNamed(world, login))),
    ...furnishing(world),
    ...happenings(world),
    close: async () => {
      await webhooks.quiet();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      assertFaithful(problems);
    },
  };
}

/** A real Octokit that sends this token to the fake GitHub at `url`. */
export function octokitWith(url: string, token: string): Octokit {
  return new Octokit({ auth: token, baseUrl: `${url}/api/v3`, log: SILENT });
}

/** What makes the world what it is when a test begins. */
function furnishing(world: World) {
  return {
    createUser: (
      login: string,
      more: {
        id?: number;
        type?: "User" | "Bot" | "Mannequin";
        name?: string;
        emails?: readonly string[];
      } = {},
    ) => createAccount(world, login, more),
    createOrganization: (login: string) => createAccount(world, login, { type: "Organization" }),
    createTeam: (fullSlug: string, more: { members?: readonly string[]; parent?: string } = {}) =>
      createTeam(world, fullSlug, more),
    createRepository: (fullName: string, more: Parameters<typeof createRepository>[2] = {}) =>
      createRepository(world, fullName, more),
    /** @returns the fork's name, `owner/name`. */
    createFork: (fullName: string, by: string, collaborators: Parameters<typeof createFork>[3] = {}) => {
      const fork = createFork(
        world,
        repositoryNamed(world, fullName),
        accountNamed(world, by),
        collaborators,
      );
      return `${by}/${fork.name}`;
    },
    createApp: (app: NewApp) => createApp(world, app),
    /** Where deliveries of every app go from now on. */
    setWebhookUrl: (url: string) => {
      for (const app of world.apps.values()) app.webhookUrl = url;
    },
    /** Where people may be sent back to after they signed in, from now on. */
    setCallbackUrl: (url: string) => {
      for (const app of world.apps.values()) app.callbackUrls.splice(0, Infinity, url);
    },
    /** @returns the installation's id. The app is the one that was created last, unless it is named. */
    installApp: (
      login: string,
      more: { repositories: "all" | readonly string[]; app?: string; id?: number },
    ) => installApp(world, appNamed(world, more.app), login, more).id,
    addRuleset: (fullName: string, ruleset: Parameters<typeof addRuleset>[2]) =>
      addRuleset(world, repositoryNamed(world, fullName), ruleset),
    /** The older protection of a branch: a required check. */
    protect: (fullName: string, protection: BranchProtection) =>
      void repositoryNamed(world, fullName).protections.push(protection),
    requireCheck: (fullName: string, branch: string, check: { context: string; appId?: number }) =>
      requireCheck(world, repositoryNamed(world, fullName), branch, check),
    /** An environment that the app's deployment protection rule guards; `reviewed`: GitHub's own reviewers must approve, too. */
    guardEnvironment: (fullName: string, name: string, more: { app?: string; reviewed?: boolean } = {}) => {
      const repository = repositoryNamed(world, fullName);
      const environment = createEnvironment(world, repository, name, more);
      enableRule(world, repository, environment, appNamed(world, more.app).id);
    },
    push: (fullName: string, input: Push) => push(world, repositoryNamed(world, fullName), input),
  };
}

/** What people do where this fake has no REST call for it. */
function happenings(world: World) {
  const repository = (fullName: string) => repositoryNamed(world, fullName);
  const actor = (by: string) => accountNamed(world, by);
  return {
    addTeamMember: (fullSlug: string, login: string) => setMembership(world, fullSlug, login, "added"),
    removeTeamMember: (fullSlug: string, login: string) => setMembership(world, fullSlug, login, "removed"),
    addRepositories: (installationId: number, fullNames: readonly string[]) =>
      changeSelection(world, installationOf(world, installationId), "added", fullNames.map(repository)),
    removeRepositories: (installationId: number, fullNames: readonly string[]) =>
      changeSelection(world, installationOf(world, installationId), "removed", fullNames.map(repository)),
    changeDefaultBranch: (fullName: string, branch: string, by: string) =>
      changeDefaultBranch(world, repository(fullName), actor(by), branch),
    setRole: (fullName: string, login: string, role: Role, by: string) =>
      setRole(world, repository(fullName), actor(by), { login, role }),
    renameRepository: (fullName: string, name: string, by: string) =>
      renameRepository(world, repository(fullName), actor(by), name),
    transferRepository: (fullName: string, to: string, by: string) =>
      transferRepository(world, repository(fullName), actor(by), actor(to)),
    deleteRepository: (fullName: string, by: string) =>
      deleteRepository(world, repository(fullName), actor(by)),
    renameAccount: (login: string, to: string) => renameAccount(world, actor(login), to),
    markReady: (fullName: string, number: number, by: string) =>
      markReady(world, repository(fullName), pullOf(repository(fullName), number), actor(by)),
    editComment: (
      fullName: string,
      number: number,
      commentId: number,
      edit: { body: string; by: string },
    ) => {
      const pull = pullOf(repository(fullName), number);
      const comment = found(pull.comments, commentId, "comment");
      editComment(world, repository(fullName), pull, comment, { actor: actor(edit.by), body: edit.body });
    },
    editReview: (fullName: string, number: number, reviewId: number, edit: { body: string; by: string }) => {
      const pull = pullOf(repository(fullName), number);
      const review = found(pull.reviews, reviewId, "review");
      editReview(world, repository(fullName), pull, review, { actor: actor(edit.by), body: edit.body });
    },
    /** Somebody comments on a line; `editedBy`, if given, has changed the comment since. */
    commentOnLine: (
      fullName: string,
      number: number,
      comment: { by: string; body: string; editedBy?: string },
    ) => {
      const { by, body, editedBy } = comment;
      const editorId = editedBy === undefined ? null : actor(editedBy).id;
      pullOf(repository(fullName), number).reviewComments.push({ userId: actor(by).id, body, editorId });
    },
    /** Puts a pull request into a stack that goes to this branch. */
    stack: (fullName: string, number: number, base: string) => {
      pullOf(repository(fullName), number).stackBase = base;
    },
    /** "Merge without waiting for requirements to be met", by somebody who may bypass the rules. @returns the new tip. */
    mergeAnyway: (
      fullName: string,
      number: number,
      by: string,
      method: MergeMethod = "merge",
      making: Making = {},
    ) =>
      mergePull(world, repository(fullName), pullOf(repository(fullName), number), actor(by), {
        ...{ method, bypassRules: true },
        ...making,
      }),
    /** "Merge when ready" where the base has a merge queue. @returns the merge group's head SHA. */
    enqueue: (
      fullName: string,
      number: number,
      by: string,
      options: { headRef?: string; squash?: true } = {},
    ) => enqueue(world, repository(fullName), pullOf(repository(fullName), number), actor(by), options),
    dequeue: (fullName: string, number: number) => dequeue(world, repository(fullName), number),
    /** Lands what the queue may land by now. @returns the numbers of the pull requests that landed. */
    landQueue: (fullName: string) => landQueue(world, repository(fullName)),
    /** A workflow run, by default of a push to the default branch, whose job deploys to an environment. */
    deploy: (fullName: string, run: Omit<NewRun, "by"> & { readonly by: string }) =>
      startRun(world, repository(fullName), { ...run, by: actor(run.by) }),
    /** One more job of a run comes to an environment. */
    deployAgain: (fullName: string, run: WorkflowRun, environment: string) =>
      ask(world, repository(fullName), run, environment),
    rerun: (fullName: string, run: WorkflowRun) => rerun(world, repository(fullName), run),
    renameLabel: (fullName: string, from: string, to: string, by: string) =>
      renameLabel(world, repository(fullName), actor(by), from, to),
    deleteLabel: (fullName: string, name: string, by: string) =>
      deleteLabel(world, repository(fullName), actor(by), name),
    rerequestSuite: (fullName: string, suiteId: number, by: string) =>
      rerequestSuite(
        world,
        repository(fullName),
        found(repository(fullName).checkSuites, suiteId, "check suite"),
        actor(by).id,
      ),
  };
}

function listen(server: ReturnType<typeof createAdaptorServer>, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("The fake GitHub has no port."));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

function assertFaithful(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`The fake GitHub is not like GitHub:\n${problems.join("\n")}`);
}

function appNamed(world: World, slug: string | undefined): App {
  const app = [...world.apps.values()].findLast((one) => slug === undefined || one.slug === slug);
  if (!app) throw new Error("There is no such app: call createApp first.");
  return app;
}

function installationOf(world: World, id: number): Installation {
  return found([...world.installations.values()], id, "installation");
}

function pullOf(repository: Repository, number: number): Pull {
  const pull = repository.pulls.get(number);
  if (!pull) throw new Error(`${repository.name} has no pull request ${number}.`);
  return pull;
}

function found<T extends { readonly id: number }>(all: readonly T[], id: number, what: string): T {
  const one = all.find((candidate) => candidate.id === id);
  if (!one) throw new Error(`There is no ${what} ${id}.`);
  return one;
}
