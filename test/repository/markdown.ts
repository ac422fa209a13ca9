import { posix } from "node:path";

/** Markdown files by their path from the repository root. */
export type Documents = Readonly<Record<string, string>>;

/** A fenced block: its language in lower case, its text, and the line of its opening fence. */
export type Block = {
  readonly path: string;
  readonly language: string;
  readonly text: string;
  readonly line: number;
};

const fence = /^( {0,3})(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n`]*\n([\s\S]*?)^\1?\2[ \t]*$/gm;

/** Takes documents and returns every fenced block of one of the languages. */
export function blocksOf(documents: Documents, ...languages: readonly string[]): readonly Block[] {
  return Object.entries(documents).flatMap(([path, document]) =>
    [...document.matchAll(fence)].flatMap(({ 3: language = "", 4: text = "", index }) => {
      const line = document.slice(0, index).split("\n").length;
      const wanted = languages.includes(language.toLowerCase());
      return wanted ? [{ path, language: language.toLowerCase(), text, line }] : [];
    }),
  );
}

/**
 * Takes documents and the paths of all files of the repository, and returns a line for each relative link whose file or
 * anchor does not exist. Links to other hosts are not followed: tests use no network.
 */
export function linkProblems(documents: Documents, files: readonly string[]): string[] {
  return Object.entries(documents).flatMap(([path, document]) =>
    linksOf(document).flatMap((link) => {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return [];
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : posix.join(posix.dirname(path), decodeURI(file)).replace(/\/$/, "");
      const folder = files.some((name) => name.startsWith(`${target}/`));
      if (!files.includes(target) && !folder) return [`${path}: ${link}: there is no file ${target}`];
      const text = documents[target];
      if (anchor === undefined || text === undefined || anchorsOf(text).has(anchor)) return [];
      return [`${path}: ${link}: ${target} has no heading for #${anchor}`];
    }),
  );
}

/** Takes documents and the names of package.json's scripts, and returns a line for each `npm run …` that does not exist. */
export function unknownScriptProblems(documents: Documents, scripts: readonly string[]): string[] {
  return Object.entries(documents).flatMap(([path, document]) =>
    [...document.matchAll(/\bnpm run ([a-z][\w:-]*)/g)].flatMap(({ 1: script = "" }) =>
      scripts.includes(script) ? [] : [`${path}: npm run ${script} is no script of package.json`],
    ),
  );
}

/** Takes documents and the names of package.json's scripts, and returns the scripts that no document names. */
export function unnamedScripts(documents: Documents, scripts: readonly string[]): string[] {
  const text = Object.values(documents).join("\n");
  return scripts.filter((script) => !new RegExp(`(npm (run )?|\`)${script}(?![\\w:-])`).test(text));
}

/**
 * Takes the text of the code map, all files and the prefix of those that the map must be complete for, and returns a line
 * for each path it names that does not exist and for each file it forgets. It names files by their path from the root.
 */
export function codeMapProblems(map: string, files: readonly string[], complete: string): string[] {
  const named = new Set(
    [
      ...map.matchAll(
        /(?<![\w-]|\w\/)(?:src|test|demo|bench|scripts|docs)\/[\w./-]*\.(?:ts|cjs|json|yml|md)\b/g,
      ),
    ].map(([path]) => path),
  );
  const gone = [...named]
    .filter((path) => !files.includes(path))
    .map((path) => `names ${path}, which does not exist`);
  const forgotten = files.filter((path) => path.startsWith(complete) && !named.has(path));
  return [...gone, ...forgotten.map((path) => `does not name ${path}`)];
}

/** GitHub's anchors of a document: headings in lower case, without punctuation, repeated ones numbered; and ids in HTML. */
function anchorsOf(document: string): ReadonlySet<string> {
  const found = new Set([...document.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(({ 1: id = "" }) => id));
  for (const { 1: heading = "" } of document.replace(fence, "").matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let count = 1; found.has(anchor); count += 1) anchor = `${slug}-${count}`;
    found.add(anchor);
  }
  return found;
}

/** The targets of inline links, images and reference definitions outside code. */
function linksOf(document: string): readonly string[] {
  const prose = document.replace(fence, "").replace(/(`+)[\s\S]*?\1/g, "");
  const inline = [...prose.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const references = [...prose.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm)];
  return [...inline, ...references].map(({ 1: target = "" }) => target);
}
