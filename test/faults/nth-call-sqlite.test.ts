import { expect, it, onTestFinished, vi } from "vitest";
import { requestTimeoutMs } from "../../src/github/client.ts";
import { groupTarget, pullTarget } from "../../src/github/targets.ts";
import { verifyAudit } from "../../src/store/audit.ts";
import { forgetTeams } from "../../src/store/configs.ts";
import type { WorkingDay } from "../delivery/working-day.ts";
import { configRepository, policyFile, roster, rosterFile, shop } from "../end-to-end/company.ts";
import { aiTrailer, openPull, pushMore, review } from "../end-to-end/pull-request.ts";
import type { Fault } from "../fake-github/http.ts";
import { handIn, openPostRoom, settleDay } from "./post-room.ts";
import { conclusionsWritten } from "./settled.ts";

/** What the last look has to end with. */
type Scene = {
  readonly sha: string;
  /** Check runs on it by name. */
  readonly checks: Readonly<Record<string, string>>;
  /** Answers of the app to commands. */
  readonly answers: number;
  readonly target: string;
  /** Makes room for the next scene. */
  readonly after?: () => void;
};

const files = {
  [rosterFile]: `${roster}teams:\n  acme/seniors: senior\n`,
  [policyFile]: `ai: { notes: true }
rules:
  - name: Senior sign-off
    when: { level_below: senior }
    require: { approvals: 1, level: senior }
  - name: Till
    when: { paths: ["till/**"] }
    require: { approvals: 1, level: senior }
override: { level: staff }
`,
};

const at = { owner: "acme", repo: "shop" } as const;
let scenesSet = 0;
/** How many deliveries were handed in. */
const seen = new WeakMap<WorkingDay, number>();

/** Opens juno's pull request, which moves a file, and lets otto of the seniors' team approve it. */
async function approvedByTeam({ github }: WorkingDay) {
  const branch = `nth-${++scenesSet}`;
  const text = `export const lines = [\n${`  "${branch}",\n`.repeat(20)}];\n`;
  github.push(shop, {
    branch: `${branch}-base`,
    from: "main",
    pusher: "ada",
    files: { [`till/${branch}.ts`]: text },
  });
  github.requireCheck(shop, `${branch}-base`, { context: "Countersign" });
  const change = {
    branch,
    from: `${branch}-base`,
    pusher: "juno",
    files: { [`till/${branch}.ts`]: null, [`src/${branch}.ts`]: text },
  };
  const sha = github.push(shop, { ...change, message: `Move it\n\n${aiTrailer}\n` });
  const input = { ...at, title: "Move it", head: branch, base: `${branch}-base` };
  const { data } = await github.as("juno").rest.pulls.create(input);
  await review({ github }, data, "otto");
  return { number: data.number, branch, sha, change };
}

const scenes: Readonly<Record<string, (day: WorkingDay) => Promise<Scene>>> = {
  "of an approval that stands for the same patch": async (day) => {
    const { number, change } = await approvedByTeam(day);
    const sha = day.github.push(shop, { ...change, force: true, message: "Move the till" });
    return { sha, target: pullTarget(shop, number), checks: { Countersign: "success" }, answers: 0 };
  },
  "of an approval that was given for something else, and a command that does nothing": async (day) => {
    const { number, branch, sha: approved } = await approvedByTeam(day);
    const sha = pushMore(day, { number, branch, sha: approved });
    const body = "/countersign override because I say so";
    await day.github.as("milo").rest.issues.createComment({ ...at, issue_number: number, body });
    return { sha, target: pullTarget(shop, number), checks: { Countersign: "action_required" }, answers: 1 };
  },
  "of a push that no delivery told of": async (day) => {
    const pull = await openPull(day, { branch: `nth-${++scenesSet}` });
    await workOff(day);
    const sha = pushMore(day, pull);
    await review(day, pull, "grace");
    const { deliveries } = day.github;
    const told = deliveries.filter(({ event, action }) => event !== "push" && action !== "synchronize");
    deliveries.splice(0, deliveries.length, ...told);
    seen.set(
      day,
      told.findLastIndex(({ event }) => event === "pull_request_review"),
    );
    return { sha, target: pullTarget(shop, pull.number), checks: { Countersign: "success" }, answers: 0 };
  },
  "of a change of the rules": async ({ github }) => {
    const branch = `nth-${++scenesSet}`;
    const policy = `${files[policyFile]}exempt:\n  - { only_paths: ["docs/${branch}/**"] }\n`;
    const push = {
      branch,
      from: "main",
      pusher: "ada",
      message: "Exempt it",
      files: { [policyFile]: policy },
    };
    const sha = github.push(configRepository, push);
    const about = { owner: "acme", repo: ".github", title: "Exempt it", head: branch, base: "main" };
    const { data } = await github.as("ada").rest.pulls.create(about);
    const checks = { Countersign: "action_required", "Countersign config": "success" };
    return { sha, target: pullTarget(configRepository, data.number), checks, answers: 0 };
  },
  "of a merge group": async (day) => {
    const { sha, number } = await queued(day);
    return { ...ofGroup(day, number, sha), checks: { Countersign: "success" } };
  },
  "of a merge group whose approval is dismissed": async (day) => {
    const { sha, number, review_id } = await queued(day);
    const about = { ...at, pull_number: number, review_id, message: "Not this" };
    await day.github.as("ada").rest.pulls.dismissReview(about);
    return { ...ofGroup(day, number, sha), checks: { Countersign: "action_required" } };
  },
};

/** Puts a pull request that grace has approved into the merge queue. */
async function queued(day: WorkingDay) {
  const { github } = day;
  const { number } = await openPull(day, { branch: `nth-${++scenesSet}` });
  const review_id = await review(day, { number }, "grace");
  await workOff(day);
  return { number, review_id, sha: github.enqueue(shop, number, "juno") };
}

function ofGroup({ github }: WorkingDay, number: number, sha: string) {
  return { sha, target: groupTarget(shop, sha), answers: 0, after: () => github.dequeue(shop, number) };
}

const ways: Readonly<Record<string, Omit<Fault, "path">>> = {
  "answers 500": { status: 500 },
  "is dropped": { destroy: true },
  hangs: { hang: true },
  "is refused for a while": {
    status: 403,
    headers: { "retry-after": "60" },
    body: { message: "Slow down." },
  },
  "is done, and its answer lost": { destroy: true, afterEffect: true },
};

const cases = Object.keys(scenes).flatMap((scene) => Object.keys(ways).map((way) => ({ scene, way })));

it.each(cases)("a look $scene is right in the end whichever of its calls $way", async ({ scene, way }) => {
  const day = await openPostRoom({ files });
  day.github.createTeam("acme/seniors", { members: ["otto"] });
  giveUpSooner();
  const set = scenes[scene];
  if (set === undefined) throw new Error(`There is no scene ${scene}.`);
  // The token, and what the installation itself leads to.
  await workOff(day);
  let nth = 0;
  while (await lookAt(day, await set(day), { ...ways[way], path: /./, after: nth, times: 1 })) nth += 1;
  expect(nth).toBeGreaterThanOrEqual(scene.includes("approval that") ? 6 : 2);
  const asked = day.github.requests.some(({ path }) => path.endsWith("/activity"));
  expect(asked).toBe(scene.includes("push"));
  expect(await verifyAudit(day.store)).toMatchObject({ ok: true });
});

/**
 * Looks at everything there is, with a fault; expects the end to be right, and nothing green before that is not. Returns false
 * where there were fewer calls, so that nothing failed.
 */
async function lookAt(day: WorkingDay, scene: Scene, fault: Fault & { after: number }): Promise<boolean> {
  const { github, store } = day;
  // The team is read by every look.
  await forgetTeams(store, "acme");
  const from = github.requests.length;
  const takeBack = github.fault(fault);
  await workOff(day);
  const hit = takeBack() === 0 ? github.requests[from + fault.after]?.path : undefined;

  const runs = [...github.world.repositories.values()]
    .flatMap(({ checkRuns }) => checkRuns)
    .filter(({ headSha }) => headSha === scene.sha);
  const found = {
    what: hit,
    checks: Object.fromEntries(runs.map(({ name, conclusion }) => [name, conclusion])),
  };
  expect(found).toEqual({ what: hit, checks: scene.checks });
  expect(runs.filter(({ name }) => name === "Countersign")).toHaveLength(1);
  const green = conclusionsWritten(github).filter(
    ({ sha, conclusion }) => sha === scene.sha && conclusion === "success",
  );
  expect(green.length > 0).toBe(scene.checks["Countersign"] === "success");
  const answered = [...github.world.repositories.values()]
    .flatMap(({ pulls }) => [...pulls.values()])
    .filter(({ number, head }) => scene.target === pullTarget(shop, number) && head.sha === scene.sha)
    .flatMap(({ comments }) => comments.filter(({ appId }) => appId !== null));
  // An answer is written once or, where GitHub refused that very call, not at all: the check run says the same.
  const refused = hit?.endsWith("/comments") === true && fault.afterEffect !== true;
  expect(answered).toHaveLength(refused ? 0 : scene.answers);
  scene.after?.();
  return hit !== undefined;
}

/** Hands in what was not, then works until nothing is left: with all marks there, every target is looked at once. */
async function workOff(day: WorkingDay): Promise<void> {
  const { deliveries } = day.github;
  for (let from = seen.get(day) ?? 0; from < deliveries.length; from = seen.get(day) ?? 0) {
    seen.set(day, deliveries.length);
    await handIn(day, deliveries.slice(from));
    const worker = day.work();
    await settleDay(day);
    await worker.stop();
  }
}

/** A request that hangs is given up after a tenth of a second. */
function giveUpSooner(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const sooner = vi
    .spyOn(AbortSignal, "timeout")
    .mockImplementation((ms) => timeout(ms === requestTimeoutMs ? 100 : ms));
  onTestFinished(() => sooner.mockRestore());
}
