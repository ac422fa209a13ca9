import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { read, repositoryFiles } from "./files.ts";
import { isTitled, titlesIn } from "./titles.ts";

type Named = { readonly file: string; readonly title: string };

const page = read("docs/threat-model.md");
/** The rows of the tables of attacks and mistakes: the number and the last cell. */
const rows = [...page.matchAll(/^\| (M?\d+) \|.*\| ([^|]+) \|$/gm)].map(([, number = "", shownBy = ""]) => ({
  number,
  shownBy,
}));
const named = rows.flatMap(({ shownBy }) => namedIn(shownBy));

const defences = z
  .array(
    z.object({
      defence: z.string(),
      edits: z.array(z.object({ in: z.string(), replace: z.string() })),
      tests: z.record(z.string(), z.array(z.string())),
    }),
  )
  .parse(parse(read("test/defences.yml")));
const proven: readonly Named[] = defences.flatMap(({ tests }) =>
  Object.entries(tests).flatMap(([file, titles]) => titles.map((title) => ({ file, title }))),
);

/**
 * Nothing of ours takes part, so no test of ours could fail: which commit's statuses GitHub asks for (18), and what is deployed
 * without GitHub's asking us (44).
 */
const gitHubsMatter = ["18", "44"];

/** `file` › "title", "title"; `file` › "title" */
function namedIn(shownBy: string): Named[] {
  return [...shownBy.matchAll(/`([^`]+)` › ((?:"[^"]+"(?:, )?)+)/g)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  );
}

function missing(tests: readonly Named[]): string[] {
  return tests
    .filter(({ file, title }) => !repositoryFiles.includes(file) || !isTitled(title, read(file)))
    .map(({ file, title }) => `${file} › ${title}`);
}

/** Whether one of the names is that of this title, whole or as a case of it. */
function covers(names: readonly Named[], file: string, title: string): boolean {
  const pattern = new RegExp(
    `^${title.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll(/%[sj]|…/g, ".+")}$`,
    "u",
  );
  return names.some((name) => name.file === file && pattern.test(name.title));
}

describe("docs/threat-model.md", () => {
  it("has a row for each of the 47 ways in and the 15 mistakes, and one only", () => {
    const numbers = rows.map(({ number }) => number);
    const expected = [...count(47), ...count(15).map((number) => `M${number}`)];
    expect(numbers.toSorted()).toEqual(expected.toSorted());
  });

  it("names tests that exist", () => {
    expect(missing(named)).toEqual([]);
  });

  it("names for all but what is GitHub's matter a test that plays it end to end", () => {
    const isWhole = ({ file }: Named) => file.startsWith("test/end-to-end/");
    const none = rows.filter(({ shownBy }) => !namedIn(shownBy).some(isWhole)).map(({ number }) => number);
    expect(none).toEqual(gitHubsMatter);
  });

  it("names every test that plays an attack", () => {
    const attacks = repositoryFiles.filter((file) => /^test\/end-to-end\/attacks-.*\.test\.ts$/.test(file));
    const silent = attacks.flatMap((file) =>
      titlesIn(read(file)).filter((title) => !covers(named, file, title)),
    );
    expect(attacks).not.toEqual([]);
    expect(silent).toEqual([]);
  });
});

describe("test/defences.yml", () => {
  it("has a defence for every test that docs/threat-model.md names", () => {
    const unproven = named.filter(({ file, title }) => !covers(proven, file, title));
    expect(unproven).toEqual([]);
  });

  it("names tests that exist", () => {
    expect(missing(proven)).toEqual([]);
  });

  it("takes out what stands in the sources exactly once", () => {
    const unfit = defences.flatMap(({ defence, edits }) =>
      edits.filter((edit) => read(edit.in).split(edit.replace).length !== 2).map(() => defence),
    );
    expect(unfit).toEqual([]);
  });
});

describe("a title", () => {
  const text = 'it("waits", f); it.each(cases)("takes %s off", f); const cases = ["a label", "it"];';

  it.each(["waits", "takes … off", "takes a label off"])("is found: %s", (name) => {
    expect(isTitled(name, text)).toBe(true);
  });

  it.each(["wait", "takes nothing off", "takes cases off", "f"])("is missed: %s", (name) => {
    expect(isTitled(name, text)).toBe(false);
  });
});

function count(most: number): string[] {
  return Array.from({ length: most }, (_, index) => String(index + 1));
}
