import { readdirSync, readFileSync } from "node:fs";
import addFormats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { parsePolicy } from "../../src/config/policy-file.ts";
import { parseRoster } from "../../src/config/roster-file.ts";
import { toolSlugs } from "../../src/gate/catalogue.ts";
import { jsonSchemas } from "../../scripts/write-schemas.ts";
import { blocksOf } from "../repository/markdown.ts";

const folder = new URL("../../schemas/", import.meta.url);
const documents = Object.fromEntries(
  ["README.md", "docs/configuration.md"].map((path) => [
    path,
    readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"),
  ]),
);

const written = Object.fromEntries(
  readdirSync(folder).map((name) => {
    const schema: unknown = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
    return [name, z.looseObject({}).parse(schema)];
  }),
);

/** The files schemas/ has, as validators. */
const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
addFormats.default(ajv);
const roster = ajv.compile(written["roster.schema.json"] ?? false);
const policy = ajv.compile(written["policy.schema.json"] ?? false);

const levels = ["junior", "mid", "senior", "staff", "principal"];

test("the committed schemas are those of the code; `node scripts/write-schemas.ts` writes them", () => {
  expect(written).toEqual(jsonSchemas());
});

describe("of every key an editor can say what it is for:", () => {
  const withProperties = z.object({ properties: z.record(z.string(), z.looseObject({})) });
  const undescribed = (schema: unknown, path: string): string[] => {
    if (typeof schema !== "object" || schema === null) return [];
    const own = Object.entries(withProperties.safeParse(schema).data?.properties ?? {});
    return [
      ...own.filter(([, value]) => typeof value["description"] !== "string").map(([key]) => `${path}/${key}`),
      ...Object.entries(schema).flatMap(([key, value]) => undescribed(value, `${path}/${key}`)),
    ];
  };

  test.each(Object.keys(written))("%s", (name) => {
    expect(undescribed(written[name], name)).toEqual([]);
  });
});

describe("a roster that is right is right for an editor too:", () => {
  test.each([
    "people: { ada: principal, Grace-Hopper_acme: { level: senior, id: 1, emails: [g@acme.dev] } }",
    "people: { eve: { level: mid, away: { from: 2028-02-29, until: 2028-03-01 } } }",
    "levels: [L1, L2]\nunlisted: L1\nteams: { Acme/Staff_x: L2 }",
  ])("%s", (text) => {
    expect({ parser: parseRoster(text, "").kind, editor: roster(parse(text)) }).toEqual({
      parser: "ok",
      editor: true,
    });
  });
});

describe("a roster that is wrong is wrong for an editor too:", () => {
  test.each([
    "peple: { ada: senior }",
    "people: { ada: { id: 1 } }",
    "people: { '@ada': senior }",
    "people: { ada: { level: mid, emails: [ada] } }",
    "people: { ada: { level: mid, id: 0 } }",
    "people: { ada: { level: mid, away: { from: 2026-02-29, until: 2026-03-01 } } }",
    "people: [ada]",
    "teams: { staff: staff }",
    "levels: []",
  ])("%s", (text) => {
    expect({ parser: parseRoster(text, "").kind, editor: roster(parse(text)) }).toEqual({
      parser: "broken",
      editor: false,
    });
  });
});

describe("a policy that is right is right for an editor too:", () => {
  test.each([
    "{}",
    'mode: observe\nbranches: [~ALL, "release/*"]\nexempt: [{ only_paths: ["docs/**"] }]\noverride: { level: staff }',
    "rules: [{ name: a, require: { approvals: 1, level: mid } }]",
    "rules: [{ name: a, when: { level_below: mid, paths: [a], changed_lines_over: 0, labels: [l], tools: [t], base: [b], provenance: any }, require: { approvals: 1, level: mid } }]",
    "ai: { labels: [], undeclared: ai, notes: false, attestation: { human: a, ai: b } }",
    'ai: { markers: [{ tool: t, trailer: Made-With, value: "t*" }, { tool: t, trailer: X }, { tool: t, login: "t[bot]" }] }',
  ])("%s", (text) => {
    expect({ parser: parsePolicy(text, "", levels).kind, editor: policy(parse(text)) }).toEqual({
      parser: "ok",
      editor: true,
    });
  });
});

describe("a policy that is wrong is wrong for an editor too:", () => {
  test.each([
    "moode: enforce",
    "mode: enfore",
    "branches: main",
    "rules: [{ name: a, require: { approvals: 0, level: mid } }]",
    "rules: [{ name: a, require: { approvals: 1.5, level: mid } }]",
    "rules: [{ name: a, require: { level: mid } }]",
    "rules: [{ name: a, when: { path: [a] }, require: { approvals: 1, level: mid } }]",
    "rules: [{ name: a, when: { tools: [] }, require: { approvals: 1, level: mid } }]",
    "exempt: [{ only_paths: [] }]",
    "override: {}",
    "override: staff",
    "ai: { notes: please }",
    "ai: { attestation: { human: a } }",
    'ai: { attestation: { human: a, ai: "" } }',
    "ai: { markers: [{ tool: t }] }",
    "ai: { markers: [{ tool: t, trailer: X, login: t }] }",
    "ai: { markers: [{ tool: t, trailer: X, login: t, value: x }] }",
    "ai: { markers: [{ tool: t, value: x }] }",
    "ai: { markers: [{ tool: t, login: t, value: x }] }",
    'ai: { markers: [{ tool: t, trailer: "X:" }] }',
    "ai: { markers: [{ trailer: X }] }",
  ])("%s", (text) => {
    expect({ parser: parsePolicy(text, "", levels).kind, editor: policy(parse(text)) }).toEqual({
      parser: "broken",
      editor: false,
    });
  });
});

describe("the documents", () => {
  const files = blocksOf(documents, "yaml").flatMap((block) => {
    const name = /^# \.github\/countersign\/(roster|policy)\.yml\n/.exec(block.text)?.[1];
    return name === undefined ? [] : [{ ...block, name, where: `${block.path}:${block.line}` }];
  });

  test("show whole files of both kinds", () => {
    expect(new Set(files.map(({ path, name }) => `${path} ${name}`))).toEqual(
      new Set(Object.keys(documents).flatMap((path) => [`${path} roster`, `${path} policy`])),
    );
  });

  test.each(files)("name at $where the schema that fits the file", ({ name, text }) => {
    const validate = name === "roster" ? roster : policy;
    expect(text.split("\n")[1]).toBe(`# yaml-language-server: $schema=${name}.schema.json`);
    expect(validate(parse(text))).toBe(true);
  });

  test("list the tools that a rule can name", () => {
    const list = /^`any` .*\n\n(`.+`)\.$/ms.exec(documents["docs/configuration.md"] ?? "")?.[1] ?? "";
    const named = [...list.matchAll(/`([^`]+)`/g)].map(([, slug]) => slug);
    expect(named).toEqual(toolSlugs.filter((slug) => slug !== "any").toSorted());
  });
});
