import type { NewCommit } from "../fake-github/push.ts";
import { aiTrailer } from "./acme.ts";

/** What a commit may be like. */
export const shapes = [
  "a plain commit",
  "an AI commit",
  "grace's commit",
  "nobody's commit",
  "a commit with vera",
  "infrastructure",
  "juno's AI commit",
];

/** A commit of that shape by whoever pushes it. */
export function commitOf(branch: string, by: string, shape: number, at: number): NewCommit {
  const files = { [`src/${branch}.ts`]: `export const at = ${at};\n` };
  const message = `Change ${at}`;
  const assisted = `${message}\n\n${aiTrailer}\n`;
  switch (shape % shapes.length) {
    case 1:
      return { files, message: assisted };
    case 2:
      return { files, message, author: "grace", committer: by };
    case 3:
      return { files, message, author: { name: "Nobody", email: "nobody@nowhere.dev" }, committer: by };
    case 4:
      return { files, message: `${message}\n\nCo-authored-by: vera <vera@acme.dev>\n` };
    case 5:
      return { files: { [`infra/${branch}.tf`]: `at = ${at}\n` }, message };
    case 6:
      return { files, message: assisted, author: "juno", committer: "juno" };
    default:
      return { files, message };
  }
}
