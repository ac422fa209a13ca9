import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { environmentOf, readDockerfile, textsOf } from "../../scripts/dockerfile.ts";
import { packageJson, read, repositoryFiles, root } from "./files.ts";

const variables = [...read(".env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name = ""]) => name);
const manifests = repositoryFiles.filter((path) => /^deploy\/kubernetes\/.+\.yaml$/.test(path));

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);
// Compose's own durations are not ISO 8601's; the other formats are left to what reads the files.
ajv.addFormat("duration", /^(\d+(us|ms|s|m|h))+$/);
for (const format of ["expose", "ports", "subnet_ip_address", "quantity"]) ajv.addFormat(format, true);
const schemaIn = (path: string) => z.record(z.string(), z.unknown()).parse(JSON.parse(read(path)));
ajv.addSchema(schemaIn("test/deploy/kubernetes-schemas.json"), "kubernetes");
const compose = ajv.compile(schemaIn("test/deploy/compose-schema.json"));

const kinds: Readonly<Record<string, string>> = {
  "apps/v1 Deployment": "io.k8s.api.apps.v1.Deployment",
  "policy/v1 PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
  "v1 Secret": "io.k8s.api.core.v1.Secret",
  "v1 Service": "io.k8s.api.core.v1.Service",
};

/** What Kubernetes' own schema says is wrong with a manifest. */
function manifestProblems(manifest: unknown): string[] {
  const { apiVersion, kind } = z.looseObject({ apiVersion: z.string(), kind: z.string() }).parse(manifest);
  const schema = kinds[`${apiVersion} ${kind}`];
  if (schema === undefined) return [`${apiVersion} ${kind} is not among the vendored schemas`];
  const validate = ajv.getSchema(`kubernetes#/definitions/${schema}`);
  return validate === undefined ? [`there is no schema of ${schema}`] : problemsOf(validate, manifest);
}

function problemsOf(validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

const documentsIn = (path: string): unknown[] =>
  parseAllDocuments(read(path)).map((document) => z.unknown().parse(document.toJS()));

describe("the Kubernetes manifests", () => {
  it.each(manifests)("%s is what Kubernetes takes", (path) => {
    expect(documentsIn(path).flatMap(manifestProblems)).toEqual([]);
  });

  it("would be refused with a key or a value that Kubernetes does not know", () => {
    const text = read("deploy/kubernetes/deployment.yaml");
    const broken = (from: string, to: string) => manifestProblems(parse(text.replace(from, to)));
    expect(broken("readOnlyRootFilesystem", "readOnlyRootFileSystem")).not.toEqual([]);
    expect(broken("replicas: 2", "replicas: two")).not.toEqual([]);
    expect(broken("image: ", "imgae: ")).not.toEqual([]);
  });

  it("run two servers that are asked as docs/operations.md says, without root and on a file system they cannot write", () => {
    const [deployment] = documentsIn("deploy/kubernetes/deployment.yaml");
    expect(deployment).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: {
            automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true, runAsUser: 1000 },
            containers: [
              {
                livenessProbe: { httpGet: { path: "/ping" } },
                readinessProbe: { httpGet: { path: "/health" } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
              },
            ],
          },
        },
      },
    });
    const label = { "app.kubernetes.io/name": "countersign" };
    expect(deployment).toMatchObject({ spec: { template: { metadata: { labels: label } } } });
    expect(documentsIn("deploy/kubernetes/service.yaml")).toMatchObject([{ spec: { selector: label } }]);
    expect(documentsIn("deploy/kubernetes/pod-disruption-budget.yaml")).toMatchObject([
      { spec: { minAvailable: 1, selector: { matchLabels: label } } },
    ]);
  });

  it("set variables that there are", () => {
    const text = manifests.map(read).join("\n");
    const named = [...text.matchAll(/\b([A-Z]+(?:_[A-Z]+)+)\b(?=[,:])/g)].map(([, name = ""]) => name);
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !variables.includes(name))).toEqual([]);
  });
});

describe("compose.yaml", () => {
  const schema = z.object({
    services: z.object({ countersign: z.looseObject({ environment: z.record(z.string(), z.string()) }) }),
  });

  it("is what the Compose specification takes", () => {
    expect(problemsOf(compose, parse(read("compose.yaml")))).toEqual([]);
    const broken = parse(read("compose.yaml").replace("read_only:", "readonly:"));
    expect(problemsOf(compose, broken)).not.toEqual([]);
  });

  it("sets variables that there are, and starts a server that can write nothing", () => {
    const { countersign } = schema.parse(parse(read("compose.yaml"))).services;
    expect(Object.keys(countersign.environment).filter((name) => !variables.includes(name))).toEqual([]);
    expect(countersign).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
  });
});

describe("the Dockerfile", () => {
  const stages = readDockerfile(read("Dockerfile"));
  const last = stages.at(-1);

  it("leaves npm's work in an earlier stage, compiles nothing, and does not run as root", () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(textsOf(last, "RUN").join("\n")).not.toMatch(/npm|apt/);
    expect(read("Dockerfile")).not.toMatch(/apt-get|gcc|g\+\+|make /);
    expect(textsOf(last, "USER")).toEqual(["1000:1000"]);
  });

  it("copies files that are there and that .dockerignore lets through", () => {
    const allowed = [...read(".dockerignore").matchAll(/^!(.+)$/gm)].map(([, path]) => path);
    const copied = stages
      .flatMap((stage) => textsOf(stage, "COPY"))
      .filter((text) => !text.startsWith("--from="))
      .flatMap((text) => text.split(/\s+/).slice(0, -1));
    expect(copied.filter((path) => !allowed.includes(path))).toEqual([]);
    const missing = copied.filter(
      (path) => !repositoryFiles.some((file) => `${file}/`.startsWith(`${path}/`)),
    );
    expect(missing).toEqual([]);
  });

  it("sets variables that there are, and starts and asks the server itself", () => {
    const own = Object.keys(environmentOf(last)).filter((name) => name !== "NODE_ENV");
    expect(own.filter((name) => !variables.includes(name))).toEqual([]);
    expect(textsOf(last, "CMD")).toEqual(['["node", "src/main.ts"]']);
    expect(textsOf(last, "HEALTHCHECK")[0]).toContain("/ping");
  });

  it("is played in CI, command by command", () => {
    expect(read(".ci/run")).toContain('step node scripts/run-dockerfile.ts "$work/image"');
  });

  it("is not read past what is understood of it", () => {
    expect(() => readDockerfile("FROM a\nADD https://example.org/x /x\n")).toThrow("ADD https");
  });
});

it("deploy/countersign.service starts Node itself, with a folder of its own to write", () => {
  const unit = read("deploy/countersign.service");
  expect(unit).toContain("\nExecStart=/opt/countersign/node_modules/.bin/node src/main.ts\n");
  expect(unit).toContain("\nStateDirectory=countersign\nStateDirectoryMode=0700\n");
  expect(unit).toContain("\nEnvironment=DATA_DIR=/var/lib/countersign\n");
  const lines = unit.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines.filter((line) => !/^(\[(Unit|Service|Install)\]|[A-Z]\w+=.*)$/.test(line))).toEqual([]);
});

describe("in a repository of rosters and policies", () => {
  const action = z
    .object({
      runs: z.object({ using: z.string(), steps: z.array(z.looseObject({ run: z.string().optional() })) }),
    })
    .parse(parse(read("action.yml")));
  const script = action.runs.steps.at(-1)?.run ?? "";

  /** Runs the action's last step in a folder with these files. */
  function act(files: Readonly<Record<string, string>>, FILES = "") {
    const folder = mkdtempSync(join(tmpdir(), "countersign-action-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
    const env = { PATH, ACTION: root.replace(/\/$/, ""), FILES };
    // As GitHub starts a step whose shell is bash.
    const args = ["--noprofile", "--norc", "-eo", "pipefail", "-c", script];
    const { status, stdout, stderr } = spawnSync("bash", args, { cwd: folder, env, encoding: "utf8" });
    return { status, lines: stdout.split("\n"), stderr };
  }

  const pattern = z
    .object({ problemMatcher: z.tuple([z.object({ pattern: z.tuple([z.object({ regexp: z.string() })]) })]) })
    .parse(JSON.parse(read(".github/problem-matcher.json"))).problemMatcher[0].pattern[0];
  const annotations = (lines: readonly string[]) =>
    lines.flatMap((line) => {
      const [, file, row, column, severity, message] = new RegExp(pattern.regexp).exec(line) ?? [];
      return file === undefined ? [] : [{ file, row, column, severity, message }];
    });

  it("the action checks roster and policy, and GitHub finds an annotation in every line about them", () => {
    const { status, lines } = act({
      ".github/countersign/roster.yml": "people: { ada: seniour }\n",
      ".github/countersign/policy.yml": "moode: observe\n",
    });
    expect(status).toBe(2);
    expect(lines[0]).toBe(`::add-matcher::${root}.github/problem-matcher.json`);
    const message = expect.stringMatching(/^(people\.ada: level|moode: unknown key) /);
    expect(annotations(lines.slice(1))).toEqual([
      { file: ".github/countersign/roster.yml", row: "1", column: "16", severity: undefined, message },
      { file: ".github/countersign/policy.yml", row: "1", column: "1", severity: undefined, message },
    ]);
  });

  it("the action warns of what only a warning is about, and passes", () => {
    const policy = "rules: [{ name: Top, require: { approvals: 2, level: staff } }]\n";
    const { status, lines } = act(
      { "r/roster.yml": "people: { ada: staff }\n", "r/policy.yml": policy },
      "r/roster.yml r/policy.yml",
    );
    expect(status).toBe(0);
    expect(annotations(lines.slice(1))).toMatchObject([{ file: "r/policy.yml", severity: "warning" }]);
  });

  it("the action does not pass where there is nothing to check", () => {
    expect(act({})).toMatchObject({ status: 2, stderr: expect.stringContaining("no file given") });
  });

  it("the pre-commit hook runs the package's own command on both files, wherever it stands in the list", () => {
    const [hook] = z
      .array(z.looseObject({ entry: z.string(), files: z.string() }))
      .parse(parse(read(".pre-commit-hooks.yaml")));
    expect(Object.keys(packageJson.bin)).toContain(hook?.entry.split(" ")[0]);
    const matches = (path: string) => new RegExp(hook?.files ?? "").test(path);
    expect([".github/countersign/roster.yml", ".github/countersign/policy.yaml"].every(matches)).toBe(true);
    expect([".github/countersign/roster.yml.bak", "roster.yml"].some(matches)).toBe(false);
  });
});
