import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import axe from "axe-core";
import type { Browser, BrowserContext, Page, Response } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { freePort } from "../../demo/free-port.ts";
import { serveManifest } from "../../src/cli/manifest-page.ts";
import { type Company, openCompany, shop } from "../end-to-end/company.ts";
import { openPull, pushMore, review } from "../end-to-end/pull-request.ts";
import { openChromium } from "./chromium.ts";

let browser: Browser;
let company: Company;
let publicUrl: string;
/** How far the server's clock is ahead: each test has a minute of its own, as pages are counted by the minute. */
let aheadMs = 0;
beforeEach(() => {
  aheadMs += 60_000;
});
/** Of the page of a private pull request on which much has happened. */
let path: string;

beforeAll(async () => {
  browser = await openChromium();
  // GitHub is at 127.0.0.1, the pages at localhost: to a browser these are two sites.
  const port = await freePort();
  publicUrl = `http://localhost:${port}`;
  company = await openCompany({ publicUrl, port, signIn: true, now: () => Date.now() + aheadMs });
  company.github.createUser("mallory");
  for (const repository of company.github.world.repositories.values()) repository.private = true;
  path = `/${shop}/pull/${await muchHappened()}`;
});
afterAll(async () => {
  await browser.close();
  await company.close();
});

/** A colleague approves, a senior approves, the author pushes again; another pull request is countersigned. A look at each step. */
async function muchHappened(): Promise<number> {
  const done = await openPull(company, { by: "milo" });
  await company.idle();
  await review(company, done, "vera");
  const pull = await openPull(company);
  await company.idle();
  await review(company, pull, "milo");
  await company.idle();
  await review(company, pull, "grace");
  await company.idle();
  pushMore(company, pull);
  await company.idle();
  return pull.number;
}

type Options = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** A window of somebody who is not signed in. What the browser complains about fails the test. */
async function open(options: Options = {}): Promise<Page> {
  const context: BrowserContext = await browser.newContext({
    baseURL: publicUrl,
    javaScriptEnabled: false,
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  // That a page is not there, or may not be seen, is what some of the tests are about.
  page.on("console", (message) => {
    if (!/status of (?:40[034]|429|502)/u.test(message.text())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  return page;
}

/** Signs in at GitHub, as everybody does, beginning at the page that is open. */
async function signIn(page: Page, login: string): Promise<void> {
  await page.getByRole("link", { name: "Sign in with GitHub" }).click();
  await page.getByRole("button", { name: `Authorize as ${login}`, exact: true }).click();
  await page.waitForURL(`${publicUrl}/**`);
}

const violations = z.object({
  violations: z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) })),
});

/** What axe finds wrong with the page, by rule. It needs scripts, which our pages forbid: so in a window without their rules. */
async function wrong(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = violations.parse(await page.evaluate("axe.run()"));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

/** The pictures of the README, and whether the page is light or dark on them. */
const pictures = new Map([
  ["explain-page", "light"],
  ["overview", "dark"],
]);
/** Which page each was made from, as `digestOf` says it. */
const recordFile = "docs/images/made-from.json";
const recordSchema = z.record(z.string(), z.string());
const makePictures = "COUNTERSIGN_PICTURES=1 npm run test:browser";

/** A picture of the README is written when that is asked for, and otherwise has to be of the page as it is now. */
async function picture(page: Page, name: string, markup: string): Promise<void> {
  const record = recordSchema.parse(JSON.parse(readFileSync(recordFile, "utf8")));
  const digest = digestOf(markup);
  if (process.env["COUNTERSIGN_PICTURES"]) {
    await page.screenshot({ animations: "disabled", path: `docs/images/${name}.png` });
    writeFileSync(recordFile, `${JSON.stringify({ ...record, [name]: digest }, null, 2)}\n`);
  } else {
    // What is named here is read in the failure.
    expect({ picture: `docs/images/${name}.png`, toMakeItAnew: makePictures, madeFrom: digest }).toEqual({
      picture: `docs/images/${name}.png`,
      toMakeItAnew: makePictures,
      madeFrom: record[name],
    });
  }
}

/** A digest of a page without what is another in every run: SHAs, numbers, times, ports, and the key of the form. */
function digestOf(markup: string): string {
  const [style = "", content = ""] = markup.split("</style>");
  const same = content
    .replaceAll(/name="form" value="[^"]*"/gu, "")
    .replaceAll(/\b[0-9a-f]{7,40}\b/gu, "SHA")
    .replaceAll(/\d+(?:\.\d+)?/gu, "0");
  return createHash("sha256").update(`${style}</style>${same}`).digest("hex");
}

it("signs somebody in at GitHub without a script, and shows them the private page they came for", async () => {
  const page = await open();
  const answer = await page.goto(path);
  expect(answer?.status()).toBe(404);
  // There is no TLS here; what a browser is told behind it, test/end-to-end/explain-page.test.ts has.
  expect(answer?.headers()).not.toHaveProperty("strict-transport-security");
  expect(await page.textContent("main")).not.toContain("acme");

  await signIn(page, "dora");

  expect(new URL(page.url()).pathname).toBe(path);
  expect(await page.textContent(".state")).toContain("Waiting for 1 approval by senior or above");
  expect(await page.textContent("body > header")).toContain("dora");
});

it("shows nothing to whom GitHub does not show the repository", async () => {
  const page = await open();
  await page.goto(path);
  await signIn(page, "mallory");

  expect(new URL(page.url()).pathname).toBe(path);
  expect(await page.textContent("h1")).toBe("There is nothing here that you may see");
  await page.goto("/");
  expect(await page.textContent("main")).not.toContain("acme");
});

it("signs nobody in who declines at GitHub", async () => {
  const page = await open();
  await page.goto(path);
  await page.getByRole("link", { name: "Sign in with GitHub" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();

  expect(await page.textContent("h1")).toBe("You are not signed in");
  expect((await page.goto(path))?.status()).toBe(404);
});

it("says so, and shows nothing, when GitHub ended the sign-in or it did not begin here", async () => {
  const page = await open();
  await page.goto(path);
  await signIn(page, "dora");
  for (const token of company.github.world.tokens.keys())
    if (token.startsWith("ghu_")) company.github.world.tokens.delete(token);

  expect((await page.goto("/"))?.status()).toBe(403);
  expect(await page.textContent("h1")).toBe("You are not signed in any more");
  expect((await page.goto(path))?.status()).toBe(404);
  expect((await page.goto("/sign-in/callback?code=other&state=other"))?.status()).toBe(400);
  expect(await page.textContent("h1")).toBe("This did not begin here");
});

it("signs out by the button, and then the page is gone", async () => {
  const page = await open();
  await page.goto(path);
  await signIn(page, "dora");
  await page.getByRole("button", { name: "Sign out" }).click();

  expect(new URL(page.url()).pathname).toBe("/");
  expect((await page.goto(path))?.status()).toBe(404);
});

it("is led through by the keyboard alone", async () => {
  const page = await open();
  await page.goto(path);
  await signIn(page, "dora");
  const order: string[] = [];
  for (let step = 0; step < 8; step++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    order.push((await focused.getAttribute("aria-labelledby")) ?? (await focused.innerText()));
    expect(await page.locator(":focus-visible").count()).toBe(1);
  }

  expect(order.slice(0, 3)).toEqual(["Skip to the content", "Countersign", "Sign out"]);
  expect(order).toContain("evidence-of-ai-assistance");
  await page.keyboard.press("Shift+Tab");
  expect(await page.locator(":focus").count()).toBe(1);
});

/** How somebody comes to each page, and which it is. */
const places: readonly [name: string, status: number, arrive: (page: Page) => Promise<Response | null>][] = [
  ["explain-page", 200, async (page) => signedIn(page, path)],
  ["overview", 200, async (page) => signedIn(page, "/")],
  ["welcome", 200, async (page) => page.goto("/")],
  ["not-found", 404, async (page) => page.goto(`/${shop}/pull/4711`)],
  ["too many requests", 429, tooMany],
  ["a sign-in that GitHub did not finish", 502, unfinished],
  ["an overview that cannot be made", 502, unmade],
];

async function signedIn(page: Page, where: string): Promise<Response | null> {
  await page.goto(where);
  const answer = page.waitForResponse(`${publicUrl}${where}`);
  await signIn(page, "dora");
  return answer;
}

async function tooMany(page: Page): Promise<Response | null> {
  for (;;) {
    const answer = await page.goto(path);
    if (answer?.status() !== 404) return answer;
  }
}

async function unfinished(page: Page): Promise<Response | null> {
  await page.goto(path);
  company.github.fault({ path: /access_token$/u, status: 502, times: 1 });
  const answer = page.waitForResponse((response) => response.url().includes("/sign-in/callback"));
  await signIn(page, "dora");
  return answer;
}

async function unmade(page: Page): Promise<Response | null> {
  await signedIn(page, path);
  company.github.fault({ path: /^\/user\/installations/u, status: 502, times: 1 });
  return page.goto("/");
}

it.each(places)("has nothing that axe finds wrong, in light and dark: %s", async (name, status, arrive) => {
  for (const colorScheme of ["light", "dark"] as const) {
    const page = await open({
      javaScriptEnabled: true,
      bypassCSP: true,
      colorScheme,
      viewport: { width: 1000, height: 760 },
    });
    const answer = await arrive(page);
    expect(answer?.status()).toBe(status);
    const markup = (await answer?.text()) ?? "";
    expect(await wrong(page)).toEqual([]);
    if (pictures.get(name) === colorScheme) await picture(page, name, markup);
  }
});

it.each(places)("fits a window of 360 px, without a script: %s", async (_name, status, arrive) => {
  const page = await open({ viewport: { width: 360, height: 740 } });
  expect((await arrive(page))?.status()).toBe(status);

  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
});

it.each(places)("can be left by the keyboard alone, without a script: %s", async (_name, status, arrive) => {
  const page = await open();
  expect((await arrive(page))?.status()).toBe(status);
  const shown = page.locator("header").getByRole("button", { name: "Sign out" });
  const last = (await shown.count()) > 0 ? "Sign out" : "Sign in with GitHub";
  const order: string[] = [];
  for (const _ of ["skip", "home", "session"]) {
    await page.keyboard.press("Tab");
    order.push(await page.locator(":focus-visible").innerText());
  }
  expect(order).toEqual(["Skip to the content", "Countersign", last]);

  await page.keyboard.press("Shift+Tab");
  const answer = page.waitForResponse((response) => new URL(response.url()).pathname === "/");
  await page.keyboard.press("Enter");
  expect((await answer).url()).toBe(`${publicUrl}/`);
});

it("has nothing wrong in the form of countersign setup either, which fits a window of 360 px", async () => {
  const address = Promise.withResolvers<string>();
  const stopped = new AbortController();
  const form = {
    action: `${company.github.url}/settings/apps/new`,
    manifest: () => ({ name: "Countersign" }),
    created: async () => ({ done: true, text: "" }),
  };
  const options = { port: 0, signal: stopped.signal, listening: address.resolve };
  const ended = serveManifest(form, options);
  const page = await open({
    javaScriptEnabled: true,
    bypassCSP: true,
    viewport: { width: 360, height: 740 },
  });
  await page.goto(await address.promise);

  expect(await wrong(page)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  await page.keyboard.press("Tab");
  expect(await page.locator(":focus").innerText()).toBe("Go to GitHub");
  stopped.abort();
  expect(await ended).toBe(false);
});
