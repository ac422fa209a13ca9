import { z } from "zod";
import { actorSchema, gitActorSchema } from "./accounts.ts";
import type { Connection } from "./facts-query.ts";

/** What the facts query answers, with only the fields that are used. GitHub answers null for what it will not show. */
const oid = z.object({ oid: z.string() });

function connection<Node extends z.ZodType>(node: Node) {
  return z.object({
    totalCount: z.number(),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    nodes: z.array(node.nullable()).transform((nodes) => nodes.filter((item) => item !== null)),
  });
}

export const commitSchema = z.object({
  oid: z.string(),
  message: z.string(),
  tree: oid,
  parents: z.object({ nodes: z.array(oid) }),
  author: gitActorSchema.nullable(),
  committer: gitActorSchema.nullable(),
  authors: z.object({ totalCount: z.number(), nodes: z.array(gitActorSchema) }),
  signature: z.object({ isValid: z.boolean(), wasSignedByGitHub: z.boolean() }).nullable(),
});

export type CommitAnswer = z.infer<typeof commitSchema>;

const file = z.object({
  path: z.string(),
  additions: z.number(),
  deletions: z.number(),
  changeType: z.string(),
});

const review = z.object({
  fullDatabaseId: z.union([z.string(), z.number()]).transform(String),
  state: z.enum(["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]),
  submittedAt: z.string().nullable(),
  authorCanPushToRepository: z.boolean(),
  author: actorSchema,
  commit: oid.nullable(),
});

const label = z.object({ name: z.string() });
const event = { createdAt: z.string(), actor: actorSchema };

const timelineItem = z.discriminatedUnion("__typename", [
  z.object({ __typename: z.literal("LabeledEvent"), ...event, label }),
  z.object({ __typename: z.literal("UnlabeledEvent"), ...event, label }),
  z.object({
    __typename: z.literal("HeadRefForcePushedEvent"),
    ...event,
    beforeCommit: oid.nullable(),
    afterCommit: oid.nullable(),
  }),
  // GitHub retargets by itself when the base branch is merged and deleted.
  z.object({
    __typename: z.literal("AutomaticBaseChangeSucceededEvent"),
    ...event,
    oldBase: z.string(),
    newBase: z.string(),
  }),
  z.object({
    __typename: z.literal("BaseRefChangedEvent"),
    ...event,
    previousRefName: z.string(),
    currentRefName: z.string(),
  }),
  z.object({ __typename: z.literal("AssignedEvent"), ...event, assignee: actorSchema }),
  z.object({
    __typename: z.literal("ReviewDismissedEvent"),
    ...event,
    previousReviewState: review.shape.state,
    review: review.pick({ fullDatabaseId: true }).nullable(),
  }),
]);

/** The pages that a pull request may have more than one of. Null: GitHub would not show the connection. */
const pageSchemas = {
  commits: connection(z.object({ commit: commitSchema })).nullable(),
  files: connection(file).nullable(),
  reviews: connection(review).nullable(),
  labels: connection(label).nullable(),
  timeline: connection(timelineItem).nullable(),
} satisfies Record<Connection, z.ZodType>;

const pagesSchema = z.object(pageSchemas);

/** What a rule asks for that requires checks. */
export const requiredChecks = z.object({
  requiredStatusChecks: z
    .array(z.object({ context: z.string(), integrationId: z.number().nullable() }))
    .optional(),
});

/** A branch, with what is required on it. */
export const baseRef = z.object({
  /** Open pull requests of which the base branch is the head: this one may be stacked on them. */
  associatedPullRequests: z.object({ totalCount: z.number() }),
  refUpdateRule: z
    .object({ requiredStatusCheckContexts: z.array(z.string().nullable()).nullable() })
    .nullable(),
  rules: z
    .object({
      totalCount: z.number(),
      nodes: z.array(z.object({ type: z.string(), parameters: requiredChecks.nullable() })),
    })
    .nullable(),
});

export const checkRun = z.object({
  databaseId: z.number(),
  status: z.string(),
  conclusion: z.string().nullable(),
  detailsUrl: z.string().nullable(),
  title: z.string().nullable(),
  summary: z.string().nullable(),
  text: z.string().nullable(),
});

const checkRuns = z.object({ nodes: z.array(checkRun) }).nullable();

/** What other apps and people report under our check's name. */
const sameNamed = {
  suites: z
    .object({
      nodes: z.array(
        z.object({
          app: z.object({ databaseId: z.number().nullable(), slug: z.string() }).nullable(),
          checkRuns: z.object({ totalCount: z.number() }).nullable(),
        }),
      ),
    })
    .nullish(),
  status: z
    .object({
      contexts: z.array(
        z.object({ context: z.string(), creator: z.object({ login: z.string() }).nullable() }),
      ),
    })
    .nullish(),
};

/** The head commit: our check runs on it, and the pull requests it is in. */
const headCommitSchema = z.object({
  oid: z.string(),
  associatedPullRequests: z
    .object({
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
      nodes: z.array(
        z.object({
          number: z.number(),
          state: z.string(),
          headRefOid: z.string(),
          baseRepository: z.object({ nameWithOwner: z.string() }).nullable(),
        }),
      ),
    })
    .nullable(),
  checkSuites: z.object({ nodes: z.array(z.object({ checkRuns, configCheckRuns: checkRuns })) }).nullish(),
  ...sameNamed,
});

export type HeadCommit = z.infer<typeof headCommitSchema>;

const pullSchema = pagesSchema.extend({
  number: z.number(),
  url: z.string(),
  state: z.enum(["OPEN", "CLOSED", "MERGED"]),
  title: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  body: z.string(),
  lastEditedAt: z.string().nullable(),
  editor: actorSchema,
  headRefName: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  baseRefOid: z.string(),
  mergedAt: z.string().nullable(),
  mergedBy: actorSchema,
  mergeCommit: commitSchema.nullable(),
  /** All of them; the connection ends at GitHub's limit of 3,000. */
  changedFiles: z.number(),
  headRepository: z.object({ nameWithOwner: z.string() }).nullable(),
  author: actorSchema,
  assignees: z.object({ nodes: z.array(z.object({ login: z.string(), databaseId: z.number().nullable() })) }),
  baseRef: baseRef.nullable(),
  head: z.object({ nodes: z.array(z.object({ commit: headCommitSchema })) }),
});
export type PullAnswer = z.infer<typeof pullSchema>;

/** A file, as the fragment `blob` asks for it; without an `oid` it is something else than a file. */
export const blobSchema = z
  .object({
    oid: z.string().optional(),
    byteSize: z.number().optional(),
    isTruncated: z.boolean().optional(),
    text: z.string().nullish(),
  })
  .nullable();
const history = z.object({ nodes: z.array(oid) }).optional();

export const configFilesSchema = z.object({
  nameWithOwner: z.string(),
  roster: blobSchema,
  policy: blobSchema,
  defaultBranchRef: z
    .object({
      name: z.string(),
      target: z.object({ rosterHistory: history, policyHistory: history }).nullable(),
    })
    .nullable(),
});

export const factsSchema = z.object({
  repository: configFilesSchema
    .extend({ isPrivate: z.boolean(), pullRequest: pullSchema.nullable() })
    .nullable(),
  config: configFilesSchema.nullable(),
});

export const moreSchema = z.object({
  repository: z
    .object({ pullRequest: pagesSchema.partial().extend({ headRefOid: z.string() }).nullable() })
    .nullable(),
});

export const headSchema = z.object({
  repository: z.object({ object: headCommitSchema.nullable() }).nullable(),
});

const queueEntry = z
  .object({ position: z.number(), pullRequest: z.object({ number: z.number() }).nullable() })
  .transform(({ position, pullRequest }) => ({ position, number: pullRequest?.number ?? null }));

export const groupSchema = z.object({
  repository: z
    .object({
      ref: z.object({ target: oid.nullable() }).nullable(),
      mergeQueue: z
        .object({ entries: z.object({ totalCount: z.number(), nodes: z.array(queueEntry) }) })
        .nullable(),
      object: headCommitSchema.nullable(),
    })
    .nullable(),
});

export const branchSchema = z.object({
  repository: configFilesSchema
    .extend({
      url: z.string(),
      ref: baseRef.omit({ associatedPullRequests: true }).extend({ target: oid.nullable() }).nullable(),
    })
    .nullable(),
  config: configFilesSchema.nullable(),
});
