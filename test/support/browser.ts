// How does a browser go from page to page, with its cookies?
import { request as plain } from "node:http";
import { request as secure } from "node:https";

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly isSecure: boolean;
  /** As it was set. */
  readonly line: string;
}

interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** Keeps cookies by host and port, as no real browser would mix two servers of one machine here; trusts `ca`. */
export class Browser {
  readonly #ca: string | undefined;
  readonly #jars = new Map<string, Map<string, Cookie>>();

  constructor(ca?: string) {
    this.#ca = ca;
  }

  cookies(origin: string): readonly Cookie[] {
    return [...(this.#jars.get(origin)?.values() ?? [])];
  }

  /** One call, without following anything. */
  async call(address: string, { method = "GET", headers = {}, form, json }: Call = {}): Promise<Page> {
    const url = new URL(address);
    const body = form ? new URLSearchParams(form).toString() : json === undefined ? undefined : JSON.stringify(json);
    const type = form ? "application/x-www-form-urlencoded" : "application/json";
    const sent = this.cookies(url.origin)
      .filter(({ path, isSecure }) => url.pathname.startsWith(path) && (!isSecure || url.protocol === "https:"))
      .map(({ name, value }) => `${name}=${value}`);
    const all = {
      ...(sent.length > 0 && { cookie: sent.join("; ") }),
      ...(body !== undefined && { "content-type": type, "content-length": String(Buffer.byteLength(body)) }),
      ...headers,
    };
    const page = await new Promise<Page>((resolve, reject) => {
      const ask = url.protocol === "https:" ? secure : plain;
      const asked = ask(url, { method, headers: all, ...(this.#ca !== undefined && { ca: this.#ca }) }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => {
          text += part;
        });
        answer.on("end", () =>
          resolve({ url: url.href, status: answer.statusCode ?? 0, headers: answer.headers, text }),
        );
        answer.on("error", reject);
      });
      asked.on("error", reject);
      asked.end(body);
    });
    this.#keep(url.origin, page.headers["set-cookie"] ?? []);
    return page;
  }

  /** The same, and wherever it is sent on to; until a page, or until `stop` says so. */
  async go(address: string, call: Call = {}, stop: (url: string) => boolean = () => false): Promise<Page> {
    let page = await this.call(address, call);
    for (let hops = 0; hops < 20 && page.status >= 300 && page.status < 400; hops += 1) {
      const next = new URL(String(page.headers["location"]), page.url).href;
      if (stop(next)) return { ...page, url: next };
      page = await this.call(next);
    }
    return page;
  }

  /** Fills in the pages of a provider under test: who one is, and that Serin may know it. */
  async logIn(page: Page, login: string, stop?: (url: string) => boolean): Promise<Page> {
    let now = page;
    for (let pages = 0; pages < 3; pages += 1) {
      const action = /<form[^>]* action="([^"]+)"/u.exec(now.text)?.[1];
      const prompt = /name="prompt" value="([^"]+)"/u.exec(now.text)?.[1];
      if (action === undefined || prompt === undefined) return now;
      now = await this.go(action, { method: "POST", form: { prompt, login, password: "any" } }, stop);
    }
    return now;
  }

  #keep(origin: string, lines: string | readonly string[]): void {
    const jar = this.#jars.get(origin) ?? new Map<string, Cookie>();
    this.#jars.set(origin, jar);
    for (const line of [lines].flat()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const of = (key: string): string | undefined =>
        attributes.find((part) => part.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const isOver = of("max-age") === "0" || Date.parse(of("expires") ?? "") < Date.now();
      if (isOver) jar.delete(name);
      else
        jar.set(name, {
          name,
          value,
          path: of("path") ?? "/",
          isSecure: attributes.some((part) => /^secure$/iu.test(part)),
          line,
        });
    }
  }
}
