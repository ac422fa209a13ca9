import type { Generated } from "kysely";

/**
 * The tables as Kysely sees them. Times are milliseconds since the epoch, yes and no are 1 and 0 (SQLite has no
 * boolean), `repo` is `owner/name` in lower case. What each is for stands beside its migration.
 */
export type Tables = {
  deliveries: {
    guid: string;
    at: number;
    event: string;
    action: string | null;
    outcome: string;
    repeats: number;
  };
  marks: {
    target: string;
    installation: number;
    scope: string;
    generation: number;
    priority: number;
    due_at: number;
    attempts: number;
    rewrite: number;
    lease_by: string | null;
    lease_until: number;
    error: string | null;
  };
  observations: {
    id: Generated<number>;
    repo: string;
    number: number;
    kind: string;
    key: string;
    sha: string | null;
    actor_id: number | null;
    body: string;
    at: number;
  };
  pulls: {
    repo: string;
    number: number;
    installation: number;
    head_sha: string;
    base: string;
    open: number;
    merged: number;
    updated_at: string | null;
    opened_at: number | null;
    facts: Buffer | null;
    verdict: string | null;
    config_versions: string | null;
    audit_seq: number | null;
  };
  chores: { name: string; due_at: number; done_at: number };
  shown: {
    id: Generated<number>;
    repo: string;
    number: number;
    sha: string;
    passing: number;
    at: number;
  };
  branch_pushes: {
    id: Generated<number>;
    repo: string;
    branch: string;
    actor: string;
    before: string | null;
    after: string;
    forced: number;
    at: number;
  };
  traces: { repo: string; trace: string; number: number };
  landed: {
    repo: string;
    branch: string;
    sha: string;
    number: number | null;
    how: string;
    cleared: number;
    body: string;
    audit_seq: number | null;
    at: number;
  };
  examinations: { place: string; at: number; findings: string };
  deployments: {
    target: string;
    repo: string;
    installation: number;
    run: number;
    environment: string;
    sha: string | null;
    state: string;
    settled: number;
    asked_at: number;
    attempt: number;
    reports: number;
    said: string | null;
  };
  approved_shas: { repo: string; environment: string; sha: string; at: number };
  ledgers: { repo: string; branch: string; head: string };
  bypasses: {
    repo: string;
    branch: string;
    sha: string;
    number: number | null;
    text: string;
    issue: number | null;
    asked: number;
    open: number;
    audit_seq: number;
    at: number;
  };
  heads: { repo: string; sha: string; lease_by: string | null; lease_until: number; look: number };
  groups: { repo: string; sha: string; head_ref: string; base: string; pulls: string | null };
  configs: {
    owner: string;
    repo: string;
    path: string;
    version: string;
    text: string;
    valid: number;
    seen_at: number;
  };
  audit: {
    seq: number;
    at: number;
    kind: string;
    repo: string | null;
    number: number | null;
    sha: string | null;
    actor_id: number | null;
    body: string;
    previous_hash: string;
    hash: string;
  };
};
