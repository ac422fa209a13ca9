import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { doctor } from "../../src/cli/doctor.ts";
import { setup } from "../../src/cli/setup.ts";
import { readEnvironment } from "../../src/config/environment.ts";
import { startFakeGitHub } from "../fake-github/server.ts";
import { freshFolder } from "../store/fresh-store.ts";

/** Somebody at a terminal, who runs `countersign setup` in a folder, and their browser. */
async function somebody(more: { now?: () => number } = {}) {
  const github = await startFakeGitHub(more);
  onTestFinished(async () => github.close());
  github.createOrganization("acme");
  const file = join(freshFolder(), ".env");
  const host = new URL(github.url).host;
  const given = ["--organization", "acme", "--url", "https://cs.acme.dev/", "--host", host, "--env", file];
  const stopped = new AbortController();
  onTestFinished(() => stopped.abort());
  /** Begins. `address` resolves when there is something to open, `ended` with the exit status. */
  const begin = (argv: readonly string[] = given, answers: string[] | null = null) => {
    const out = { stdout: "", stderr: "" };
    const shown = Promise.withResolvers<string>();
    const ended = setup(argv, {
      environment: { GHE_PROTOCOL: "http" },
      now: () => Date.now(),
      signal: stopped.signal,
      stdout: (text) => {
        out.stdout += text;
        const address = /http:\/\/127\.0\.0\.1:\d+\/\w+/u.exec(text)?.[0];
        if (address !== undefined) shown.resolve(address);
      },
      stderr: (text) => void (out.stderr += text),
      ask: answers === null ? null : async () => answers.shift() ?? "",
    });
    return { out, ended, address: shown.promise };
  };
  return { github, file, host, given, begin, giveUp: () => stopped.abort() };
}

const manifestSchema = z.looseObject({ default_permissions: z.record(z.string(), z.string()) });

/** Opens the page, presses its button and agrees on GitHub. @returns where GitHub sends the browser then. */
async function agree(
  address: string,
  change: (manifest: z.infer<typeof manifestSchema>) => object = (same) => same,
) {
  const page = await (await fetch(address)).text();
  const action = plainText(/action="([^"]+)"/u.exec(page)?.[1]);
  const manifest = manifestSchema.parse(
    JSON.parse(plainText(/name="manifest" value="([^"]+)"/u.exec(page)?.[1])),
  );
  const body = new URLSearchParams({ manifest: JSON.stringify(change(manifest)) });
  const answer = await fetch(action, { method: "POST", body, redirect: "manual" });
  return answer.headers.get("location") ?? `GitHub refused: ${await answer.text()}`;
}

function plainText(html = ""): string {
  return html.replace(/&#(\d+);/gu, (_, code: string) => String.fromCharCode(Number(code)));
}

const exchanges = (github: Awaited<ReturnType<typeof startFakeGitHub>>) =>
  github.requests.filter(({ path }) => path.startsWith("/app-manifests/")).length;

describe("countersign setup", () => {
  test("creates the App that app.yml describes and an .env that the server starts with, for this user only", async () => {
    const { github, file, begin, host } = await somebody();
    const { out, ended, address } = begin();
    const at = await address;
    const done = await fetch(await agree(at));
    expect([done.status, await ended, out.stderr]).toEqual([200, 0, ""]);
    const [app] = [...github.world.apps.values()];
    expect(out.stdout).toBe(`Open this address in a browser, and create the App on GitHub:
  ${at}
${file} is written; only this user can read it.
GitHub knows the App countersign-acme. What comes next:
  1. Start the server (npm start) where GitHub reaches it as https://cs.acme.dev
  2. Write the roster into acme/.github › .github/countersign/roster.yml
  3. Install the App on all repositories: ${github.url}/apps/countersign-acme/installations/new
  4. Require the check: npm run countersign -- doctor acme --fix
`);
    const text = readFileSync(file, "utf8");
    const environment = readEnvironment(parseEnv(text), () => "");
    expect([statSync(file).mode & 0o777, environment]).toMatchObject([
      0o600,
      {
        kind: "ok",
        value: {
          appId: app?.id,
          webhookSecrets: [app?.webhookSecret],
          apiUrl: `http://${host}/api/v3`,
          publicUrl: "https://cs.acme.dev",
        },
      },
    ]);
    expect(app?.webhookUrl).toBe("https://cs.acme.dev/api/github/webhooks");
    await expect(fetch(at)).rejects.toThrow("fetch failed");
    const said = { stdout: "" };
    const status = await doctor(["acme"], {
      environment: { ...parseEnv(text), DATA_DIR: freshFolder() },
      now: () => Date.now(),
      readFile: () => "",
      stdout: (more) => void (said.stdout += more),
      stderr: () => {},
      colour: false,
      ask: null,
    });
    expect([status, said.stdout]).toEqual([
      1,
      expect.stringContaining("The app countersign-acme is not installed for acme"),
    ]);
    expect(github.refused).toEqual([]);
  });

  test("takes nothing from whoever does not know its state, and goes on waiting for the one who does", async () => {
    const { github, file, begin } = await somebody();
    const { ended, address } = begin();
    const back = new URL(await agree(await address));
    const forged = new URL(back);
    forged.searchParams.set("state", "f".repeat(48));
    const without = new URL(back);
    without.searchParams.delete("state");
    expect([
      (await fetch(forged)).status,
      (await fetch(without)).status,
      exchanges(github),
      existsSync(file),
    ]).toEqual([403, 403, 0, false]);
    expect([(await fetch(back)).status, await ended]).toEqual([200, 0]);
  });

  test("shows its page under its own address alone, and lets it be framed, cached and scripted by nobody", async () => {
    const { begin, giveUp } = await somebody();
    const { ended, address } = begin();
    const at = new URL(await address);
    const page = await fetch(at);
    const { "content-security-policy": policy, "cache-control": cache } = Object.fromEntries(page.headers);
    expect([at.hostname, at.pathname.length, page.status, cache]).toEqual(["127.0.0.1", 49, 200, "no-store"]);
    expect(policy).toContain(
      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action http://127.0.0.1:",
    );
    const wrongHost = await new Promise((resolve) => {
      get(at, { headers: { host: "evil.example" } }, ({ statusCode }) => resolve(statusCode));
    });
    expect([
      (await fetch(new URL("/", at))).status,
      (await fetch(at, { method: "POST" })).status,
      wrongHost,
    ]).toEqual([404, 404, 404]);
    giveUp();
    expect(await ended).toBe(2);
  });

  test("says that a code has expired, and lets it be done again", async () => {
    let now = Date.now();
    const { file, begin } = await somebody({ now: () => now });
    const { out, ended, address } = begin();
    const late = await agree(await address);
    now += 3_600_000;
    const refused = await fetch(late);
    expect([refused.status, existsSync(file)]).toEqual([502, false]);
    expect(out.stderr).toMatch(
      /^countersign setup: GitHub answered 404 to POST .*; open the address again\n$/u,
    );
    now = Date.now();
    expect([(await fetch(await agree(await address))).status, await ended]).toEqual([200, 0]);
  });

  test("names what the App lacks", async () => {
    const { github, begin, file } = await somebody();
    const { out, ended, address } = begin();
    await fetch(
      await agree(await address, ({ default_permissions: permissions, ...rest }) => ({
        ...rest,
        default_permissions: { ...permissions, checks: "read" },
      })),
    );
    expect([await ended, existsSync(file)]).toEqual([1, true]);
    expect(out.stdout).toContain(
      `The App lacks the permission checks: write: add it on ${github.url}/organizations/acme/settings/apps/countersign-acme/permissions\n`,
    );
  });

  test("replaces an .env only where somebody says so", async () => {
    const { github, file, begin, given } = await somebody();
    writeFileSync(file, "APP_ID=1\n", { mode: 0o644 });
    const stays = `countersign setup: ${file} is there and stays as it is; move it away, or name another one with --env\n`;
    for (const answers of [null, ["n"], [""]]) {
      const { out, ended } = begin(given, answers);
      expect([await ended, out]).toEqual([2, { stdout: "", stderr: stays }]);
    }
    expect([readFileSync(file, "utf8"), github.requests]).toEqual(["APP_ID=1\n", []]);
    const { ended, address } = begin(given, ["y"]);
    await fetch(await agree(await address));
    expect([await ended, statSync(file).mode & 0o777, readFileSync(file, "utf8")]).toEqual([
      0,
      0o600,
      expect.not.stringContaining("APP_ID=1\n"),
    ]);
  });

  test("asks at a terminal for what it was not told", async () => {
    const { begin, file, host } = await somebody();
    const { ended, address } = begin(["--host", host, "--env", file], ["acme", "https://cs.acme.dev"]);
    expect([(await fetch(await agree(await address))).status, await ended]).toEqual([200, 0]);
  });

  test.each([
    ["acme", "organizations/acme/settings"],
    ["", "settings"],
  ])("leads to github.com where no other host is named, for the owner %j", async (owner, settings) => {
    const { begin, file, giveUp } = await somebody();
    const answers = [owner, "https://cs.acme.dev"];
    const { ended, address } = begin(["--env", file], answers);
    const page = await fetch(await address);
    const action = /action="([^"?]+)\?state=/u.exec(await page.text())?.[1];
    expect(action).toBe(`https://github.com/${settings}/apps/new`);
    expect(page.headers.get("content-security-policy")).toContain("form-action https://github.com");
    giveUp();
    expect([await ended, existsSync(file)]).toEqual([2, false]);
  });

  test("says that GitHub does not answer to the key, and keeps what it wrote", async () => {
    const { github, begin, file } = await somebody();
    const { out, ended, address } = begin();
    github.fault({ path: /^\/app$/u, status: 502 });
    await fetch(await agree(await address));
    expect([await ended, existsSync(file)]).toEqual([1, true]);
    expect(out.stdout).toContain("GitHub does not answer to the new key yet: GitHub answered 502");
  });

  test("says that the file cannot be written, and where new keys come from", async () => {
    const { begin, host } = await somebody();
    const file = join(freshFolder(), "gone", ".env");
    const { out, ended, address } = begin([
      "--organization",
      "acme",
      "--url",
      "https://cs.acme.dev",
      "--host",
      host,
      "--env",
      file,
    ]);
    await fetch(await agree(await address));
    expect([await ended, out.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^countersign setup: the App was created, but .*\.env cannot be written: ENOENT.* make new ones on http.*countersign-acme\n$/u,
      ),
    ]);
  });

  test("gives up when nobody comes, and explains itself", async () => {
    const { begin, giveUp, file } = await somebody();
    const { out, ended, address } = begin();
    await address;
    giveUp();
    expect([await ended, existsSync(file), out.stderr]).toEqual([
      2,
      false,
      expect.stringContaining("nobody created the App"),
    ]);
    const help = begin(["--help"]);
    expect([await help.ended, help.out.stdout.split("\n")[0]]).toEqual([
      0,
      expect.stringMatching(/^countersign setup \[--organization ORG\]/u),
    ]);
  });

  test.each([
    [
      ["--url", "countersign.acme.dev"],
      '--url: expected an address such as https://countersign.acme.dev, got "countersign.acme.dev"\n',
    ],
    [["--organization", "acme"], "--url is missing, and here is no terminal to ask at\n"],
    [
      ["--organization", "acme/shop", "--url", "https://a.dev"],
      '--organization: expected a login such as acme, got "acme/shop"\n',
    ],
    [["--port", "x"], '--port: expected a number from 0 to 65535, got "x"\n'],
    [
      ["--host", "https://github.acme.dev"],
      "GHE_HOST: expected a host name such as github.acme.com, without https://",
    ],
    [["now"], "Unexpected argument 'now'"],
  ])("refuses %j, saying what it expected", async (argv, problem) => {
    const { begin } = await somebody();
    const { out, ended } = begin([...argv, "--env", join(freshFolder(), ".env")]);
    expect([await ended, out.stdout, out.stderr]).toEqual([
      2,
      "",
      expect.stringContaining(`countersign setup: ${problem}`),
    ]);
  });
});
