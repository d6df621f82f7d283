// What do the admin pages of Envoys say, and is each of them the Envoy's own?
import { parsePage, type Page } from "../../core/exposition/parse.ts";
import { messageOf } from "../../core/issues.ts";
import { literal } from "./resources/messages.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

/** A page is not asked more often. */
const FRESH_MS = 400;
const ANSWER_MS = 2_000;

/** So many addresses are remembered by who answers there. */
const MOST_ADDRESSES = 1_000;

interface Asked {
  readonly atMs: number;
  readonly page: Promise<Page>;
}

export class AdminPages {
  readonly #asked = new Map<string, Asked>();
  /** By address; until it does not answer. */
  readonly #owners = new Map<string, Promise<string>>();

  /** Statistics of these clusters. Rejects when nobody answers, or somebody else. */
  ask({ node }: ConnectedEnvoy, clusters: readonly string[], nowMs: number): Promise<Page> {
    for (const [key, { atMs }] of this.#asked) if (nowMs - atMs >= FRESH_MS) this.#asked.delete(key);
    const key = `${callOf(node)}\n${clusters.join("|")}`;
    const known = this.#asked.get(key);
    if (known) return known.page;
    const page = this.#fetch(node, clusters);
    const asked = { atMs: nowMs, page };
    this.#asked.set(key, asked);
    page.catch(() => {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
    });
    return page;
  }

  async #fetch(node: ConnectedEnvoy["node"], clusters: readonly string[]): Promise<Page> {
    const address = addressOf(node.metadata);
    const owner = await this.#owner(address);
    if (owner !== callOf(node)) {
      this.#owners.delete(address);
      const right = "export its file with an --admin that Serin reaches it at";
      throw new Error(`at ${address}, where its admin page should be, Envoy ${owner} answers: ${right}`);
    }
    try {
      return await fetchPage(address, clusters);
    } catch (error) {
      // Somebody else may answer next time.
      this.#owners.delete(address);
      throw error;
    }
  }

  #owner(address: string): Promise<string> {
    const known = this.#owners.get(address);
    if (known) return known;
    const owner = fetchOwner(address);
    this.#owners.set(address, owner);
    owner.catch(() => this.#owners.delete(address));
    const [oldest] = this.#owners.keys();
    if (this.#owners.size > MOST_ADDRESSES && oldest !== undefined) this.#owners.delete(oldest);
    return owner;
  }
}

const callOf = ({ id, fleet }: { readonly id: string; readonly fleet: string }): string =>
  `${id} of the fleet ${fleet}`;

/** The admin page's address, as the Envoy's own file tells it. */
function addressOf(metadata: ConnectedEnvoy["node"]["metadata"]): string {
  const serin = metadata["serin"];
  const admin = typeof serin === "object" && serin !== null && "admin" in serin ? serin["admin"] : undefined;
  if (typeof admin === "string") return admin;
  throw new Error("its node.metadata.serin.admin does not say where its admin page is");
}

async function fetchText(address: string, path: string): Promise<string> {
  try {
    const answer = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.ok) return await answer.text();
    throw new Error(`it answers ${answer.status}`);
  } catch (error) {
    throw new Error(`its admin page at ${address} does not answer: ${messageOf(error)}`, { cause: error });
  }
}

/** Who answers there, as it calls itself. */
async function fetchOwner(address: string): Promise<string> {
  const text = await fetchText(address, "/server_info");
  try {
    const { node } = JSON.parse(text) as { node: { id?: string; cluster?: string } };
    return callOf({ id: node.id ?? "", fleet: node.cluster ?? "" });
  } catch (error) {
    throw new Error(`what answers at ${address}, where its admin page should be, is no Envoy`, { cause: error });
  }
}

async function fetchPage(address: string, clusters: readonly string[]): Promise<Page> {
  const names = clusters.map(literal).join("|");
  const filter = String.raw`^(?:server\.uptime|cluster\.(?:${names})\.upstream_rq_(?:\dxx|time))$`;
  return parsePage(await fetchText(address, `/stats/prometheus?filter=${encodeURIComponent(filter)}`), "prometheus");
}
