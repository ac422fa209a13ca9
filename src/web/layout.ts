/** What every page has around its own content. */
import { createHash } from "node:crypto";
import { type Html, html } from "./html.ts";
import type { Session } from "./session.ts";
import { style } from "./style.ts";

/** What is a page's own; `title` is the window's. */
export type Page = { readonly title: string; readonly content: Html };

/** Who looks at a page: somebody who signed in, somebody who could and would come back to `to`, or null where nobody can. */
export type Visitor = Pick<Session, "login" | "formKey"> | { readonly to: string } | null;

/** The whole document. */
export function layout(page: Page, visitor: Visitor): string {
  const document = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>${visitor === null ? html`<span>Countersign</span>` : html`<a href="/">Countersign</a>${signInOrOut(visitor)}`}</header>
<main id="content">
${page.content}
</main>
<footer><p>Countersign shows here what it recorded. Looking at a page changes nothing.</p></footer>
</body>
</html>`;
  return `<!doctype html>\n${document.markup}\n`;
}

function signInOrOut(visitor: NonNullable<Visitor>): Html {
  if ("to" in visitor)
    return html`<a href="/sign-in?to=${encodeURIComponent(visitor.to)}">Sign in with GitHub</a>`;
  return html`<span>${visitor.login}</span>
<form method="post" action="/sign-out"><input type="hidden" name="form" value="${visitor.formKey}"><button>Sign out</button></form>`;
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
