import { posix } from "node:path";
import { importsOf, type Sources } from "./source.ts";

/** Every rule takes source files and returns one line per problem: none means the rule holds. */

/** What each part of src may import besides itself: a folder, or one file. docs/architecture.md draws the same arrows. */
const allowedParts: Readonly<Record<string, readonly string[]>> = {
  gate: [],
  config: ["gate"],
  github: ["gate"],
  store: ["gate"],
  rules: ["gate", "config", "github", "store"],
  memory: ["gate", "store"],
  restore: ["gate", "github", "store", "memory"],
  "read-together": ["github", "store"],
  "collect-facts": ["gate", "rules", "github", "store", "memory", "restore", "read-together"],
  "answer-commands": ["gate", "github", "store"],
  lease: ["github", "store"],
  "left-heads": ["gate", "github", "store", "lease", "read-together"],
  "publish-checks": ["gate", "github", "rules", "lease"],
  look: [
    "gate",
    "github",
    "store",
    "collect-facts",
    "read-together",
    "memory",
    "answer-commands",
    "left-heads",
    "lease",
    "publish-checks",
    "rules",
  ],
  "failed-look": ["gate", "github", "store", "lease", "look", "publish-checks"],
  "look-group": [
    "gate",
    "github",
    "store",
    "read-together",
    "collect-facts",
    "lease",
    "look",
    "publish-checks",
  ],
  delivery: ["production", "failed-look", "lease", "look", "look-group", "rules", "store", "github"],
  production: ["gate", "store", "github", "rules", "look", "lease"],
  web: ["gate", "store", "github/access"],
  cli: ["gate", "config", "github", "store", "collect-facts", "read-together", "production", "node-version"],
  app: ["*"],
  server: ["*"],
  main: ["*"],
  start: ["*"],
  health: ["*"],
  metrics: ["delivery", "github"],
  log: [],
  proxy: ["delivery"],
  "node-version": [],
};

const entryPoints = ["src/main.ts", "src/cli/main.ts"];
const probotTypes = ["src/app.ts", "src/server.ts", "src/start.ts"];

/** Each part imports only the parts it is allowed to, and the gate no package but re2js. */
export function partProblems(sources: Sources): string[] {
  const unknown = Object.keys(sources).filter((path) => allowedParts[partOf(path)] === undefined);
  const wrong = eachImport(sources).flatMap(({ path, where, specifier }) => {
    const part = partOf(path);
    const allowed = allowedParts[part];
    if (allowed === undefined) return [];
    if (specifier === null) return [`${where}: imports something that is not a plain string`];
    if (!specifier.startsWith(".")) {
      return part === "gate" && specifier !== "re2js" ? [`${where}: gate may not import ${specifier}`] : [];
    }
    const target = resolve(path, specifier);
    if (!target.startsWith("src/")) return [`${where}: ${target} is outside src`];
    const to = partOf(target);
    const named = target.slice("src/".length).replace(/\.ts$/, "");
    const fine = to === part || allowed.includes("*") || allowed.includes(to) || allowed.includes(named);
    return fine ? [] : [`${where}: ${part} may not import ${named}`];
  });
  return [...unknown.map((path) => `${path}: belongs to no part that the import table knows`), ...wrong];
}

/** A relative import names a file that exists, with its ending. */
export function missingProblems(sources: Sources, files: ReadonlySet<string>): string[] {
  return eachImport(sources).flatMap(({ path, where, specifier }) => {
    if (specifier === null || !specifier.startsWith(".")) return [];
    const target = resolve(path, specifier);
    return files.has(target) ? [] : [`${where}: ${target} does not exist`];
  });
}

/** No file reaches itself through its imports; type imports count, because a reader follows them too. */
export function cycleProblems(sources: Sources): string[] {
  const done = new Set<string>();
  const problems: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) problems.push(`cycle: ${[...trail.slice(start), path].join(" -> ")}`);
    if (start !== -1 || done.has(path)) return;
    for (const { specifier } of importsOf(sources[path] ?? "")) {
      if (specifier?.startsWith(".") === true) visit(resolve(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of Object.keys(sources)) visit(path, []);
  return problems;
}

/** Only src/github knows Octokit; the files that wire the server may name Probot's types. */
export function octokitProblems(sources: Sources): string[] {
  return eachImport(sources).flatMap(({ path, where, specifier, typeOnly }) => {
    if (specifier === null || !/^(probot|@octokit)(\/|$)/.test(specifier)) return [];
    if (path.startsWith("src/github/") || (typeOnly && probotTypes.includes(path))) return [];
    return [`${where}: only src/github may import ${specifier}`];
  });
}

/** Only src/store knows SQL. */
export function sqlProblems(sources: Sources): string[] {
  return eachImport(sources).flatMap(({ path, where, specifier }) => {
    if (specifier === null || !/^(kysely|better-sqlite3|pg|node:sqlite)(\/|$)/.test(specifier)) return [];
    return path.startsWith("src/store/") ? [] : [`${where}: only src/store may import ${specifier}`];
  });
}

/** What the command line may write, each from one file: what a person tells it to, in the person's own name. */
const writtenByPeople: Readonly<Record<string, string>> = {
  "src/cli/doctor.ts": "src/github/publish-ruleset.ts",
  "src/cli/setup.ts": "src/github/publish-app.ts",
};

/** The command line publishes nothing as the app, so it does not even load what could. */
export function publishImportProblems(sources: Sources): string[] {
  return eachImport(sources).flatMap(({ path, where, specifier }) => {
    if (specifier === null || !path.startsWith("src/cli/")) return [];
    const target = resolve(path, specifier);
    if (!target.startsWith("src/github/publish") || writtenByPeople[path] === target) return [];
    return [`${where}: cli never publishes`];
  });
}

/** The entry points check Node's version before anything native is loaded, so they import the rest with `import()`. */
export function entryPointProblems(sources: Sources): string[] {
  return eachImport(sources).flatMap(({ path, where, specifier, typeOnly, dynamic }) => {
    if (!entryPoints.includes(path) || typeOnly || dynamic || specifier === null) return [];
    if (specifier.endsWith("/node-version.ts")) return [];
    return [`${where}: import ${specifier} with import(), after the check of Node's version`];
  });
}

/** What runs in production is a dependency, not a devDependency, and there are at most 15. */
export function dependencyProblems(sources: Sources, dependencies: readonly string[]): string[] {
  const tooMany = dependencies.length > 15 ? [`${dependencies.length} runtime dependencies, at most 15`] : [];
  const undeclared = eachImport(sources).flatMap(({ where, specifier, typeOnly }) => {
    if (specifier === null || typeOnly || /^(\.|node:)/.test(specifier)) return [];
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    return dependencies.includes(name) ? [] : [`${where}: ${name} is not in package.json's dependencies`];
  });
  return [...tooMany, ...undeclared];
}

/** `src/github/facts.ts` belongs to github, `src/look.ts` to look. */
function partOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(/\.ts$/, "");
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier);
}

function eachImport(sources: Sources) {
  return Object.entries(sources).flatMap(([path, text]) =>
    importsOf(text).map((line) => ({ ...line, path, where: `${path}:${line.line}` })),
  );
}
