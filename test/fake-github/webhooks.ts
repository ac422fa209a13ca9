/**
 * Webhook deliveries: what happened in the world is completed to GitHub's payload, signed and posted to each app that
 * subscribed. Deliveries to one app go out one after the other in the order things happened, unless they are held.
 * Like GitHub, nothing is ever sent again by itself.
 */
import { createHmac, randomUUID } from "node:crypto";
import { validateWebhook } from "./contract.ts";
import { renderAccount, renderOrganization, renderRepository } from "./render-rest.ts";
import {
  accountById,
  type App,
  covers,
  type Happening,
  type Installation,
  isoSeconds,
  nodeId,
  type World,
} from "./world.ts";

export type Delivery = {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly appId: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the receiver answered; null while it is held or under way, when it was dropped, and when nobody answered. */
  status: number | null;
  readonly redelivery: boolean;
  /** When it was sent; null while it is held. */
  deliveredAt: string | null;
};

/** How held deliveries go out: in reverse, each twice, or some never. */
export type ReleaseOptions = {
  readonly order?: "reversed";
  readonly duplicate?: true;
  readonly drop?: (delivery: Delivery) => boolean;
};

export type Webhooks = {
  /** Everything there was to send to somebody, oldest first; a repetition is a further entry with the same guid. */
  readonly deliveries: Delivery[];
  readonly hold: () => void;
  readonly release: (options?: ReleaseOptions) => void;
  readonly redeliver: (guid: string) => void;
  readonly quiet: () => Promise<void>;
};

/** GitHub counts an answer after ten seconds as none. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Starts listening to the world. `problems` collects what GitHub's schema says against a payload of ours. */
export function createWebhooks(world: World, problems: string[] | null): Webhooks {
  const deliveries: Delivery[] = [];
  let held: Delivery[] | null = null;
  // One chain per app keeps the order; what is not settled yet is under way.
  const chains = new Map<number, Promise<void>>();

  const send = (delivery: Delivery) => {
    const before = chains.get(delivery.appId) ?? Promise.resolve();
    chains.set(
      delivery.appId,
      before.then(() => post(world, delivery)),
    );
  };
  const add = (delivery: Delivery) => {
    deliveries.push(delivery);
    if (held) held.push(delivery);
    else send(delivery);
  };
  const again = (delivery: Delivery) => {
    const repetition = {
      ...delivery,
      id: world.nextId(),
      status: null,
      redelivery: true,
      deliveredAt: null,
    };
    deliveries.push(repetition);
    send(repetition);
  };

  world.happened = (happening) => {
    for (const { app, installation } of audience(world, happening)) {
      const payload = complete(world, happening, installation);
      const { event, action } = happening;
      problems?.push(...validateWebhook({ event, action: action ?? undefined, payload }));
      add({
        id: world.nextId(),
        guid: randomUUID(),
        event,
        action,
        appId: app.id,
        payload,
        status: null,
        redelivery: false,
        deliveredAt: null,
      });
    }
  };
  // What is under way is not in GitHub's log yet.
  world.hookLog = {
    list: (appId) =>
      deliveries
        .flatMap(({ deliveredAt, ...one }) =>
          one.appId === appId && deliveredAt !== null ? [{ ...one, deliveredAt }] : [],
        )
        .toReversed(),
    again: (appId, id) => {
      const delivery = deliveries.find((one) => one.appId === appId && one.id === id);
      if (delivery) again(delivery);
      return delivery !== undefined;
    },
  };
  return {
    deliveries,
    hold: () => {
      held ??= [];
    },
    release: ({ order, duplicate, drop } = {}) => {
      const kept = (held ?? []).filter((delivery) => !drop?.(delivery));
      held = null;
      for (const delivery of order === "reversed" ? kept.toReversed() : kept) {
        send(delivery);
        if (duplicate) again(delivery);
      }
    },
    redeliver: (guid) => {
      const delivery = deliveries.find((one) => one.guid === guid);
      if (!delivery) throw new Error(`There was no delivery ${guid}.`);
      again(delivery);
    },
    quiet: () => settled(chains),
  };
}

/** Waits until everything under way is answered; an answer may cause the next delivery, so until nothing new came. */
async function settled(chains: ReadonlyMap<number, Promise<void>>): Promise<void> {
  for (let seen: Promise<void>[] = []; ; ) {
    const present = [...chains.values()];
    if (present.length === seen.length && present.every((chain, index) => chain === seen[index])) return;
    await Promise.all(present);
    seen = present;
  }
}

/** The installations that hear of it: right account, right repository, subscribed. */
function audience(world: World, happening: Happening): { app: App; installation: Installation }[] {
  return [...world.installations.values()].flatMap((installation) => {
    const app = world.apps.get(installation.appId);
    if (!app || app.webhookUrl === null || installation.accountId !== happening.accountId) return [];
    if (happening.onlyAppId !== null && happening.onlyAppId !== app.id) return [];
    if (happening.repository && !covers(installation, happening.repository)) return [];
    return isSubscribed(app, happening.event) ? [{ app, installation }] : [];
  });
}

function isSubscribed(app: App, event: string): boolean {
  // Every app gets these three, and one that writes checks gets the events of checks, without asking.
  if (/^installation(?:_repositories|_target)?$/u.test(event)) return true;
  if (event === "check_run" || event === "check_suite") {
    return app.events.includes(event) || app.permissions["checks"] === "write";
  }
  return app.events.includes(event);
}

function complete(world: World, happening: Happening, installation: Installation): Record<string, unknown> {
  const account = accountById(world, happening.accountId);
  const { action, repository, senderId } = happening;
  const common = {
    ...(action === null ? {} : { action }),
    ...(repository ? { repository: renderRepository(world, repository) } : {}),
    ...(account.type === "Organization" ? { organization: renderOrganization(world, account) } : {}),
    installation: { id: installation.id, node_id: nodeId("I", installation.id) },
    sender: renderAccount(world, accountById(world, senderId)),
  };
  // A copy, so that what is recorded is what is sent: later changes of the world must not reach it.
  return structuredClone({ ...common, ...happening.payload });
}

async function post(world: World, delivery: Delivery): Promise<void> {
  const app = world.apps.get(delivery.appId);
  if (!app || app.webhookUrl === null) return;
  const body = JSON.stringify(delivery.payload);
  const signature = createHmac("sha256", app.webhookSecret).update(body).digest("hex");
  try {
    const answer = await fetch(app.webhookUrl, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/fake",
        "x-github-delivery": delivery.guid,
        "x-github-event": delivery.event,
        "x-github-hook-installation-target-id": String(app.id),
        "x-github-hook-installation-target-type": "integration",
        "x-hub-signature-256": `sha256=${signature}`,
      },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await answer.arrayBuffer();
    delivery.status = answer.status;
  } catch {
    // Nobody answered; GitHub notes that and goes on.
    delivery.status = null;
  }
  delivery.deliveredAt = isoSeconds(world.now());
}
