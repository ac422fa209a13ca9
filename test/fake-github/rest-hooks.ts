/** GitHub's log of the deliveries to an app, and sending one of them again. */
import type { Hono } from "hono";
import { z } from "zod";
import { notFound } from "./http-error.ts";
import { afterCursor, appIn, numberIn, type RestEnv } from "./rest-context.ts";
import { findRepository, type World } from "./world.ts";

/** GitHub's log of the deliveries to an app. */
export type HookLog = {
  readonly list: (appId: number) => readonly LoggedDelivery[];
  /** False for an id that is not in the log. */
  readonly again: (appId: number, id: number) => boolean;
};

export type LoggedDelivery = {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly redelivery: boolean;
  readonly deliveredAt: string;
  readonly status: number | null;
};

/** Adds the routes. */
export function addHookRoutes(rest: Hono<RestEnv>, world: World): void {
  rest.get("/app/hook/deliveries", (context) => {
    const { status } = context.req.query();
    const all = world.hookLog
      .list(appIn(context).id)
      .filter((one) => status === undefined || isSuccess(one) === (status === "success"));
    return context.json(afterCursor(world, context, all).map((one) => render(world, one)));
  });
  rest.post("/app/hook/deliveries/:id/attempts", (context) => {
    if (!world.hookLog.again(appIn(context).id, numberIn(context, "id"))) throw notFound();
    return context.json({}, 202);
  });
}

function isSuccess({ status }: LoggedDelivery): boolean {
  return status !== null && status >= 200 && status < 400;
}

const payload = z.object({
  repository: z.object({ full_name: z.string() }).optional(),
  installation: z.object({ id: z.number() }).optional(),
});

function render(world: World, one: LoggedDelivery) {
  const { repository, installation } = payload.parse(one.payload);
  const [owner = "", name = ""] = repository?.full_name.split("/") ?? [];
  return {
    id: one.id,
    guid: one.guid,
    delivered_at: one.deliveredAt,
    redelivery: one.redelivery,
    duration: 0.1,
    status: isSuccess(one) ? "OK" : "Invalid HTTP Response",
    status_code: one.status ?? 502,
    event: one.event,
    action: one.action,
    installation_id: installation?.id ?? null,
    repository_id: findRepository(world, owner, name)?.id ?? null,
  };
}
