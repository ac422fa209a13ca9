import { expect, test } from "vitest";
import { ZodError } from "zod";
import { none } from "../../src/github/effects.ts";
import { events } from "../../src/github/events.ts";
import { parseTarget } from "../../src/github/targets.ts";

const sha = "a".repeat(40);
const path = "/repos/Acme/Shop/actions/runs/7/deployment_protection_rule";

/** What the delivery leads to, with the payload of a deployment to production but for `change`. */
function effects(change: Record<string, unknown> = {}) {
  return events["deployment_protection_rule"]?.(
    {
      action: "requested",
      installation: { id: 3 },
      repository: { full_name: "Acme/Shop", name: "Shop", default_branch: "main" },
      environment: "Production",
      sha,
      // What it was made of is not what is deployed.
      deployment: { sha: "b".repeat(40) },
      deployment_callback_url: `https://api.github.com${path}`,
      ...change,
    },
    ".github",
  );
}

test.each(["https://api.github.com", "https://api.acme.ghe.com", "http://ghes.acme.test:8443/api/v3"])(
  "a deployment that waits is looked at first, whoever's GitHub it is: %s",
  (host) => {
    const target = "deploy:acme/shop:7:Production";
    expect(effects({ deployment_callback_url: `${host}${path}` })).toEqual({
      ...none,
      marks: [{ target, installation: 3, priority: 0 }],
      deployments: [{ target, repo: "acme/shop", installation: 3, environment: "Production", run: 7, sha }],
    });
  },
);

test("an environment may be called anything", () => {
  const [mark] = effects({ environment: "eu:west/1 %" })?.marks ?? [];
  expect(parseTarget(mark?.target ?? "")).toEqual({
    kind: "deploy",
    owner: "acme",
    repo: "shop",
    run: 7,
    environment: "eu:west/1 %",
  });
});

test("a payload of an older GitHub Enterprise Server does not say which commit it is", () => {
  expect(effects({ sha: undefined })?.deployments).toMatchObject([{ sha: null }]);
});

test("another action is ignored", () => {
  expect(effects({ action: "completed" })).toEqual(none);
});

test.each([
  "https://api.github.com/repos/acme/other/actions/runs/7/deployment_protection_rule",
  "https://evil.example/?https://api.github.com/repos/acme/shop/actions/runs/7/deployment_protection_rule",
  "https://api.github.com/repos/acme/shop/actions/runs/7/deployment_protection_rule/../../8",
  "https://api.github.com/repos/acme/shop/actions/runs/7/deployment_protection_rule\n",
  "https://api.github.com/repos/acme/shop/actions/runs/07/deployment_protection_rule",
  "https://api.github.com/repos/acme/shop/actions/runs/7e3/deployment_protection_rule",
  "ftp://api.github.com/repos/acme/shop/actions/runs/7/deployment_protection_rule",
])("a callback that names no run of the repository is not GitHub's: %s", (url) => {
  expect(() => effects({ deployment_callback_url: url })).toThrow(ZodError);
});

test.each([{ sha: "main" }, { sha: "A".repeat(40) }, { environment: "" }, { environment: "x".repeat(256) }])(
  "what is no commit or no environment is not GitHub's: %o",
  (change) => {
    expect(() => effects(change)).toThrow(ZodError);
  },
);
