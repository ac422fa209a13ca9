/** Pull requests of any size. */
import type { FakeGitHub } from "../test/fake-github/server.ts";
import { findRepository } from "../test/fake-github/world.ts";
import { assisted, openPull, type Pull } from "./organisations.ts";

export type Size = { readonly commits: number; readonly files: number; readonly reviews: number };

/** Up to GitHub's and our own limits: what is larger is not decided. */
export const largest: Size = { commits: 2000, files: 3000, reviews: 1000 };

/** For a fake GitHub that takes its time. */
const reviewsAtOnce = 25;

/** juno opens a pull request of so many commits and changed files, and ada reviews it so often. */
export async function openPullOf(github: FakeGitHub, owner: string, size: Size): Promise<Pull> {
  const files = Object.fromEntries(
    Array.from({ length: size.files }, (_, index) => [`src/part-${index}.ts`, "export {};\n"]),
  );
  const commits = Array.from({ length: size.commits }, (_, index) => ({
    message: assisted,
    // The first brings all files, the others change one of them.
    files: index === 0 ? files : { "src/part-0.ts": `export const version = ${index};\n` },
  }));
  const pull = await openPull(github, owner, commits);
  const review = { owner, repo: "shop", pull_number: pull.number, event: "COMMENT", body: "Why?" } as const;
  for (let count = 0; count < size.reviews; count += reviewsAtOnce) {
    const some = Array.from({ length: Math.min(reviewsAtOnce, size.reviews - count) }, () => review);
    await Promise.all(some.map(async (one) => github.as("ada").rest.pulls.createReview(one)));
  }
  return pull;
}

/** ada presses "Re-run all checks": the next look writes, whether or not anything changed. */
export function rerun(github: FakeGitHub, { owner, sha }: Pull): void {
  const suite = findRepository(github.world, owner, "shop")?.checkSuites.find((one) => one.headSha === sha);
  if (suite === undefined) throw new Error("The head has no check suite.");
  github.rerequestSuite(`${owner}/shop`, suite.id, "ada");
}
