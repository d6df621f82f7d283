// Are requests that come by HTTP/2 copied and compared like all others?
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { json, MirrorPlace } from "./mirror-place.ts";

let home: string;
let place: MirrorPlace;
let session: ClientHttp2Session;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-tls-"));
  const [cert, key] = [join(home, "tls.crt"), join(home, "tls.key")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=shop.test", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", "-nodes", ...curve, "-keyout", key, "-out", cert], { stdio: "ignore" });
  place = await new MirrorPlace({ tls: { cert, key } }).open();
});
afterEach(async () => {
  session.destroy();
  await place.close();
  rmSync(home, { recursive: true, force: true });
});

function ask(path: string, body?: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const stream = session.request({ ":path": path, ":method": body === undefined ? "GET" : "POST", "x-mine": "1" });
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (part: string) => (text += part));
  stream.on("end", () => resolve(text));
  stream.on("error", reject);
  stream.end(body);
  return promise;
}

test("with their bodies, and the answers that their users got", async () => {
  place.of("stable").handle = json((nth) => ({ nth, price: 10 }));
  place.of("canary").handle = json((nth) => ({ nth, price: 11 }));
  await place.apply({ methods: "all", compare: { ignore: ["header.x-by"] } });
  session = connect(`https://127.0.0.1:${place.port}`, { rejectUnauthorized: false });
  for (let sent = 1; sent <= 10; sent += 1) {
    expect(JSON.parse(await ask(`/${sent}`, sent % 2 ? `body ${sent}` : undefined))).toEqual({ nth: sent, price: 10 });
    await expect.poll(() => place.of("canary").seen.length).toBe(sent);
  }
  const { seen } = place.of("canary");
  expect(seen.slice(0, 2)).toEqual([
    { what: "POST /1", mirror: "canary", body: "body 1" },
    { what: "GET /2", mirror: "canary", body: "" },
  ]);
  await expect.poll(() => place.counted("canary")).toEqual([10, 0]);
  const { candidate, fields } = await place.comparison();
  expect(candidate).toBe(10);
  expect(fields).toMatchObject([
    { path: "body.price", candidate: 10, examples: [{ stable: "10", candidate: "11" }, {}, {}] },
  ]);
});
