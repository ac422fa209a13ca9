/** Signing in with GitHub and out again. Who is signed in is a cookie; nothing is stored. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Access, SignIn } from "../github/access.ts";
import { appendAudit } from "../store/audit.ts";
import type { Store } from "../store/store.ts";
import { createSeals, type Session } from "./session.ts";

/** What signing in needs. */
export type SignInOptions = {
  readonly store: Store;
  readonly access: Access;
  readonly signIn: SignIn;
  readonly clientSecret: string;
  /** Where people see the pages. */
  readonly publicUrl: string;
  readonly log: { warn(fields: object, message: string): void };
  /** The clock, ms since epoch. */
  readonly now: () => number;
};

/** As long as a token of GitHub's lives; one that never expires does not make a longer session. */
const sessionMsMax = 8 * 60 * 60_000;
/** As long as GitHub's code lives. */
const attemptMsMax = 10 * 60_000;

/** Only our own pages are gone back to. */
const ownPath = /^\/(?:[\w.-]+\/[\w.-]+\/pull\/[1-9]\d{0,8})?$/u;

export type SignInRoutes = {
  /** Who is signed in; null for nobody, and for a session that is over. */
  readonly sessionOf: (context: Context) => Session | null;
  /** Forgets the session: GitHub does not know its token any more. */
  readonly forget: (context: Context) => void;
  /** Sends the browser to GitHub, to come back to the path `to`. */
  readonly begin: (context: Context, to: string | undefined) => Response;
  /** What becomes of somebody whom GitHub sent back. @throws GitHubError */
  readonly finish: (context: Context) => Promise<Response | "declined" | "not-ours">;
  /** Signs out, if the form is one of our own pages for this session. */
  readonly end: (context: Context) => Promise<Response | "not-ours">;
};

/** The steps of signing in, without their pages. */
export function createSignInRoutes(options: SignInOptions): SignInRoutes {
  const { publicUrl, now, signIn, log } = options;
  const seals = createSeals(options.clientSecret);
  const secure = publicUrl.startsWith("https:");
  // A cookie of this prefix cannot be set from another host or without TLS.
  const prefix = secure ? "__Host-" : "";
  const [sessionName, attemptName] = [`${prefix}countersign`, `${prefix}countersign-sign-in`] as const;
  const attributes = { path: "/", httpOnly: true, sameSite: "Lax", secure } as const;
  const write = (context: Context, name: string, value: string, ms: number) =>
    setCookie(context, name, value, { ...attributes, maxAge: Math.floor(ms / 1000) });
  const remove = (context: Context, name: string) => void deleteCookie(context, name, attributes);
  const sessionOf = (context: Context) => seals.session.open(getCookie(context, sessionName), now());
  return {
    sessionOf,
    forget: (context) => remove(context, sessionName),
    begin: (context, to = "/") => {
      const attempt = { state: randomKey(), verifier: randomKey(), to: ownPath.test(to) ? to : "/" };
      const until = now() + attemptMsMax;
      write(context, attemptName, seals.attempt.close({ ...attempt, until }), attemptMsMax);
      const challenge = createHash("sha256").update(attempt.verifier).digest("base64url");
      return context.redirect(signIn.address({ state: attempt.state, challenge }), 303);
    },
    finish: async (context) => {
      const attempt = seals.attempt.open(getCookie(context, attemptName), now());
      remove(context, attemptName);
      const { state = "", code, error } = context.req.query();
      if (attempt === null || !isSame(attempt.state, state)) return "not-ours";
      if (error !== undefined || code === undefined) return "declined";
      const { session, ms } = await openSession(options, { code, verifier: attempt.verifier });
      write(context, sessionName, seals.session.close(session), ms);
      return context.redirect(attempt.to, 303);
    },
    end: async (context) => {
      const session = sessionOf(context);
      const { form } = await context.req.parseBody();
      if (session === null || typeof form !== "string" || !isSame(session.formKey, form)) return "not-ours";
      remove(context, sessionName);
      // A copy of the cookie opens nothing from now on, on other servers within minutes.
      options.access.forget(session.token);
      await signIn.revoke(session.token).catch((error: unknown) => {
        log.warn(
          { person: session.id, error: String(error) },
          "A token could not be taken back; it ends by itself",
        );
      });
      return context.redirect("/", 303);
    },
  };
}

async function openSession(
  { signIn, access, store, now }: SignInOptions,
  got: { readonly code: string; readonly verifier: string },
): Promise<{ session: Session; ms: number }> {
  const { token, expiresInSeconds } = await signIn.redeem(got);
  const person = await access.whoIs(token);
  const ms = Math.min(sessionMsMax, (expiresInSeconds ?? Number.POSITIVE_INFINITY) * 1000);
  const at = now();
  await appendAudit(store, {
    at,
    kind: "sign-in",
    repo: null,
    number: null,
    sha: null,
    actorId: person.id,
    body: { login: person.login },
  });
  return { session: { ...person, token, formKey: randomKey(), until: at + ms }, ms };
}

function randomKey(): string {
  return randomBytes(32).toString("base64url");
}

/** Compares what somebody sent with a secret, in a time that tells nothing of it. */
function isSame(secret: string, sent: string): boolean {
  const [one, other] = [secret, sent].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
