/** A story that plays in acme's shop by chance, and what Countersign has to say about each pull request when it has ended. */
import { aiTrailer } from "../end-to-end/pull-request.ts";
import { shop } from "../end-to-end/company.ts";
import type { FakeGitHub } from "../fake-github/server.ts";
import type { Random } from "./random.ts";

export type Conclusion = "success" | "action_required" | "failure";

export type Story = {
  /** One more thing happens: somebody opens a pull request, or does something to one. */
  readonly goOn: () => Promise<void>;
  /** What is to stand on each head SHA now. */
  readonly expected: () => ReadonlyMap<string, Conclusion>;
  /** Every SHA on which a success was right at any time, as far as could be known then. */
  readonly passed: ReadonlySet<string>;
  /** The pull requests with this head. */
  readonly pullsAt: (sha: string) => readonly Pull[];
  /** What happened to the branch that ever had this head, a line each. */
  readonly toldOf: (sha: string) => readonly string[];
};

/** `by` can push and is on the roster. */
type Review = {
  readonly id: number;
  readonly by: string;
  readonly kind: "APPROVE" | "REQUEST_CHANGES";
  readonly sha: string;
  readonly base: string;
  dismissed: boolean;
};

/** Pull requests of one branch have one head; a commit is never the same patch as another in this story. */
type Branch = { readonly name: string; sha: string; readonly seniorsWhoPushed: Set<string> };

export type Pull = {
  readonly number: number;
  readonly branch: Branch;
  base: string;
  /** By its commits from the start, by a label at some time, or not at all. */
  assisted: "commits" | "label" | null;
  readonly reviews: Review[];
  /** Its head was rewritten or its base changed: where a review's delivery was lost nobody can tell what was approved. */
  moved: boolean;
};

const at = { owner: "acme", repo: "shop" } as const;
const seniors = ["grace", "vera"];
const bases = ["main", "release"];

/** Adds the second gated branch. The rest is `furnish`'s. */
export function prepareShop(github: FakeGitHub, appId: number): void {
  github.push(shop, { branch: "release", pusher: "ada" });
  github.requireCheck(shop, "release", { context: "Countersign", appId });
}

/** @param pullsMax how many pull requests are opened before things only happen to those there are. */
export function tellStory(github: FakeGitHub, random: Random, pullsMax: number): Story {
  const pulls: Pull[] = [];
  const passed = new Set<string>();
  let edits = 0;
  const pushTo = (name: string, push: { by: string; message: string; rewrite?: true }) =>
    github.push(shop, {
      branch: name,
      pusher: push.by,
      author: "juno",
      message: push.message,
      files: { [`src/${name}-${++edits}.ts`]: `export const edit = ${edits};\n` },
      ...(push.rewrite && { from: "main", force: true }),
    });
  const told: { readonly branch: string; readonly line: string }[] = [];
  const tell: Scene["tell"] = ({ name, sha }, what) =>
    told.push({ branch: name, line: `${sha.slice(0, 7)} ${what}` });
  const scene: Scene = { github, random, pulls, pushTo, tell };
  const goOn = async () => {
    const isNew = pulls.length < pullsMax && (pulls.length < 3 || random.whole(5) === 0);
    await (isNew ? openPull(scene) : random.oneOf(acts)(scene, random.oneOf(pulls)));
    for (const [sha, conclusion] of expectedOf(pulls)) {
      if (conclusion === "success") passed.add(sha);
    }
  };
  return {
    goOn,
    expected: () => expectedOf(pulls),
    passed,
    pullsAt: (sha) => pulls.filter(({ branch }) => branch.sha === sha),
    toldOf: (sha) => {
      const about = told.find(({ line }) => line.startsWith(sha.slice(0, 7)))?.branch;
      return told.filter(({ branch }) => branch === about).map(({ line }) => line);
    },
  };
}

type Scene = {
  readonly github: FakeGitHub;
  readonly random: Random;
  readonly pulls: Pull[];
  /** Pushes one commit by juno. Returns the head SHA. */
  readonly pushTo: (branch: string, push: { by: string; message: string; rewrite?: true }) => string;
  readonly tell: (branch: Branch, what: string) => void;
};

async function openPull({ github, random, pulls, pushTo, tell }: Scene): Promise<void> {
  const name = `story-${pulls.length}`;
  const assisted = random.whole(4) > 0 ? "commits" : null;
  const message = assisted ? `Cache the total\n\n${aiTrailer}\n` : "Cache the total";
  const branch = { name, sha: pushTo(name, { by: "juno", message }), seniorsWhoPushed: new Set<string>() };
  // Now and then the same branch goes to both: one head, two verdicts.
  const to = assisted && random.whole(4) === 0 ? bases : [random.oneOf(bases)];
  for (const base of to) {
    const { data } = await github
      .as("juno")
      .rest.pulls.create({ ...at, title: "Cache it", head: name, base });
    pulls.push({ number: data.number, branch, base, assisted, reviews: [], moved: false });
    tell(branch, `${data.number} opened to ${base}, ${assisted ? "" : "not "}assisted`);
  }
}

const acts = [push, push, rewrite, pushBySenior, approve, approve, approve, object, dismiss, retarget, label];

async function push({ pushTo, tell }: Scene, { branch }: Pull): Promise<void> {
  branch.sha = pushTo(branch.name, { by: "juno", message: "Round the total" });
  tell(branch, "pushed by juno");
}

/** The commits that declared the assistance are gone from the branch; what was seen once counts. */
async function rewrite({ pulls, pushTo, tell }: Scene, { branch }: Pull): Promise<void> {
  branch.sha = pushTo(branch.name, { by: "juno", message: "Written by hand", rewrite: true });
  tell(branch, "rewritten by juno");
  for (const pull of pulls) if (pull.branch === branch) pull.moved = true;
}

/** Whoever pushed is a contributor, whatever the commits say. */
async function pushBySenior({ random, pushTo, tell }: Scene, { branch }: Pull): Promise<void> {
  const by = random.oneOf(seniors);
  if (random.whole(3) > 0) return;
  branch.sha = pushTo(branch.name, { by, message: "Help out" });
  tell(branch, `pushed by ${by}`);
  branch.seniorsWhoPushed.add(by);
}

async function approve(scene: Scene, pull: Pull): Promise<void> {
  await review(scene, pull, { by: scene.random.oneOf([...seniors, "milo"]), kind: "APPROVE" });
}

async function object(scene: Scene, pull: Pull): Promise<void> {
  await review(scene, pull, { by: scene.random.oneOf(seniors), kind: "REQUEST_CHANGES" });
}

async function review({ github, tell }: Scene, pull: Pull, said: Pick<Review, "by" | "kind">): Promise<void> {
  const { number, branch, base } = pull;
  const { data } = await github
    .as(said.by)
    .rest.pulls.createReview({ ...at, pull_number: number, event: said.kind, body: "I have looked." });
  pull.reviews.push({ ...said, id: data.id, sha: branch.sha, base, dismissed: false });
  tell(branch, `${number} ${said.kind} ${data.id} by ${said.by}`);
}

async function dismiss({ github, random, tell }: Scene, pull: Pull): Promise<void> {
  const standing = pull.reviews.filter(({ dismissed }) => !dismissed);
  if (standing.length === 0) return;
  const one = random.oneOf(standing);
  const about = { ...at, pull_number: pull.number, review_id: one.id };
  await github.as("ada").rest.pulls.dismissReview({ ...about, message: "Not this" });
  one.dismissed = true;
  tell(pull.branch, `${pull.number} dismissed ${one.id}`);
}

async function retarget({ github, pulls, tell }: Scene, pull: Pull): Promise<void> {
  const { number, branch } = pull;
  if (pulls.some((other) => other !== pull && other.branch === branch)) return;
  const base = pull.base === "main" ? "release" : "main";
  await github.as("juno").rest.pulls.update({ ...at, pull_number: number, base });
  pull.base = base;
  pull.moved = true;
  tell(branch, `${number} goes to ${base}`);
}

/** Puts the label on and takes it off again, which changes nothing any more. */
async function label({ github, random, tell }: Scene, pull: Pull): Promise<void> {
  if (random.whole(3) > 0) return;
  const about = { ...at, issue_number: pull.number };
  await github.as("juno").rest.issues.addLabels({ ...about, labels: ["ai-assisted"] });
  pull.assisted ??= "label";
  tell(pull.branch, `${pull.number} labelled`);
  if (random.whole(2) === 0)
    await github.as("juno").rest.issues.removeLabel({ ...about, name: "ai-assisted" });
}

const strictestFirst = ["failure", "action_required", "success"] as const;

function expectedOf(pulls: readonly Pull[]): ReadonlyMap<string, Conclusion> {
  const bySha = Map.groupBy(pulls, ({ branch }) => branch.sha);
  return new Map(
    [...bySha].map(([sha, there]) => {
      const conclusions = there.map(conclusionOf);
      return [sha, strictestFirst.find((one) => conclusions.includes(one)) ?? "failure"];
    }),
  );
}

/** What the documentation says of one pull request of juno's, who is a junior, without its siblings. */
function conclusionOf({ assisted, reviews, branch, base }: Pull): Conclusion {
  if (assisted === null) return "success";
  // Everybody's last word, in the order they were said.
  const last = reviews.filter(
    ({ by }, index) => seniors.includes(by) && !reviews.slice(index + 1).some((later) => later.by === by),
  );
  const objections = last.filter(({ kind }) => kind === "REQUEST_CHANGES");
  if (objections.some(({ dismissed }) => !dismissed)) return "failure";
  const approvals = last.filter(
    (review) =>
      review.kind === "APPROVE" &&
      !review.dismissed &&
      review.sha === branch.sha &&
      review.base === base &&
      !branch.seniorsWhoPushed.has(review.by),
  );
  // Who dismisses an objection does not settle it: a senior has to look again.
  const settled = objections.every((objection) =>
    approvals.some((approval) => last.indexOf(approval) > last.indexOf(objection)),
  );
  return approvals.length > 0 && settled ? "success" : "action_required";
}
