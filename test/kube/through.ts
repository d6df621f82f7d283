// Who answers requests that come in through a Gateway?
import { request } from "node:http";
import { expect } from "vitest";
import { until } from "../e2e/harness.ts";

/** The name by which the service is asked from outside. */
export const HOST = "shop.example.com";

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The version that answers, or the status of an answer that is of none. */
export async function ask(address: string, { path = "/", headers = {} }: Asked = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(`${address}${path}`, { headers: { host: HOST, ...headers } }, (answer) => {
      const { "x-version": version = String(answer.statusCode) } = answer.headers;
      answer.resume();
      answer.on("error", reject);
      answer.on("end", () => resolve(String(version)));
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** How often each version answered. */
export async function counts(address: string, number: number): Promise<Readonly<Record<string, number>>> {
  const seen: Record<string, number> = {};
  for (let sent = 0; sent < number; sent += 1) {
    const answer = await ask(address);
    seen[answer] = (seen[answer] ?? 0) + 1;
  }
  return seen;
}

/** Waits until a version answers all of twenty requests. */
export async function untilAll(address: string, version: string): Promise<void> {
  await until(`all is ${version}`, async () => {
    const seen = await counts(address, 20).catch(() => undefined);
    return seen?.[version] === 20;
  });
}

/** Sends 400 requests; v2 shall answer its share, and v1 the others. */
export async function expectShare(address: string, share: number): Promise<void> {
  const sent = 400;
  const { v1 = 0, v2 = 0, ...others } = await counts(address, sent);
  expect([v1 + v2, others]).toEqual([sent, {}]);
  // Five standard deviations of a share that chance deals.
  const spread = 5 * Math.sqrt(sent * share * (1 - share));
  expect(Math.abs(v2 - sent * share), `${v2} of ${sent}`).toBeLessThanOrEqual(spread);
}
