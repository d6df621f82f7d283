// What does a service's own metrics page tell, and what could be compared by it?
import { lookAtPage } from "../adapters/registry.ts";
import { type Proposal, propose } from "../core/discover/propose.ts";
import { proposalText } from "../core/discover/text.ts";
import type { PageFormat } from "../core/exposition/line.ts";
import { messageOf, SerinError } from "../core/issues.ts";
import { FRAMEWORKS, FRAMEWORK_NAMES } from "../core/spec/frameworks/catalogue.ts";
import type { Context } from "./io.ts";

const FORMATS: Readonly<Record<PageFormat, string>> = {
  prometheus: "Prometheus' text format",
  openmetrics: "OpenMetrics",
};

/** Where pages usually are, the commonest first. */
const USUAL = ["/metrics", ...FRAMEWORK_NAMES.map((name) => FRAMEWORKS[name].path)].filter(
  (path, index, all) => all.indexOf(path) === index,
);

interface Asked {
  readonly host: string;
  readonly port: number;
  /** Nothing when the usual ones are tried. */
  readonly path: string | undefined;
}

interface Found {
  readonly path: string;
  readonly format: PageFormat;
  readonly proposal: Proposal;
}

/** `serin discover URL`: prints an analysis for a rollout file; with `json` everything that was found, for a program. */
export async function discoverCommand(url: string, { io, json, signal }: Pick<Context, "io" | "json" | "signal">) {
  const asked = placeOf(url);
  const { path, format, proposal } = await pageOf(asked, signal);
  const at = urlOf(asked, path);
  const text = proposalText({ url: at, path, port: asked.port, format: FORMATS[format] }, proposal);
  io.out(json ? JSON.stringify({ url: at, path, port: asked.port, format, ...proposal, analysis: text }) : text);
  return 0;
}

function bad(url: string): SerinError {
  const found = url.startsWith("https:") ? "https, and replicas are asked by http" : url;
  return new SerinError({
    code: "SERIN_BAD_URL",
    what: "a service is named by http://, a host and a port",
    found,
    next: "serin discover http://127.0.0.1:8080, with a path where it is not a usual one",
    exitCode: 2,
  });
}

function placeOf(text: string): Asked {
  const full = /^[a-z]+:\/\//iu.test(text) ? text : `http://${text}`;
  const url = URL.parse(full);
  if (!url || url.protocol !== "http:" || url.username !== "" || url.password !== "" || url.hash !== "")
    throw bad(text.replace(/\/\/[^@/]*@/u, "//…@"));
  const path = `${url.pathname}${url.search}`;
  const host = url.hostname.replace(/^\[(.*)\]$/u, "$1");
  return { host, port: url.port === "" ? 80 : Number(url.port), path: path === "/" ? undefined : path };
}

function urlOf({ host, port }: Asked, path: string): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

async function pageOf(asked: Asked, signal: AbortSignal): Promise<Found> {
  const instead: string[] = [];
  for (const path of asked.path === undefined ? USUAL : [asked.path]) {
    try {
      const { page, format } = await lookAtPage({ host: asked.host, port: asked.port, path }, signal);
      if (page.samples.size > 0) return { path, format, proposal: propose(page) };
      instead.push(`GET ${path}: a page without a single series`);
    } catch (error) {
      signal.throwIfAborted();
      const why = messageOf(error);
      if (NOBODY.test(why)) throw nobody(asked, why);
      instead.push(why.startsWith("GET ") ? why : `GET ${path}: ${why}`);
    }
  }
  throw new SerinError({
    code: "SERIN_NO_PAGE",
    what: `no metrics page can be read at ${urlOf(asked, asked.path ?? "/")}`,
    found: instead.join("; "),
    next:
      asked.path === undefined
        ? "turn the page on in the service, or name its path: serin discover URL/PATH"
        : "name another path, or none to try the usual ones",
  });
}

/** What says that no other path will do better. */
const NOBODY = /^does not listen|ENOTFOUND|EAI_AGAIN|no answer within|EHOSTUNREACH|ENETUNREACH/u;

function nobody(asked: Asked, why: string): SerinError {
  return new SerinError({
    code: "SERIN_NO_PAGE",
    what: `nobody answers at ${urlOf(asked, "/")}`,
    found: why.startsWith("does not listen") ? `nothing listens on port ${asked.port} of ${asked.host}` : why,
    next: "start the service, or look at host and port",
  });
}
