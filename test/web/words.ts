/** What is said, without what makes it Markdown or a page, and without spaces: to compare one with the other. */
export function words(text: string): string {
  return text.replaceAll(/\]\([^)]*\)|-{3,}|[\s\u2060\\`|*#[\]]+/gu, "");
}

/** The same of a page. */
export function pageWords(page: string): string {
  const said = page
    .replaceAll(/<style>.*<\/style>|<\/?[a-z][^>]*>/gsu, "")
    .replaceAll(/&#(\d+);/gu, (_all, code: string) => String.fromCharCode(Number(code)));
  return words(said);
}
