import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { assertNothingRefused, type Company, openCompany, ownCompany, roster, shop } from "./company.ts";
import { publicUrl } from "./public-url.ts";
import { pageWords, words } from "../web/words.ts";
import { aiTrailer, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

let company: Company;
beforeAll(async () => {
  company = await openCompany({ publicUrl });
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

async function get({ url }: Company, path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}${path}`, { headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const pathOf = ({ number }: Pick<PullRequest, "number">) => `/${shop}/pull/${number}`;

async function detailsUrl({ github, appId }: Company, ref: string) {
  const wanted = { owner: "acme", repo: "shop", ref, app_id: appId, check_name: "Countersign" };
  const { data } = await github.as("ada").rest.checks.listForRef(wanted);
  return data.check_runs.map(({ details_url: url }) => url);
}

it("says in the words of the check run what is needed, and the check run leads to it", async () => {
  const pull = await openPull(company);
  await review(company, pull, "milo");
  const check = await company.check(pull.sha);

  const { status, text } = await get(company, pathOf(pull));

  expect(status).toBe(200);
  expect(await detailsUrl(company, pull.sha)).toEqual([`${publicUrl}/acme/shop/pull/${pull.number}`]);
  const said = pageWords(text);
  for (const line of (check?.summary ?? "").split("\n").map(words)) expect(said).toContain(line);
  expect(text).toContain(
    `<a href="${company.github.url}/acme/shop/pull/${pull.number}/commits/${pull.sha}">`,
  );
});

it("shows the part that is asked for, and the first where that is none", async () => {
  const pull = await openPull(company);
  await company.idle();
  const { text } = await get(company, pathOf(pull));

  for (const part of ["1", "9", "0", "-1", "x", "NaN", "1e400", ""])
    expect(await get(company, `${pathOf(pull)}?part=${part}`)).toMatchObject({ status: 200, text });
});

it("has the history of verdicts, newest first, and the versions of roster and policy", async () => {
  const pull = await openPull(company);
  await company.idle();
  await review(company, pull, "grace");
  await company.idle();
  const sha = pushMore(company, pull);
  await company.idle();

  const { text } = await get(company, pathOf(pull));

  const steps = [
    `Waiting for 1 approval by senior or above: grace, vera, rhea or ada can, at ${sha.slice(0, 7)}.`,
    `Countersigned by grace (senior), at ${pull.sha.slice(0, 7)}.`,
    `Waiting for 1 approval by senior or above: grace, vera, rhea or ada can, at ${pull.sha.slice(0, 7)}.`,
  ];
  const entries = [...text.matchAll(/<\/time>([^]*?)<\/li>/gu)].map(([, entry = ""]) => pageWords(entry));
  expect(entries).toEqual(steps.map(words));
  const version = createHash("sha1").update(`blob ${roster.length}\0${roster}`).digest("hex").slice(0, 7);
  expect(pageWords(text)).toContain(
    words(`Roster and policy used File Version acme/.github › .github/countersign/roster.yml ${version}`),
  );
});

it("answers 404 for what is unknown and for what an Enterprise Server hides, in the same words", async () => {
  const own = await ownCompany({ publicUrl });
  const pull = await openPull(own);
  await own.idle();
  const unknown = await get(own, `/${shop}/pull/4711`);
  own.github.world.privateMode = true;

  const hidden = await get(own, pathOf(pull));

  expect([unknown.status, hidden.status]).toEqual([404, 404]);
  expect(hidden.text).toBe(unknown.text);
});

it("answers 404 for a private repository, and its check run leads nowhere", async () => {
  const own = await ownCompany({ publicUrl });
  for (const repository of own.github.world.repositories.values()) repository.private = true;
  const pull = await openPull(own);
  await own.idle();

  expect((await get(own, pathOf(pull))).status).toBe(404);
  expect((await detailsUrl(own, pull.sha)).join()).not.toContain(publicUrl);
});

it("answers 404 when GitHub does not say whether the repository is public", async () => {
  const own = await ownCompany();
  const pull = await openPull(own);
  await own.idle();
  own.github.fault({ path: /^\/repos\/acme\/shop$/u, status: 502, times: 1 });

  expect((await get(own, pathOf(pull))).status).toBe(404);
  expect((await get(own, pathOf(pull))).status).toBe(200);
});

it("lets nothing of what others wrote become markup, and the browser load nothing but the page's own style", async () => {
  const message = `<script>alert(1)</script> "quoted" 'single' &amp;\n\n${aiTrailer}\n`;
  const pull = await openPull(company, { message });
  await company.github.as("juno").rest.pulls.update({
    owner: "acme",
    repo: "shop",
    pull_number: pull.number,
    title: "<img src=x onerror=alert(1)>",
  });
  await company.idle();

  const { text, headers } = await get(company, pathOf(pull));

  expect(text).not.toMatch(/<script|<img|onerror=(?!alert\(1\)&#62;)/u);
  expect(text).toContain("&#60;img src=x onerror=alert(1)&#62;");
  const [, style = ""] = /<style>([^]*)<\/style>/u.exec(text) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  expect(headers.get("content-security-policy")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  );
  expect(Object.fromEntries(headers)).toMatchObject({
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
  });
});

it("makes 60 pages a minute for one address, as the proxy saw it", async () => {
  const pull = await openPull(company);
  await company.idle();
  const ask = async (address: string) =>
    (await get(company, pathOf(pull), { "x-forwarded-for": `192.0.2.1, ${address}` })).status;

  const asked: number[] = [];
  for (let count = 0; count < 61; count++) asked.push(await ask("198.51.100.7"));

  expect(asked.filter((status) => status === 200)).toHaveLength(60);
  expect(asked.at(-1)).toBe(429);
  expect(await ask("198.51.100.8")).toBe(200);
});
