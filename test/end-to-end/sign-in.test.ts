import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { assertNothingRefused, type Company, openCompany, ownCompany, shop } from "./company.ts";
import { containing } from "./containing.ts";
import { publicUrl } from "./public-url.ts";
import { openPull } from "./pull-request.ts";
import { readStore } from "./read-store.ts";
import { visitorOf } from "./visitor.ts";

let company: Company;
let path: string;
beforeAll(async () => {
  company = await openCompany({ publicUrl, signIn: true });
  path = await privatePull(company);
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** Everything is private, and one pull request was looked at. Returns the path of its page. */
async function privatePull(own: Company): Promise<string> {
  for (const repository of own.github.world.repositories.values()) repository.private = true;
  const { number } = await openPull(own);
  await own.idle();
  return `/${shop}/pull/${number}`;
}

it("shows the page of a private repository to whom GitHub shows the repository, and to nobody else", async () => {
  const [dora, mallory, stranger] = [visitorOf(company), visitorOf(company), visitorOf(company)];
  company.github.createUser("mallory");

  expect(await dora.signIn("dora", path)).toMatchObject({ status: 303 });
  await mallory.signIn("mallory", path);

  const shown = await dora.get(path);
  expect(shown).toMatchObject({ status: 200, text: containing("Waiting for 1 approval") });
  expect(shown.text).toContain("<span>dora</span>");
  expect([(await mallory.get(path)).status, (await stranger.get(path)).status]).toEqual([404, 404]);
});

it("lets the check run of a private repository lead to its page", async () => {
  const { number, sha } = await openPull(company);
  await company.idle();

  const wanted = { owner: "acme", repo: "shop", ref: sha, check_name: "Countersign" };
  const { data } = await company.github.as("ada").rest.checks.listForRef(wanted);
  expect(data.check_runs).toMatchObject([{ details_url: `${publicUrl}/${shop}/pull/${number}` }]);
});

it("goes back to the page where signing in began, and to no address but its own pages", async () => {
  const landsAt = async (to: string) => (await visitorOf(company).signIn("dora", to)).headers.get("location");

  expect(await landsAt(path)).toBe(path);
  const elsewhere = [
    "https://evil.example/",
    "//evil.example/a/pull/1",
    "/\\evil.example",
    "javascript:alert(1)",
    "/x",
  ];
  for (const to of elsewhere) expect(await landsAt(to)).toBe("/");
});

it("keeps the session in a cookie that no script, other host or other site gets, and that ends", async () => {
  const { cookies } = await visitorOf(company).signIn("dora");

  const session = cookies.get("__Host-countersign") ?? "";
  expect(session.split("; ").slice(1).toSorted()).toEqual([
    "HttpOnly",
    "Max-Age=28800",
    "Path=/",
    "SameSite=Lax",
    "Secure",
  ]);
  expect(cookies.get("__Host-countersign-sign-in")).toContain("Max-Age=0");
});

it("asks GitHub with a state and a challenge of its own for every attempt", async () => {
  const asked = async () =>
    new URL((await visitorOf(company).get("/sign-in")).headers.get("location") ?? "").searchParams;
  const [one, other] = [await asked(), await asked()];

  expect(Object.fromEntries(one)).toMatchObject({
    redirect_uri: `${publicUrl}/sign-in/callback`,
    code_challenge_method: "S256",
  });
  for (const name of ["state", "code_challenge"]) {
    expect(one.get(name)).toMatch(/^[\w-]{43}$/u);
    expect(one.get(name)).not.toBe(other.get(name));
  }
});

it("takes no code with another state, of another browser, or twice", async () => {
  const [victim, attacker] = [visitorOf(company), visitorOf(company)];
  const back = await attacker.consent("dora");

  expect((await victim.get(back)).status).toBe(400);
  await victim.get("/sign-in");
  expect((await victim.get(back)).status).toBe(400);
  expect(victim.jar.has("__Host-countersign")).toBe(false);
  expect((await attacker.get(back)).status).toBe(303);
  expect((await attacker.get(back)).status).toBe(400);
});

it("gets no token for a stolen code without the verifier of the browser that began", async () => {
  const [victim, thief] = [visitorOf(company), visitorOf(company)];
  const stolen = new URL(await victim.consent("dora"));
  const own = new URL(await thief.consent("otto"));
  own.searchParams.set("code", stolen.searchParams.get("code") ?? "");

  expect((await thief.get(`${own.pathname}${own.search}`)).status).toBe(502);
  expect(thief.jar.has("__Host-countersign")).toBe(false);
});

it("says so when somebody declines", async () => {
  const visitor = visitorOf(company);
  const answer = await visitor.get(await visitor.consent(null));

  expect(answer).toMatchObject({ status: 403, text: containing("You declined on GitHub") });
});

it("says so, without a word of GitHub's, when GitHub gives no token", async () => {
  const visitor = visitorOf(company);
  const back = await visitor.consent("dora");
  company.github.fault({ path: /access_token$/u, status: 502, body: "inside", times: 1 });

  const { status, text } = await visitor.get(back);

  expect(status).toBe(502);
  expect(text).not.toContain("inside");
});

it("ends the session for good when somebody signs out, but only by the button on our own page", async () => {
  const visitor = visitorOf(company);
  await visitor.signIn("dora", path);
  const copy = visitor.jar.get("__Host-countersign") ?? "";
  const form = /name="form" value="([^"]+)"/u.exec((await visitor.get(path)).text)?.[1] ?? "";

  expect((await visitor.post("/sign-out", {})).status).toBe(400);
  expect((await visitor.post("/sign-out", { form: `${form}x` })).status).toBe(400);
  expect((await visitor.get(path)).status).toBe(200);
  expect((await visitor.post("/sign-out", { form })).status).toBe(303);
  expect((await visitor.get(path)).status).toBe(404);

  const thief = visitorOf(company);
  thief.jar.set("__Host-countersign", copy);
  expect((await thief.get(path)).status).toBe(404);
});

it("opens no cookie that was changed, is of another kind, or is past its time", async () => {
  let now = Date.now();
  const own = await ownCompany({ publicUrl, signIn: true, now: () => now });
  const page = await privatePull(own);
  const visitor = visitorOf(own);
  await visitor.signIn("dora");
  const cookie = visitor.jar.get("__Host-countersign") ?? "";
  const statusWith = async (value: string) => {
    visitor.jar.set("__Host-countersign", value);
    return (await visitor.get(page)).status;
  };
  await visitor.get("/sign-in");

  expect(await statusWith(cookie)).toBe(200);
  expect(await statusWith(`${cookie.startsWith("A") ? "B" : "A"}${cookie.slice(1)}`)).toBe(404);
  expect(await statusWith(visitor.jar.get("__Host-countersign-sign-in") ?? "")).toBe(404);
  now += 8 * 60 * 60_000;
  expect(await statusWith(cookie)).toBe(404);
});

it("asks GitHub again after minutes, so that who lost access does not see the page any more", async () => {
  let now = Date.now();
  const own = await ownCompany({ publicUrl, signIn: true, now: () => now });
  const page = await privatePull(own);
  const visitor = visitorOf(own);
  await visitor.signIn("dora");
  expect((await visitor.get(page)).status).toBe(200);
  const { accounts, repositories } = own.github.world;
  const dora = [...accounts.values()].find(({ login }) => login === "dora");
  for (const { collaborators } of repositories.values()) collaborators.delete(dora?.id ?? 0);

  expect((await visitor.get(page)).status).toBe(200);
  now += 5 * 60_000;
  expect((await visitor.get(page)).status).toBe(404);
});

it("makes 60 pages a minute for one person, and keeps nobody else waiting for it", async () => {
  const now = Date.now();
  const own = await ownCompany({ publicUrl, signIn: true, now: () => now });
  const page = await privatePull(own);
  const [dora, vera, stranger] = [visitorOf(own), visitorOf(own), visitorOf(own)];
  await dora.signIn("dora");
  await vera.signIn("vera");

  const asked: number[] = [];
  for (let count = 0; count < 61; count++) asked.push((await dora.get(page)).status);

  expect(asked.filter((status) => status === 200)).toHaveLength(60);
  expect(asked.at(-1)).toBe(429);
  expect([(await vera.get(page)).status, (await stranger.get("/")).status]).toEqual([200, 200]);
});

it("leaves a row in the audit log, and neither a token nor a secret in store or log", async () => {
  await visitorOf(company).signIn("vera");

  const { rows, everything } = await readStore(company);

  expect(rows).toContainEqual({ kind: "sign-in", body: '{"login":"vera"}' });
  const tokens = [...company.github.world.tokens.keys()].filter((token) => token.startsWith("ghu_"));
  expect(tokens).not.toEqual([]);
  for (const secret of [...tokens, company.environment["GITHUB_CLIENT_SECRET"] ?? "?"]) {
    expect(everything).not.toContain(secret);
    expect(company.log.join("")).not.toContain(secret);
  }
});
