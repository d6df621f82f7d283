// Which replicas does the Prometheus of a test scrape, and who reads it?
import { vi } from "vitest";
import { Hub } from "../../../src/adapters/prometheus/hub.ts";
import { createPrometheusSource } from "../../../src/adapters/prometheus/source.ts";
import { Secrets } from "../../../src/adapters/secrets.ts";
import { systemClock } from "../../../src/adapters/system/clock.ts";
import { createWeb } from "../../../src/adapters/web/web.ts";
import type { Connection } from "../../../src/core/spec/connection.ts";
import { ms } from "../../../src/core/units.ts";
import { Pages } from "../signals/pages.ts";
import { LIMIT, PrometheusServer } from "../../support/prometheus.ts";

export const clock = systemClock();

/** Somebody who asks this server, every 200 ms at most. */
export function hubOf(url: string, connection: Connection = {}, timeoutMs = ms(5_000)): Hub {
  const web = createWeb({ connection, secrets: () => new Secrets() });
  return new Hub({ clock, server: { url, web, timeoutMs }, everyMs: ms(200), windowMs: ms(60_000), gatherMs: ms(5) });
}

/** Replicas with pages, a Prometheus that scrapes them, and a source that reads it. */
export class Place {
  readonly pages = new Pages();
  readonly server: PrometheusServer;

  constructor(server = new PrometheusServer()) {
    this.server = server;
  }

  async open(replicas: number): Promise<this> {
    await this.pages.start(replicas);
    await this.server.start([{ targets: this.targets() }]);
    await this.scraped();
    return this;
  }

  targets(): readonly string[] {
    return this.pages.pools().flatMap(({ replicas }) => replicas.map(({ host, port }) => `${host}:${port}`));
  }

  source(hub = hubOf(this.server.url), match?: Readonly<Record<string, string>>) {
    return createPrometheusSource({ name: "prom", hub, clock, matching: { service: "shop", match } });
  }

  /** Every page was scraped twice since now, so that also a scrape that was under way is over. */
  async scraped(): Promise<void> {
    const before = this.pages.scrapes.map((count) => count + 2);
    await vi.waitFor(() => {
      before.forEach((count, index) => {
        if ((this.pages.scrapes[index] ?? 0) < count) throw new Error("not scraped yet");
      });
    }, LIMIT);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.pages.stop();
  }
}
