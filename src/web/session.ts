/** Who is signed in: a cookie that only this server can read or write, and no row anywhere. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { z } from "zod";

/** Somebody who signed in, as long as the cookie lasts. */
export type Session = z.infer<typeof sessionSchema>;
/** A sign-in that GitHub was asked for and that is not finished. */
export type Attempt = z.infer<typeof attemptSchema>;

const sessionSchema = z.object({
  id: z.number(),
  login: z.string(),
  /** A user access token of the app. */
  token: z.string(),
  /** What a form has to carry so that it is known to come from our own page. */
  formKey: z.string(),
  /** Ms since epoch. */
  until: z.number(),
});
const attemptSchema = z.object({
  state: z.string(),
  verifier: z.string(),
  /** Where to go afterwards: a path of ours. */
  to: z.string(),
  until: z.number(),
});

const ivBytes = 12;
const tagBytes = 16;

/** Writes and reads cookies of one kind. */
type Seal<T> = {
  readonly close: (value: T) => string;
  /** Null for what this server did not write as a cookie of this kind, and for what is past its time. @param now ms since epoch. */
  readonly open: (text: string | undefined, now: number) => T | null;
};

/**
 * The cookies of sessions and of attempts. The key comes from the client secret of the GitHub App, which all replicas have: any of
 * them reads what another wrote, a new secret signs everybody out, and no token of a person is ever stored.
 */
export function createSeals(clientSecret: string): {
  readonly session: Seal<Session>;
  readonly attempt: Seal<Attempt>;
} {
  const key = Buffer.from(hkdfSync("sha256", clientSecret, "", "countersign cookies", 32));
  return { session: seal(key, "session", sessionSchema), attempt: seal(key, "attempt", attemptSchema) };
}

/** AES-256-GCM: nobody reads it, and whatever was changed does not open. The kind is part of what is authenticated. */
function seal<T extends { readonly until: number }>(
  key: Buffer,
  kind: string,
  schema: z.ZodType<T>,
): Seal<T> {
  return {
    close: (value) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(kind));
      const sealed = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
    },
    open: (text, now) => {
      const value = decrypt(key, kind, Buffer.from(text ?? "", "base64url"));
      const parsed = schema.safeParse(value);
      return parsed.success && parsed.data.until > now ? parsed.data : null;
    },
  };
}

function decrypt(key: Buffer, kind: string, bytes: Buffer): unknown {
  if (bytes.length <= ivBytes + tagBytes) return null;
  const [iv, tag, sealed] = [
    bytes.subarray(0, ivBytes),
    bytes.subarray(ivBytes, ivBytes + tagBytes),
    bytes.subarray(ivBytes + tagBytes),
  ];
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(kind)).setAuthTag(tag);
    return JSON.parse(Buffer.concat([decipher.update(sealed), decipher.final()]).toString("utf8"));
  } catch {
    return null;
  }
}
