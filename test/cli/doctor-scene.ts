import { expect, onTestFinished } from "vitest";
import { z } from "zod";
import { doctor } from "../../src/cli/doctor.ts";
import { environmentFor } from "../../demo/server-process.ts";
import { configRepository, furnish, policyFile, roster, rosterFile } from "../end-to-end/company.ts";
import { issueUserToken } from "../fake-github/auth.ts";
import { startFakeGitHub } from "../fake-github/server.ts";
import { accountNamed } from "../fake-github/setup.ts";
import { freshFolder } from "../store/fresh-store.ts";

const everything = { roster, policy: "branches: [~DEFAULT_BRANCH]\n" };

/** acme as at the start of every end-to-end test, its configuration repository private: there is nothing to repair. */
export async function acme(files: { roster?: string; policy?: string } = everything) {
  const github = await startFakeGitHub();
  onTestFinished(async () => github.close());
  const app = furnish(github, {
    ...(files.roster === undefined ? { "README.md": "acme\n" } : { [rosterFile]: files.roster }),
    ...(files.policy !== undefined && { [policyFile]: files.policy }),
  });
  for (const repository of github.world.repositories.values()) repository.private = true;
  github.requireCheck(configRepository, "main", { context: "Countersign", appId: app.appId });
  const dataDir = freshFolder();
  const environment = environmentFor(app, github.url, { dataDir, port: 0 });
  const install = (repositories: "all" | readonly string[] = "all") =>
    github.installApp("acme", { repositories });
  const tokenOf = (login: string) => issueUserToken(github.world, accountNamed(github.world, login));
  /** Runs `countersign doctor …`; `answer` is what somebody at a terminal says to each question. */
  const run = async (
    argv: readonly string[],
    more: { environment?: NodeJS.ProcessEnv; answer?: string; by?: string } = {},
  ) => {
    const out = { stdout: "", stderr: "" };
    const questions: string[] = [];
    const { answer, by } = more;
    const status = await doctor(argv, {
      environment: {
        ...environment,
        ...(by !== undefined && { GITHUB_TOKEN: tokenOf(by) }),
        ...more.environment,
      },
      now: () => Date.now(),
      readFile: () => "",
      stdout: (text) => void (out.stdout += text),
      stderr: (text) => void (out.stderr += text),
      colour: false,
      ask:
        answer === undefined
          ? null
          : async (question) => {
              questions.push(question);
              return answer;
            },
    });
    return { status, ...out, questions };
  };
  /** What the JSON says, in short: each finding's kind, severity and place. */
  const findings = async (argv: readonly string[] = ["acme", "--json"], by?: string) => {
    const { status, stdout } = await run(argv, { ...(by !== undefined && { by }) });
    const { findings: found } = reportSchema.parse(JSON.parse(stdout));
    expect(status).toBe(found.length === 0 ? 0 : 1);
    return found.map(
      ({ severity, kind, repository, branch, environment }) =>
        `${severity} ${kind} ${[repository ?? "acme", branch ?? environment].filter((part) => part !== null).join("@")}`,
    );
  };
  return { github, install, run, findings, appId: app.appId, environment };
}

const reportSchema = z.strictObject({
  findings: z.array(
    z.strictObject({
      kind: z.string(),
      severity: z.enum(["error", "warning", "note"]),
      owner: z.string(),
      repository: z.string().nullable(),
      branch: z.string().nullable(),
      environment: z.string().nullable(),
      what: z.string(),
      repair: z.strictObject({ page: z.string(), api: z.string().nullable() }),
    }),
  ),
  unseen: z.array(z.strictObject({ repository: z.string(), what: z.string(), see: z.string() })),
  repositories: z.array(z.string()),
});

/** A rule that requires a check. */
export const requires = (check: { context: string; integration_id?: number }) => ({
  type: "required_status_checks" as const,
  parameters: { strict_required_status_checks_policy: false, required_status_checks: [check] },
});

/** The branches a ruleset is for. */
export const on = (...include: readonly string[]) => ({ ref_name: { include: [...include] } });
