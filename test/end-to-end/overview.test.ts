import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  openCompany,
  ownCompany,
  policyFile,
  rosterFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { publicUrl } from "./public-url.ts";
import { openPull } from "./pull-request.ts";
import { until } from "./until.ts";
import { visitorOf } from "./visitor.ts";

let company: Company;
let number: number;
beforeAll(async () => {
  company = await openCompany({ publicUrl, signIn: true });
  company.github.createUser("mallory");
  for (const repository of company.github.world.repositories.values()) repository.private = true;
  ({ number } = await openPull(company));
  await company.idle();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

it("shows what waits in the repositories that GitHub shows to who signed in", async () => {
  const dora = visitorOf(company);
  await dora.signIn("dora");

  const { status, text } = await dora.get("/");

  expect(status).toBe(200);
  expect(text).toContain(`<a href="/${shop}/pull/${number}">${shop}#${number}</a>`);
  expect(text).toContain("<svg");
  const csv = await dora.get("/overview/waiting.csv");
  expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(csv.headers.get("content-disposition")).toBe('attachment; filename="countersign-waiting.csv"');
  expect(csv.text).toMatch(
    new RegExp(`^Pull request,Since \\(UTC\\),Hours,Who can\r\n${shop}#${number},.*grace`, "u"),
  );
});

it("has every table as CSV, and no other", async () => {
  const dora = visitorOf(company);
  await dora.signIn("dora");
  const { text } = await dora.get("/");
  const files = [...text.matchAll(/href="(\/overview\/[a-z]+\.csv)"/gu)].map(([, file = ""]) => file);

  expect(files).toHaveLength(7);
  for (const section of text.split("<h2 ").slice(1)) {
    const [, file = ""] = /href="(\/overview\/[a-z]+\.csv)"/u.exec(section) ?? [];
    const columns = [...section.matchAll(/<th scope="col">([^<]*)/gu)].map(([, column]) => column).join(",");
    const csv = await dora.get(file);
    expect(csv.headers.get("content-type")).toContain("text/csv");
    expect(csv.text.split("\r\n")[0]).toContain(columns);
  }
  expect((await dora.get("/overview/secrets.csv")).status).toBe(404);
});

it("shows nothing of them to somebody else, and to nobody who is not signed in", async () => {
  const [mallory, stranger] = [visitorOf(company), visitorOf(company)];
  await mallory.signIn("mallory");

  for (const path of ["/", "/overview/waiting.csv", "/overview/repositories.csv"])
    for (const visitor of [mallory, stranger]) {
      const { status, text } = await visitor.get(path);
      expect(status).toBe(200);
      expect(text).not.toContain("acme");
    }
  expect((await stranger.get("/")).text).toContain("Sign in with GitHub");
});

it("says that it cannot be made when GitHub does not answer, and makes it the next time", async () => {
  const dora = visitorOf(company);
  await dora.signIn("dora");
  company.github.fault({ path: /^\/user\/installations/u, status: 502, times: 1 });

  expect(await dora.get("/")).toMatchObject({ status: 502, text: containing("cannot be made now") });
  expect((await dora.get("/")).status).toBe(200);
});

it("ends the session when GitHub does not know the token any more", async () => {
  const dora = visitorOf(company);
  await dora.signIn("dora");
  for (const token of company.github.world.tokens.keys())
    if (token.startsWith("ghu_")) company.github.world.tokens.delete(token);

  expect(await dora.get("/")).toMatchObject({
    status: 403,
    text: containing("You are not signed in any more"),
  });
  expect(dora.jar.has("__Host-countersign")).toBe(false);
});

it("has no sign-in and no overview where nobody set them up", async () => {
  const own = await openCompany({ publicUrl });
  const visitor = visitorOf(own);
  const statuses = await Promise.all(
    ["/", "/sign-in", "/overview/waiting.csv"].map(async (path) => (await visitor.get(path)).status),
  );
  await own.close();

  expect(statuses).toEqual([404, 404, 404]);
});

it("says where the gate is open in the repositories that GitHub shows to who signed in, and nowhere else", async () => {
  const open = await ownCompany({ publicUrl, signIn: true });
  for (const repository of open.github.world.repositories.values()) repository.private = true;
  open.github.createUser("mallory");
  open.github.requireCheck(shop, "release", { context: "Countersign" });
  open.github.push(shop, { branch: "release", pusher: "ada" });
  // A start is when everything by the clock is due.
  await open.loseStore();
  const [dora, mallory] = [visitorOf(open), visitorOf(open)];
  await dora.signIn("dora");
  await mallory.signIn("mallory");

  const found = await until("the gate to be examined", async () => {
    const { text } = await dora.get("/overview/gate.csv");
    return text.includes("branch release") && text;
  });
  expect(found).toContain(`error,"${shop}, branch release","The check Countersign is required`);
  expect(found).toContain(`not seen,${shop},"The app cannot see who may bypass the ruleset`);
  expect(found).toContain(`run countersign doctor ${shop} with an administrator's token in GITHUB_TOKEN`);
  expect((await mallory.get("/overview/gate.csv")).text).toBe("How bad,Where,What,Repair\r\n");
  assertNothingRefused(open.github);
});

it("tells what is wrong for a whole owner to whom GitHub shows all that it is about, and to nobody else", async () => {
  const files = {
    [rosterFile]: "levels: [low, high]\npeople: { ada: high }\n",
    [policyFile]: "brunches: []\n",
  };
  const open = await ownCompany({ publicUrl, signIn: true, files, permissions: { deployments: "read" } });
  const { github } = open;
  github.createUser("mallory");
  github.createUser("nora");
  github.createRepository("acme/secret", {
    files: { [policyFile]: "mode: enforce\n" },
    collaborators: { grace: "read", nora: "read" },
  });
  for (const repository of github.world.repositories.values()) {
    repository.private = true;
    const grace = [...github.world.accounts.values()].find(({ login }) => login === "grace");
    if (repository.name === ".github") repository.collaborators.set(grace?.id ?? 0, "read");
  }
  await open.loseStore();
  const told = async (login: string) => {
    const visitor = visitorOf(open);
    await visitor.signIn(login);
    const { text } = await visitor.get("/overview/gate.csv");
    return [
      text.includes("error,acme,The app lacks what it needs: the permission deployments: write."),
      text.includes(`error,${configRepository},"acme/.github › ${policyFile}`),
      text.includes("built-in defaults has no rules of its own"),
      text.includes(`acme/secret › ${policyFile} has no rules of its own`),
    ];
  };
  await until("the gate to be examined", async () => {
    const { gate } = z
      .object({ gate: z.object({ repositories: z.number() }) })
      .parse(await (await fetch(`${open.url}/health`)).json());
    return gate.repositories === 3;
  });

  expect({
    "who reads all that it names": await told("grace"),
    "who reads the configuration repository, and not the other one that is named": await told("ada"),
    "who reads another repository": await told("nora"),
    "who reads none": await told("mallory"),
  }).toEqual({
    "who reads all that it names": [true, true, true, true],
    "who reads the configuration repository, and not the other one that is named": [true, true, true, false],
    "who reads another repository": [true, false, false, false],
    "who reads none": [false, false, false, false],
  });
  assertNothingRefused(github);
});

it("says that an installation is suspended to whom GitHub shows it, and asks for nothing that is in it", async () => {
  const open = await ownCompany({ publicUrl, signIn: true });
  const { github } = open;
  for (const repository of github.world.repositories.values()) repository.private = true;
  github.fault({ path: /^\/user\/installations\/\d+\/repositories$/u, status: 403 });
  await open.loseStore(() => {
    for (const one of github.world.installations.values()) one.suspendedAt = new Date().toISOString();
  });
  const dora = visitorOf(open);
  await dora.signIn("dora");

  const text = await until("the gate to be examined", async () => {
    const csv = await dora.get("/overview/gate.csv");
    return csv.text.includes("error") && csv.text;
  });
  expect(text).toContain("error,acme,The installation is suspended: no pull request gets a check.");
});
