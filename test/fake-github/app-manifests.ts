/** Creating an App from a manifest: the page its owner confirms on, and the code that is exchanged for its keys once. */
import { randomBytes } from "node:crypto";
import type { Hono } from "hono";
import { z } from "zod";
import { HttpError, notFound } from "./http-error.ts";
import { renderApp } from "./render-rest.ts";
import type { RestEnv } from "./rest-context.ts";
import { createApp } from "./setup.ts";
import { type Account, findAccount, type World } from "./world.ts";

/** GitHub's, where a field it does not know is a mistake: docs.github.com, "Registering a GitHub App from a manifest". */
const manifestBody = z.strictObject({
  name: z.string().min(1).max(34),
  url: z.url(),
  description: z.string().optional(),
  hook_attributes: z.strictObject({ url: z.url(), active: z.boolean().optional() }),
  redirect_url: z.url(),
  public: z.boolean().optional(),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
  default_events: z.array(z.string()),
});

const codeLifeMs = 60 * 60_000;

/** Adds GitHub's page to `web` and the exchange of its code to `rest`. Whoever opens the page is signed in and agrees. */
export function addManifestRoutes(web: Hono<RestEnv>, rest: Hono<RestEnv>, world: World): void {
  const codes = new Map<string, { manifest: z.infer<typeof manifestBody>; owner: Account; until: number }>();
  const confirm = async (text: unknown, owner: Account, state: string | undefined) => {
    const manifest = manifestBody.safeParse(JSON.parse(z.string().parse(text)));
    if (!manifest.success) throw new HttpError(422, `Invalid manifest: ${z.prettifyError(manifest.error)}`);
    const slug = slugOf(manifest.data.name);
    if ([...world.apps.values()].some((app) => app.slug === slug))
      throw new HttpError(422, "Name is already taken");
    const code = randomBytes(20).toString("hex");
    codes.set(code, { manifest: manifest.data, owner, until: world.now() + codeLifeMs });
    const back = new URL(manifest.data.redirect_url);
    back.searchParams.set("code", code);
    if (state !== undefined) back.searchParams.set("state", state);
    return back.href;
  };
  web.post("/organizations/:org/settings/apps/new", async (context) => {
    const owner = findAccount(world, context.req.param("org"));
    if (owner?.type !== "Organization") throw notFound();
    const { manifest } = await context.req.parseBody();
    return context.redirect(await confirm(manifest, owner, context.req.query("state")));
  });
  rest.post("/app-manifests/:code/conversions", (context) => {
    const code = context.req.param("code");
    const known = codes.get(code);
    codes.delete(code);
    if (known === undefined || known.until <= world.now()) throw notFound();
    const { manifest, owner } = known;
    const secret = () => randomBytes(20).toString("hex");
    const app = createApp(world, {
      slug: slugOf(manifest.name),
      ownerId: owner.id,
      webhookSecret: secret(),
      webhookUrl: manifest.hook_attributes.url,
      permissions: manifest.default_permissions,
      events: manifest.default_events,
    });
    return context.json(
      {
        ...renderApp(world, app),
        client_secret: secret(),
        webhook_secret: app.webhookSecret,
        pem: app.privateKey,
      },
      201,
    );
  });
}

function slugOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/gu, "-");
}
