import { z } from "zod";
import type { Account } from "../gate/accounts.ts";
import { accountOfUser, userSchema } from "./accounts.ts";

/** A command in a comment on a pull request, and what it is about. */
type Commented = {
  readonly repo: string;
  readonly number: number;
  readonly installation: number;
  readonly onPull: boolean;
  readonly command:
    | { readonly kind: "recheck" }
    /** The reason is empty where none was given. */
    | (Said & { readonly kind: "override"; readonly reason: string })
    | (Said & { readonly kind: "accept"; readonly sha: string })
    | (Said & { readonly kind: "unknown" });
};

type Said = {
  /** GitHub's id of the comment. */
  readonly comment: string;
  readonly by: Account;
  /** ISO 8601, in whole seconds: when GitHub took the comment. */
  readonly at: string;
};

const commentPayload = z.object({
  action: z.string(),
  installation: z.object({ id: z.number() }),
  repository: z.object({ full_name: z.string() }),
  issue: z.object({ number: z.number(), pull_request: z.unknown().optional() }),
  comment: z.object({
    id: z.number(),
    body: z.string(),
    user: userSchema.nullable(),
    created_at: z.iso.datetime({ offset: true }),
    updated_at: z.iso.datetime({ offset: true }),
  }),
});

type Comment = z.infer<typeof commentPayload>["comment"];

/** What is kept of the reason of an override; people read it in the check run. */
const reasonCharactersMax = 500;

/**
 * `/countersign recheck`, `/countersign override <reason>`, `/countersign accept <full sha>`, or what looks like a command and is
 * none, as the first line of a new comment. Edited comments do nothing, and on an issue that is no pull request only `accept`
 * does something.
 * @param payload of an `issue_comment` event.
 * @returns null where there is no command. @throws ZodError where the payload is not GitHub's.
 */
export function commandIn(payload: unknown): Commented | null {
  const { action, installation, repository, issue, comment } = commentPayload.parse(payload);
  if (action !== "created") return null;
  const command = commandOf(comment);
  const onPull = issue.pull_request !== undefined;
  if (command === null || (!onPull && command.kind !== "accept")) return null;
  const repo = repository.full_name.toLowerCase();
  return { repo, number: issue.number, installation: installation.id, onPull, command };
}

function commandOf(comment: Comment): Commented["command"] | null {
  const [first = ""] = comment.body.split(/\r?\n/u);
  const line = first.trim();
  if (line === "/countersign recheck") return { kind: "recheck" };
  if (!/^\/countersign(?:\s|$)/u.test(line)) return null;
  const said = saidIn(comment);
  if (said === null) return null;
  const [, sha] = /^\/countersign accept\s+([0-9a-f]{40}|[0-9a-f]{64})$/u.exec(line) ?? [];
  if (sha !== undefined) return { kind: "accept", ...said, sha };
  const [overrides, reason = ""] = /^\/countersign override(?:\s+(.*))?$/su.exec(line) ?? [];
  if (overrides === undefined) return { kind: "unknown", ...said };
  // By characters: half of one could not be shown.
  return { kind: "override", ...said, reason: [...reason].slice(0, reasonCharactersMax).join("").trim() };
}

/** Null for what is no person, and for a comment that was changed before GitHub told us of it. */
function saidIn({ id, user, created_at: at, updated_at: updatedAt }: Comment): Said | null {
  const by = user === null ? null : accountOfUser(user);
  return by?.kind === "User" && updatedAt === at ? { comment: String(id), by, at } : null;
}
