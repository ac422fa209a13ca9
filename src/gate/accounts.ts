/** Something that was read, was not there, or could not be read. Absent is not unreadable: only the former is an answer. */
export type Read<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "absent" }
  /** `pastLimit`: there is more of it than a named limit, so asking again is no help. */
  | { readonly kind: "unreadable"; readonly why: string; readonly pastLimit?: true };

/**
 * A GitHub account. `id` is GitHub's numeric user id, null only where GitHub withholds it; `login` is spelled as GitHub
 * spells it, and a bot's always ends in `[bot]` (GraphQL leaves the suffix out, REST has it; the reader adds it).
 */
export type Account = {
  readonly login: string;
  readonly id: number | null;
  readonly kind: "User" | "Bot" | "Mannequin" | "Organization";
};

/** The name and e-mail a commit claims, and the account GitHub finds for that e-mail, if any. A claim anybody can forge. */
export type GitIdentity = { readonly name: string; readonly email: string; readonly account: Account | null };
