/** Markup as values: every text in it was escaped, and nobody's text can become a tag. */
import { plain } from "../gate/markdown.ts";
import type { Ink } from "../gate/render.ts";

/** Made by the functions of this file alone. */
export type Html = { readonly markup: string };

type Part = string | number | Html | readonly Html[];

/** A template whose texts are escaped and whose markup is taken as it is. */
export function html(fixed: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const markup = fixed.map((text, at) => {
    const part = parts[at];
    return part === undefined ? text : text + markupOf(part);
  });
  return { markup: markup.join("") };
}

export const nothing: Html = { markup: "" };

function markupOf(part: Part): string {
  if (typeof part === "string" || typeof part === "number") return escape(String(part));
  if ("markup" in part) return part.markup;
  return part.map(({ markup }) => markup).join("");
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Characters of private use that stand for tags in a sentence until it is escaped. `plain` takes them out of everybody's
 * text, so they come from `onPage` alone.
 */
const mark = {
  name: "\u{E000}",
  nameEnd: "\u{E001}",
  link: "\u{E002}",
  text: "\u{E003}",
  linkEnd: "\u{E004}",
};

/** Names on a page: there is room for everybody of a large team. */
const namesMax = 100;

/** How the sentences of a verdict are written for a page; `sentence` makes them markup. */
export const onPage: Ink = {
  name: (text) => `${mark.name}${plain(text) || "(empty)"}${mark.nameEnd}`,
  words: (text) => plain(text, 2000),
  link: (text, address) => `${mark.link}${plain(address, 2000)}${mark.text}${text}${mark.linkEnd}`,
  namesMax,
};

/** A sentence that was written with `onPage`. An address becomes a link only if it is one of the web. */
export function sentence(text: string): Html {
  const markup = escape(text)
    .replaceAll(
      /\u{E002}([^\u{E003}]*)\u{E003}([^\u{E004}]*)\u{E004}/gu,
      (_all, address: string, shown: string) =>
        /^https?:\/\//u.test(address) ? `<a href="${address}">${shown}</a>` : shown,
    )
    .replaceAll(mark.name, "<code>")
    .replaceAll(mark.nameEnd, "</code>");
  return { markup };
}
