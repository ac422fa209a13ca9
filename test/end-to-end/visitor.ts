/** Somebody with a browser: keeps cookies, follows no redirect by itself, and signs in at the fake GitHub. */
import type { Company } from "./company.ts";
import { publicUrl } from "./public-url.ts";

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of cookies that were set, by name, as they were sent. */
  readonly cookies: ReadonlyMap<string, string>;
};

/** A browser with no cookie yet. The server is reached past the proxy that `PUBLIC_URL` stands for. */
export function visitorOf({ url }: Pick<Company, "url">) {
  const jar = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = cookie === "" ? {} : { cookie };
    const answer = await fetch(`${url}${path.replace(publicUrl, "")}`, {
      ...init,
      headers,
      redirect: "manual",
    });
    const cookies = new Map<string, string>();
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/u.exec(line) ?? [];
      cookies.set(name, line);
      if (/max-age=0/iu.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return { status: answer.status, headers: answer.headers, text: await answer.text(), cookies };
  };
  return {
    jar,
    get: async (path: string) => ask(path),
    post: async (path: string, form: Readonly<Record<string, string>>) =>
      ask(path, { method: "POST", body: new URLSearchParams(form) }),
    /** Begins to sign in and presses a button on GitHub's consent page. @returns where GitHub sends the browser back to. */
    consent: async (login: string | null, to = "/"): Promise<string> => {
      const begun = await ask(`/sign-in?to=${encodeURIComponent(to)}`);
      return consentAt(begun.headers.get("location") ?? "", login);
    },
    /** Signs in, and returns the answer that ends it. */
    signIn: async (login: string, to = "/"): Promise<Answer> => {
      const begun = await ask(`/sign-in?to=${encodeURIComponent(to)}`);
      return ask(await consentAt(begun.headers.get("location") ?? "", login));
    },
  };
}

async function consentAt(address: string, login: string | null): Promise<string> {
  const page = await fetch(address);
  if (!(await page.text()).includes("Authorize as"))
    throw new Error(`GitHub asks for no consent at ${address}.`);
  const body = new URLSearchParams(login === null ? {} : { login });
  const answer = await fetch(address, { method: "POST", body, redirect: "manual" });
  return answer.headers.get("location") ?? "";
}
