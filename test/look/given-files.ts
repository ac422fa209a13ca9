/** Roster and policy files as a look reads them, for what they lead to without any GitHub. */
import { createHash } from "node:crypto";
import type { Read } from "../../src/gate/accounts.ts";
import type { Config } from "../../src/gate/verdict.ts";
import type { ConfigBlob, ConfigFiles } from "../../src/github/config-files.ts";
import { configInForce } from "../../src/rules/in-force.ts";
import { octokitWith } from "../fake-github/server.ts";
import { freshStore } from "../store/fresh-store.ts";

export const never: ConfigBlob = { kind: "absent", removed: false };
export const removed: ConfigBlob = { kind: "absent", removed: true };
export const unreadable: ConfigBlob = { kind: "unreadable", why: "it is not a text file." };

export const rosterName = "acme/.github › .github/countersign/roster.yml";
export const policyName = "acme/.github › .github/countersign/policy.yml";
export const ownRosterName = "acme/shop › .github/countersign/roster.yml";
export const ownPolicyName = "acme/shop › .github/countersign/policy.yml";

export const hour = 60 * 60 * 1000;
export const noon = Date.parse("2026-03-01T12:00:00Z");

/** A file with this text; its version is as short as it can be. */
export function file(...lines: readonly string[]): ConfigBlob {
  const text = `${lines.join("\n")}\n`;
  return { kind: "read", value: { version: versionOf(text), text } };
}

/** The version `file` gives this text. */
export function version(...lines: readonly string[]): string {
  return versionOf(`${lines.join("\n")}\n`);
}

function versionOf(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 8);
}

type Two = { readonly roster?: ConfigBlob; readonly policy?: ConfigBlob };

/** What was read of `acme/.github` and of the repository; null: there is no `.github` repository. */
export type Given = {
  readonly organisation: Two | Read<ConfigFiles> | null;
  readonly own?: Two;
  readonly where?: string;
};

function filesOf(where: string, { roster = never, policy = never }: Two): ConfigFiles {
  return { where, roster, policy };
}

/** A store of its own, and what is in force there at a time. Nothing here may ask GitHub: port 9 answers nobody. */
export async function openPlace(github = octokitWith("http://127.0.0.1:9", "none")) {
  const store = await freshStore();
  const inForce = async ({ organisation, own = {}, where = "acme/shop" }: Given, now = noon) => {
    const read: Read<ConfigFiles> =
      organisation === null
        ? { kind: "absent" }
        : "kind" in organisation
          ? organisation
          : { kind: "read", value: filesOf("acme/.github", organisation) };
    const repository = filesOf(where, own);
    return configInForce({ store, github, configRepo: ".github", now }, "acme", {
      organisation: read,
      repository,
    });
  };
  return { store, inForce };
}

/** What a test is about: each person's level, each policy's origin and mode, what is wrong or stale. */
export function shortly(config: Config) {
  const { roster, policies, stale } = config;
  return {
    roster:
      roster.kind === "read"
        ? Object.fromEntries(roster.value.people.map(({ login, level }) => [login, level]))
        : roster.kind === "unreadable"
          ? roster.why
          : roster.kind,
    policies: policies.map((policy) =>
      policy.kind === "read"
        ? `${policy.value.origin}: ${policy.value.mode}`
        : policy.kind === "unreadable"
          ? policy.why
          : policy.kind,
    ),
    ...(stale !== undefined && { stale }),
  };
}
