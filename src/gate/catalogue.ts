import type { Confidence, Role } from "./evidence.ts";
import written from "./catalogue.json" with { type: "json" };

/** What every signal of the catalogue says. `tool` is a slug; `any` stands for the tool that the matched text names. */
type Signal = { readonly tool: string; readonly role: Role; readonly confidence: Confidence };

/** A GitHub account. Id and login hold together: some tools carry the id of an account that is not theirs. */
export type AccountSignal = Signal & { readonly login: RegExp; readonly ids: readonly number[] };

/** A name and an e-mail address in git; both must match where both are given. */
export type IdentitySignal = Signal & {
  readonly name: RegExp | null;
  readonly email: RegExp | null;
  readonly in: readonly string[];
  /** A person is behind this identity (`Ada (aider)`), so it does not stop being a contributor. */
  readonly human: boolean;
};

/** A trailer by key: a pattern for the whole value, or for the name and the e-mail address it holds. */
export type TrailerSignal = Signal & {
  readonly pattern: RegExp | null;
  readonly name: RegExp | null;
  readonly email: RegExp | null;
};

export type TextSignal = Signal & { readonly pattern: RegExp };

export type Scope = "commit-subject" | "commit-body" | "pr-body";

type Catalogue = {
  readonly accounts: readonly AccountSignal[];
  readonly identities: readonly IdentitySignal[];
  /** By key in lower case. */
  readonly trailers: ReadonlyMap<string, readonly TrailerSignal[]>;
  readonly branches: readonly TextSignal[];
  readonly labels: readonly TextSignal[];
  readonly bodies: readonly (TextSignal & { readonly scope: readonly string[] })[];
  /** What names a tool in free text. */
  readonly words: readonly { readonly tool: string; readonly pattern: RegExp }[];
};

type Written = {
  readonly slug: string;
  readonly words?: string | undefined;
  readonly signals: readonly {
    readonly kind: string;
    readonly role: string;
    readonly confidence: string;
    readonly login?: string | undefined;
    readonly ids?: readonly number[] | undefined;
    readonly name?: string | undefined;
    readonly email?: string | undefined;
    readonly in?: readonly string[] | undefined;
    readonly human?: boolean | undefined;
    readonly keys?: readonly string[] | undefined;
    readonly pattern?: string | undefined;
    readonly scope?: readonly string[] | undefined;
  }[];
};

const roles: ReadonlyMap<string, Role> = new Map(
  (["wrote", "assisted", "suggestion", "session", "trigger", "review-only", "none"] as const).map((role) => [
    role,
    role,
  ]),
);
const confidences: ReadonlyMap<string, Confidence> = new Map(
  (["official", "observed", "convention", "reported"] as const).map((confidence) => [confidence, confidence]),
);

/** The built-in catalogue, compiled once. Where several signals fit, the first one in the file holds. */
export const catalogue: Catalogue = compile(written);

/** The slugs of the tools that evidence can name; `any` is a tool that its sign does not name. Automation that is not AI has none. */
export const toolSlugs: readonly string[] = written
  .filter(({ signals }) => signals.some(({ role }) => role !== "none"))
  .map(({ slug }) => slug);

function compile(tools: readonly Written[]): Catalogue {
  const accounts: AccountSignal[] = [];
  const identities: IdentitySignal[] = [];
  const trailers = new Map<string, TrailerSignal[]>();
  const texts = { branch: new Array<TextSignal>(), label: new Array<TextSignal>() };
  const bodies: Catalogue["bodies"][number][] = [];
  for (const { slug, signals } of tools) {
    for (const signal of signals) {
      const base = {
        tool: slug,
        role: roles.get(signal.role) ?? "none",
        confidence: confidences.get(signal.confidence) ?? "reported",
      };
      const [name, email, pattern] = [regex(signal.name), regex(signal.email), regex(signal.pattern)];
      if (signal.kind === "account") {
        accounts.push({ ...base, login: regex(signal.login) ?? never, ids: signal.ids ?? [] });
      } else if (signal.kind === "identity") {
        const places = signal.in ?? ["author", "committer", "co-author"];
        identities.push({ ...base, name, email, in: places, human: signal.human ?? false });
      } else if (signal.kind === "trailer") {
        for (const key of signal.keys ?? []) {
          const known = trailers.get(key.toLowerCase());
          if (known) known.push({ ...base, pattern, name, email });
          else trailers.set(key.toLowerCase(), [{ ...base, pattern, name, email }]);
        }
      } else if (signal.kind === "body") {
        bodies.push({ ...base, pattern: pattern ?? never, scope: signal.scope ?? [] });
      } else if (signal.kind === "branch" || signal.kind === "label") {
        texts[signal.kind].push({ ...base, pattern: pattern ?? never });
      }
    }
  }
  const words = tools.flatMap(({ slug, words }) =>
    words ? [{ tool: slug, pattern: new RegExp(words, "iu") }] : [],
  );
  return { accounts, identities, trailers, branches: texts.branch, labels: texts.label, bodies, words };
}

// A signal without its pattern matches nothing; a test makes sure that there is none.
const never = /(?!)/;

function regex(pattern: string | undefined): RegExp | null {
  return pattern === undefined ? null : new RegExp(pattern, "iu");
}
