/**
 * The one query of a look. Every connection asks for a page of 100, GitHub's maximum, so that most pull requests need no
 * second request; `morePages` continues those connections that have more, and repeats the head SHA.
 *
 * Oldest GitHub Enterprise Server: 3.13, the first whose schema has `Ref.rules` and `PullRequestReview.fullDatabaseId`. On
 * an older one GitHub refuses the whole query with "Field 'rules' doesn't exist on type 'Ref'".
 */

export const rosterPath = ".github/countersign/roster.yml";
export const policyPath = ".github/countersign/policy.yml";

const actor = "__typename login ... on User { databaseId } ... on Bot { databaseId }";
const assignee = `__typename ... on User { login databaseId } ... on Bot { login databaseId } ... on Mannequin { login } ... on Organization { login }`;
const gitActor = "name email user { login databaseId }";

/** What is asked of a commit, wherever it is met. */
export const commitFields = `
      oid message tree { oid } parents(first: 10) { nodes { oid } }
      author { ${gitActor} } committer { ${gitActor} }
      authors(first: 50) { totalCount nodes { ${gitActor} } }
      signature { isValid wasSignedByGitHub }`;

const pages = {
  commits: `commits(first: 100, after: $commits) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { commit {${commitFields}
    } }
  }`,
  files: `files(first: 100, after: $files) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { path additions deletions changeType }
  }`,
  reviews: `reviews(first: 100, after: $reviews) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { fullDatabaseId state submittedAt authorCanPushToRepository author { ${actor} } commit { oid } }
  }`,
  labels: `labels(first: 100, after: $labels) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { name }
  }`,
  timeline: `timeline: timelineItems(
    first: 100, after: $timeline,
    itemTypes: [
      LABELED_EVENT, UNLABELED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, REVIEW_DISMISSED_EVENT,
      BASE_REF_CHANGED_EVENT, ASSIGNED_EVENT, AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT
    ]
  ) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes {
      __typename
      ... on LabeledEvent { createdAt actor { ${actor} } label { name } }
      ... on UnlabeledEvent { createdAt actor { ${actor} } label { name } }
      ... on HeadRefForcePushedEvent { createdAt actor { ${actor} } beforeCommit { oid } afterCommit { oid } }
      ... on BaseRefChangedEvent { createdAt actor { ${actor} } previousRefName currentRefName }
      ... on AutomaticBaseChangeSucceededEvent { createdAt actor { ${actor} } oldBase newBase }
      ... on AssignedEvent { createdAt actor { ${actor} } assignee { ${assignee} } }
      ... on ReviewDismissedEvent { createdAt actor { ${actor} } previousReviewState review { fullDatabaseId } }
    }
  }`,
};

export type Connection = keyof typeof pages;
export const connections: readonly Connection[] = ["commits", "files", "reviews", "labels", "timeline"];

const cursors = connections.map((name) => `$${name}: String`).join(", ");

/** The roster and policy blobs, and whether the default branch's history knows the files: removed is not the same as never there. */
export const configFiles = `
  nameWithOwner
  roster: object(expression: "HEAD:${rosterPath}") { ...blob }
  policy: object(expression: "HEAD:${policyPath}") { ...blob }
  defaultBranchRef { name target { ... on Commit {
    rosterHistory: history(first: 1, path: "${rosterPath}") { nodes { oid } }
    policyHistory: history(first: 1, path: "${policyPath}") { nodes { oid } }
  } } }`;

/** What a branch asks for: classic branch protection, and rulesets. */
export const protection = `refUpdateRule { requiredStatusCheckContexts }
        rules(first: 100) { totalCount nodes {
          type parameters { ... on RequiredStatusChecksParameters { requiredStatusChecks { context integrationId } } }
        } }`;

const checkRun = "databaseId status conclusion detailsUrl title summary text";

/** Our check runs on the head commit, and the pull requests it is in. */
const headCommit = `
fragment headCommit on Commit {
  oid
  associatedPullRequests(first: 100, after: $associated) {
    pageInfo { hasNextPage endCursor }
    nodes { number state headRefOid baseRepository { nameWithOwner } }
  }
  checkSuites(first: 10, filterBy: { appId: $appId }) @include(if: $asApp) { nodes {
    checkRuns(first: 10, filterBy: { checkName: "Countersign", checkType: LATEST }) { nodes { ${checkRun} } }
    configCheckRuns: checkRuns(first: 10, filterBy: { checkName: "Countersign config", checkType: LATEST }) {
      nodes { ${checkRun} }
    }
  } }
}`;

/**
 * Who else reports under our check's name on the head commit. GitHub finds check runs by their name; commit statuses it only
 * lists, all of a commit at once. Twenty apps are more than anybody has.
 */
const sameNamed = `
fragment sameNamed on Commit {
  suites: checkSuites(first: 20, filterBy: { checkName: "Countersign" }) @include(if: $asApp) { nodes {
    app { databaseId slug } checkRuns(first: 1, filterBy: { checkName: "Countersign" }) { totalCount }
  } }
  status @include(if: $asApp) { contexts { context creator { login } } }
}`;

/** The parts of the answer that no verdict depends on: an app that may not read them judges all the same. */
export const sameNamedParts: readonly string[] = ["suites", "status"];

/**
 * GitHub would follow a name that a repository gave up, even to another owner's: what is remembered goes by names, and roster and
 * policy are read from the owner's own repository, so nothing that begins a look does.
 *
 * Variables: owner, repo, number, configRepo, appId, asApp, and the cursors, all null. A reader that is no app has the appId
 * null and asApp false: it has no check run, and a fine-grained personal token may read none.
 */
export const factsQuery = `
query Facts(
  $owner: String!, $repo: String!, $number: Int!, $configRepo: String!, $appId: Int, $asApp: Boolean!, $associated: String, ${cursors}
) {
  repository(owner: $owner, name: $repo, followRenames: false) {
    isPrivate ${configFiles}
    pullRequest(number: $number) {
      number url state title createdAt updatedAt body lastEditedAt headRefName headRefOid baseRefName baseRefOid changedFiles
      mergedAt mergedBy { ${actor} } mergeCommit { ...commit }
      headRepository { nameWithOwner }
      author { ${actor} } editor { ${actor} }
      assignees(first: 20) { nodes { login databaseId } }
      baseRef {
        associatedPullRequests(states: [OPEN], first: 1) { totalCount }
        ${protection}
      }
      ${connections.map((name) => pages[name]).join("\n")}
      head: commits(last: 1) { nodes { commit { ...headCommit ...sameNamed } } }
    }
  }
  config: repository(owner: $owner, name: $configRepo, followRenames: false) { ${configFiles} }
}
fragment blob on Blob { oid byteSize isTruncated text }
fragment commit on Commit {${commitFields}
}
${headCommit}${sameNamed}`;

/** The head commit by its SHA, with a further page of the pull requests it is in. */
export const headQuery = `
query Head($owner: String!, $repo: String!, $sha: GitObjectID!, $appId: Int, $asApp: Boolean!, $associated: String) {
  repository(owner: $owner, name: $repo) { object(oid: $sha) { ...headCommit ...sameNamed } }
}
${headCommit}${sameNamed}`;

/** A merge group: whether its branch is still there, who is in the queue, and our check run on its commit. */
export const groupQuery = `
query Group(
  $owner: String!, $repo: String!, $headRef: String!, $base: String!, $sha: GitObjectID!,
  $appId: Int, $asApp: Boolean!, $associated: String
) {
  repository(owner: $owner, name: $repo, followRenames: false) {
    ref(qualifiedName: $headRef) { target { oid } }
    mergeQueue(branch: $base) { entries(first: 100) { totalCount nodes { position pullRequest { number } } } }
    object(oid: $sha) { ...headCommit }
  }
}
${headCommit}`;

/** Continues the given connections from their cursors. The head SHA is repeated: pages of two heads must not be mixed. */
export function morePages(wanted: readonly Connection[]): string {
  const names = wanted.map((name) => `$${name}: String`).join(", ");
  return `query MoreFacts($owner: String!, $repo: String!, $number: Int!, ${names}) {
    repository(owner: $owner, name: $repo) { pullRequest(number: $number) {
      headRefOid ${wanted.map((name) => pages[name]).join("\n")}
    } }
  }`;
}
