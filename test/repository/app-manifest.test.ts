import { expect, it } from "vitest";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { z } from "zod";
import { events as handledEvents } from "../../src/github/events.ts";
import { read } from "./files.ts";

const manifest = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    url: z.url(),
    default_permissions: z.record(z.string(), z.enum(["read", "write"])),
    default_events: z.array(z.string()),
  })
  .parse(parseDocument(read("app.yml")).toJS());

/** Sent to every app without a subscription: the last two with write access to checks, the others always. */
const unaskedEvents = [
  "installation",
  "installation_repositories",
  "installation_target",
  "check_run",
  "check_suite",
];

/** The permission GitHub demands for an event: https://docs.github.com/webhooks/webhook-events-and-payloads */
const permissionOfEvent: Readonly<Record<string, string>> = {
  deployment_protection_rule: "deployments",
  issue_comment: "issues",
  label: "metadata",
  member: "members",
  membership: "members",
  merge_group: "merge_queues",
  organization: "members",
  pull_request: "pull_requests",
  pull_request_review: "pull_requests",
  push: "contents",
  repository: "metadata",
  status: "statuses",
  team: "members",
};

it("asks for these permissions and no others", () => {
  expect(manifest.default_permissions).toEqual({
    metadata: "read",
    contents: "read",
    pull_requests: "write",
    issues: "write",
    checks: "write",
    statuses: "write",
    actions: "read",
    deployments: "write",
    merge_queues: "read",
    members: "read",
  });
});

it("subscribes to the events that the app handles and GitHub does not send anyway", () => {
  const handled = Object.keys(handledEvents).filter((event) => !unaskedEvents.includes(event));
  expect(manifest.default_events.toSorted()).toEqual(handled.toSorted());
});

it("asks for the permission that each event needs, without which GitHub refuses the manifest", () => {
  const missing = manifest.default_events.filter((event) => {
    const permission = permissionOfEvent[event];
    return permission === undefined || manifest.default_permissions[permission] === undefined;
  });
  expect(missing).toEqual([]);
});

it("gives the reason for each permission and each event beside it", () => {
  const document = parseDocument(read("app.yml"));
  const permissions = document.get("default_permissions");
  const events = document.get("default_events");
  if (!isMap(permissions) || !isSeq(events)) throw new Error("app.yml: permissions are a map, events a list");
  const values = [...permissions.items.map((pair) => pair.value), ...events.items];
  const silent = values.filter((value) => !isScalar(value) || (value.comment?.trim() ?? "") === "");
  expect(silent).toEqual([]);
});
