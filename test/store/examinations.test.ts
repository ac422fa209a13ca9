import { expect, test } from "vitest";
import type { Finding } from "../../src/gate/protection.ts";
import {
  examinedAt,
  forgetExamination,
  lastFindings,
  recordExamination,
} from "../../src/store/examinations.ts";
import { freshStore } from "./fresh-store.ts";

const finding = (kind: Finding["kind"], repository: string | null): Finding => ({
  kind,
  severity: "error",
  owner: "acme",
  repository,
  branch: null,
  environment: null,
  what: "It is open.",
  repair: { page: "Close it.", api: null },
});

test("what was found last stands for each place, and what two places share is told once", async () => {
  const store = await freshStore();
  const wide = finding("roster-broken", null);
  await recordExamination(store, { place: "acme", at: 1, findings: [wide] });
  await recordExamination(store, {
    place: "Acme/Shop",
    at: 1,
    findings: [finding("check-not-required", "acme/shop")],
  });
  await recordExamination(store, {
    place: "acme/shop",
    at: 2,
    findings: [wide, finding("bypass", "acme/shop")],
  });
  await recordExamination(store, { place: "acme/gone", at: 3, findings: [finding("bypass", "acme/gone")] });
  await forgetExamination(store, "acme/gone");
  expect([Object.fromEntries(await examinedAt(store)), await lastFindings(store)]).toEqual([
    { acme: 1, "acme/shop": 2 },
    { repositories: ["acme/shop"], findings: [wide, finding("bypass", "acme/shop")] },
  ]);
});
