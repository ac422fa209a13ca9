import type { z } from "zod";
import type { Read } from "../gate/accounts.ts";
import type { configFilesSchema } from "./facts-schema.ts";
import { policyPath, rosterPath } from "./facts-query.ts";

/** One roster or policy file on a default branch. `version` is its blob's SHA. */
type ConfigText = { readonly version: string; readonly text: string };

/** A file that is not there; `removed` when the default branch's history knows it, so that somebody took it away in a commit. */
export type ConfigBlob =
  | Exclude<Read<ConfigText>, { kind: "absent" }>
  | { readonly kind: "absent"; readonly removed: boolean };

/** The two files of one repository's default branch. */
export type ConfigFiles = {
  /** `owner/name`. */
  readonly where: string;
  readonly roster: ConfigBlob;
  readonly policy: ConfigBlob;
};

/** What config files may weigh at most: a roster of thousands of people is a tenth of it. */
const configBytesMax = 256 * 1024;

type ConfigAnswer = z.infer<typeof configFilesSchema>;

export function configFilesOf(answer: ConfigAnswer): ConfigFiles {
  const { nameWithOwner: where, roster, policy } = answer;
  const target = answer.defaultBranchRef?.target;
  const inHistory = (file: "roster" | "policy") => (target?.[`${file}History`]?.nodes.length ?? 0) > 0;
  return {
    where,
    roster: configBlobOf(roster, inHistory("roster"), `${where} › ${rosterPath}`),
    policy: configBlobOf(policy, inHistory("policy"), `${where} › ${policyPath}`),
  };
}

/** The organisation's, where a query asked for its configuration repository. @param why GitHub did not show it, if it said so. */
export function organisationFilesOf(answer: ConfigAnswer | null, why: string | undefined): Read<ConfigFiles> {
  if (why !== undefined) return { kind: "unreadable", why };
  // GitHub does not tell a repository that does not exist from one that the app may not see.
  return answer === null ? { kind: "absent" } : { kind: "read", value: configFilesOf(answer) };
}

/** @param inHistory whether the branch's history knows the file, should it not be there. @param name for people. */
export function configBlobOf(blob: ConfigAnswer["roster"], inHistory: boolean, name: string): ConfigBlob {
  if (blob === null) return { kind: "absent", removed: inHistory };
  if (blob.oid === undefined) return { kind: "unreadable", why: `${name} is not a file.` };
  if ((blob.byteSize ?? 0) > configBytesMax)
    return { kind: "unreadable", why: `${name} is larger than ${configBytesMax / 1024} KB.` };
  if (blob.isTruncated === true || typeof blob.text !== "string")
    return { kind: "unreadable", why: `${name} is not a text file.` };
  return { kind: "read", value: { version: blob.oid, text: blob.text } };
}
