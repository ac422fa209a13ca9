/** What every page has around its own content. */
import { createHash } from "node:crypto";
import { type Html, html } from "./html.ts";
import { style } from "./style.ts";

/** The whole document. @param page.title also the window's. */
export function layout(page: { readonly title: string; readonly content: Html }): string {
  const document = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><span>Countersign</span></header>
<main id="content">
${page.content}
</main>
<footer><p>Countersign shows here what it recorded. Looking at a page changes nothing.</p></footer>
</body>
</html>`;
  return `<!doctype html>\n${document.markup}\n`;
}

/** Nothing but the page's own style, by its hash: no script, no picture, no font, no frame, whoever wrote what stands in it. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A year, as https://hstspreload.org asks for. */
const strictTransportSeconds = 31_536_000;

/** The headers of every page. @param publicUrl where people see them; null where nobody said. */
export function pageHeaders(publicUrl: string | null): Record<string, string> {
  const tls = publicUrl?.startsWith("https:") === true;
  return {
    "cache-control": "no-store",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    ...(tls && { "strict-transport-security": `max-age=${strictTransportSeconds}` }),
  };
}
