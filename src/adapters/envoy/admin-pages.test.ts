// Is an admin page believed only when it is the Envoy's own?
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { AdminPages } from "./admin-pages.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

let server: Server | undefined;
let asked: string[] = [];

afterEach(() => {
  server?.close();
  asked = [];
});

/** An admin page; its Envoy may become another one. */
async function page(envoy: { node: unknown }): Promise<string> {
  const listening = createServer(({ url = "" }, answer) => {
    asked.push(url.replace(/\?.*/u, ""));
    answer.end(
      url === "/server_info" ? JSON.stringify(envoy) : "# TYPE envoy_server_uptime gauge\nenvoy_server_uptime{} 7\n",
    );
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const at = listening.address();
  return `127.0.0.1:${typeof at === "object" ? at?.port : ""}`;
}

const envoyOf = (id: string, admin: string, fleet = "serin") =>
  ({ node: { id, fleet, metadata: { serin: { admin } } } }) as unknown as ConnectedEnvoy;

test("of two Envoys that name one page, the one whose it is not is unreadable", async () => {
  const admin = await page({ node: { id: "edge-1", cluster: "serin" } });
  const pages = new AdminPages();
  const own = await pages.ask(envoyOf("edge-1", admin), ["shop/one"], 0);
  expect(own.samples.get("envoy_server_uptime")).toHaveLength(1);
  const other = `at ${admin}, where its admin page should be, Envoy edge-1 of the fleet serin answers`;
  await expect(pages.ask(envoyOf("edge-2", admin), ["shop/one"], 0)).rejects.toThrow(other);
  await expect(pages.ask(envoyOf("edge-1", admin, "inner"), ["shop/one"], 0)).rejects.toThrow(other);
});

test("whose it is is asked once while it answers, and again when it did not", async () => {
  const admin = await page({ node: { id: "edge-1", cluster: "serin" } });
  const pages = new AdminPages();
  const ask = (nowMs: number) => pages.ask(envoyOf("edge-1", admin), ["shop/one"], nowMs);
  await ask(0);
  await ask(100);
  await ask(1_000);
  expect(asked).toEqual(["/server_info", "/stats/prometheus", "/stats/prometheus"]);
  const port = Number(admin.split(":")[1]);
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  await expect(ask(2_000)).rejects.toThrow(`its admin page at ${admin} does not answer`);
  const again = createServer((_request, answer) => answer.end(JSON.stringify({ node: { id: "x", cluster: "y" } })));
  server = again;
  await new Promise<void>((resolve) => again.listen(port, "127.0.0.1", resolve));
  await expect(ask(3_000)).rejects.toThrow("Envoy x of the fleet y answers");
});

test("a page of something else is no Envoy's", async () => {
  const admin = await page({ node: undefined });
  await expect(new AdminPages().ask(envoyOf("edge-1", admin), ["a"], 0)).rejects.toThrow("is no Envoy");
});
