// Do messages reach real receivers, and do their secrets stay untold?
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Target } from "../../src/core/outbox/message.ts";
import { identity } from "./messenger/identity.ts";
import { deliver, Folder, ID, PAYLOAD } from "./messenger/place.ts";
import { Receiver } from "./messenger/receiver.ts";

const LIMIT = { timeout: 30_000, interval: 20 };

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

describe("http", () => {
  let receiver: Receiver;
  let url: string;

  beforeEach(async () => {
    receiver = new Receiver();
    url = await receiver.start();
  });

  afterEach(() => receiver.stop());

  const http = (more: Partial<Extract<Target, { readonly kind: "http" }>> = {}): Target => ({
    kind: "http",
    url: `${url}/hook?a=b`,
    method: "POST",
    headers: {},
    ...more,
  });

  test("the payload as JSON, named for ever", async () => {
    expect(await deliver(http())).toEqual({ ok: true, result: "200 OK", output: "thanks" });
    expect(receiver.got).toMatchObject([
      {
        method: "POST",
        path: "/hook?a=b",
        headers: { "content-type": "application/json", "idempotency-key": ID, "x-serin-id": ID },
      },
    ]);
    const body: unknown = JSON.parse(receiver.got[0]?.body ?? "");
    expect(body).toEqual(PAYLOAD);
    expect(body).toMatchObject({
      name: "shop",
      namespace: "default",
      phase: "Progressing",
      checksum: "r-2",
      metadata: { team: "payments" },
    });
  });

  test.each([
    ['{"text":"{{text}}","n":{{rollout}}}', "application/json", JSON.stringify({ text: PAYLOAD["text"], n: 3 })],
    ["{{service}} says {{text}}", "text/plain; charset=utf-8", `shop says ${String(PAYLOAD["text"])}`],
  ])("a body of one's own: %s", async (body, type, sent) => {
    await deliver(http({ body }));
    expect(receiver.got).toMatchObject([{ headers: { "content-type": type }, body: sent }]);
  });

  test("a content-type of one's own says what the body is", async () => {
    await deliver(http({ body: '{"a":"{{text}}"}', headers: { "Content-Type": "text/x" } }));
    expect(receiver.got).toMatchObject([
      { headers: { "content-type": "text/x" }, body: `{"a":"${String(PAYLOAD["text"])}"}` },
    ]);
  });

  test.each(["GET", "DELETE"] as const)("%s has no body", async (method) => {
    expect(await deliver(http({ method }))).toMatchObject({ ok: true });
    expect(receiver.got).toMatchObject([{ method, body: "", headers: { "x-serin-id": ID } }]);
  });

  test.each([
    { status: 204, result: "204 No Content", ok: true },
    { status: 202, result: "202 Accepted", ok: true },
    { status: 404, result: "404 Not Found", ok: false },
    { status: 503, result: "503 Service Unavailable", ok: false },
    { status: 429, head: { "retry-after": "30" }, result: "429 Too Many Requests, again after 30", ok: false },
    { status: 302, head: { location: "/else" }, result: "302 Found, which leads to /else", ok: false },
    { status: 307, head: { location: "/else" }, result: "307 Temporary Redirect, which leads to /else", ok: false },
  ])("$status is told as it is", async ({ status, head = {}, result, ok }) => {
    receiver.answer = (response) => response.writeHead(status, head).end();
    expect(await deliver(http())).toMatchObject({ ok, result });
    // Nobody was followed.
    expect(receiver.got).toHaveLength(1);
  });

  test("of an answer without end, the beginning is told and the connection is closed", async () => {
    receiver.answer = (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000))) continue;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    const { ok, output } = await deliver(http());
    expect([ok, output]).toEqual([true, "x".repeat(2_000)]);
    await vi.waitFor(() => expect(receiver.open).toBe(0), LIMIT);
  });

  test("one that is called off ends at once and leaves no connection", async () => {
    receiver.answer = () => undefined;
    const calling = new AbortController();
    const delivering = deliver(http(), calling.signal);
    await vi.waitFor(() => expect(receiver.open).toBe(1), LIMIT);
    calling.abort();
    expect(await delivering).toEqual({ ok: false, result: "called off", output: "" });
    await vi.waitFor(() => expect(receiver.open).toBe(0), LIMIT);
  });

  test("nobody there", async () => {
    expect(await deliver(http({ url: "http://127.0.0.1:1/" }))).toMatchObject({
      ok: false,
      result: "nobody listens there",
    });
    expect(await deliver(http({ url: "http://nowhere.invalid/" }))).toMatchObject({ ok: false });
  });

  test("a connection that breaks", async () => {
    receiver.answer = (response) => response.destroy();
    expect(await deliver(http())).toMatchObject({
      ok: false,
      result: "the connection was closed before the end of the answer",
    });
  });

  test("secrets are read when they are needed, and told nowhere", async () => {
    const secret = 'p"q/ü+s';
    vi.stubEnv("HOOK_URL", `${url}/t0ken`);
    vi.stubEnv("HOOK_TOKEN", "Bearer t1ken");
    writeFileSync(folder.path("key"), "key/with+signs\n");
    writeFileSync(folder.path("odd"), secret);
    receiver.answer = (response, { path, headers }) => {
      const basic = Buffer.from("key/with+signs").toString("base64");
      const forms = [secret, JSON.stringify(secret), encodeURIComponent(secret), basic];
      response.end(`${url}${path} ${String(headers.authorization)} ${String(headers["x-key"])} ${forms.join(" ")} end`);
    };
    const { ok, output } = await deliver(
      http({
        url: { env: "HOOK_URL" },
        headers: { authorization: { env: "HOOK_TOKEN" }, "x-key": { file: folder.path("key") } },
      }),
    );
    expect(receiver.got).toMatchObject([
      { path: "/t0ken", headers: { authorization: "Bearer t1ken", "x-key": "key/with+signs" } },
    ]);
    expect(ok).toBe(true);
    expect(output).toMatch(/^\*\*\* \*\*\* \*\*\* .* \*\*\* end$/u);

    vi.stubEnv("HOOK_TOKEN", secret);
    const odd = await deliver(http({ body: "x", headers: { "content-type": { file: folder.path("odd") } } }));
    expect(odd.ok).toBe(true);
    expect(odd.output).toMatch(/ end$/u);
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      expect(JSON.stringify(odd)).not.toContain(form);
  });

  test("a header that cannot be sent does not tell its secret", async () => {
    vi.stubEnv("HOOK_TOKEN", "two\nlines");
    const carriage = await deliver(http({ headers: { authorization: { env: "HOOK_TOKEN" } } }));
    expect(carriage.ok).toBe(false);
    expect(JSON.stringify(carriage)).not.toMatch(/two|lines/u);
    expect(receiver.got).toEqual([]);
  });

  test("a secret that is not there is named, and nothing is sent", async () => {
    const result = async (text: { env: string } | { file: string }) =>
      (await deliver(http({ headers: { authorization: text } }))).result;
    vi.stubEnv("EMPTY_ONE", "");
    writeFileSync(folder.path("empty"), "\n");
    expect(await result({ env: "NO_SUCH_ONE" })).toBe("the environment variable NO_SUCH_ONE is not set");
    expect(await result({ env: "EMPTY_ONE" })).toBe("the environment variable EMPTY_ONE is empty");
    expect(await result({ file: folder.path("none") })).toBe(`the file ${folder.path("none")} does not exist`);
    expect(await result({ file: folder.path("empty") })).toBe(`the file ${folder.path("empty")} is empty`);
    expect(await result({ file: folder.dir })).toBe(`the file ${folder.dir} cannot be read (EISDIR)`);
    expect(receiver.got).toEqual([]);
  });

  test("https, with a certificate that is trusted or is not", async () => {
    const secure = createServer(identity(), (_request, response) => response.end("thanks"));
    secure.listen(0, "127.0.0.1");
    await once(secure, "listening");
    const { port } = secure.address() as AddressInfo;
    expect(await deliver(http({ url: `https://localhost:${port}/` }))).toMatchObject({ ok: true, output: "thanks" });
    // The certificate is localhost's.
    expect(await deliver(http({ url: `https://127.0.0.1:${port}/` }))).toMatchObject({
      ok: false,
      result: expect.stringContaining("does not match"),
    });
    secure.close();
  });

  // There is no Slack to be had here. This is the format of incoming webhooks as Slack documents it: a text in which
  // &, < and > are escaped, attachments with a colour, a fallback, fields and a footer; 200 and `ok` when it was taken.
  test("slack: a text, and an attachment with its colour", async () => {
    vi.stubEnv("SLACK_URL", `${url}/services/T0/B0/s3cret`);
    receiver.answer = (response) => response.end("ok");
    const slack = await deliver({ kind: "slack", url: { env: "SLACK_URL" }, channel: "#deploys" });
    expect(slack).toEqual({ ok: true, result: "200 OK", output: "ok" });
    expect(receiver.got).toMatchObject([{ method: "POST", headers: { "content-type": "application/json" } }]);
    const text = 'errors &lt;3&gt; "worse" &amp; slower';
    expect(JSON.parse(receiver.got[0]?.body ?? "")).toEqual({
      channel: "#deploys",
      text,
      attachments: [
        {
          color: "danger",
          fallback: text,
          fields: [
            { title: "Service", value: "shop", short: true },
            { title: "Rollout", value: "3", short: true },
            { title: "Candidate", value: "r-2", short: true },
            { title: "Share", value: "5%", short: true },
          ],
          footer: ID,
        },
      ],
    });
    receiver.answer = (response) => response.writeHead(410).end("channel_is_archived");
    expect(await deliver({ kind: "slack", url: `${url}/services/x` })).toEqual({
      ok: false,
      result: "410 Gone",
      output: "channel_is_archived",
    });
  });
});

describe("command", () => {
  const SCRIPT = fileURLToPath(new URL("messenger/script.mjs", import.meta.url));
  const command = (what: string, env: Extract<Target, { readonly kind: "command" }>["env"] = {}): Target => ({
    kind: "command",
    command: [process.execPath, SCRIPT, what, folder.path("pid")],
    env,
    cwd: folder.dir,
  });
  const isThere = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      // A zombie waits for whoever looks after orphans, and does nothing.
      return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  const pidThere = () =>
    vi.waitFor(() => {
      const pid = Number(readFileSync(folder.path("pid"), "utf8"));
      expect(pid).toBeGreaterThan(1);
      return pid;
    }, LIMIT);

  test("the payload on its input, the main parts in its environment", async () => {
    vi.stubEnv("SERIN_POOL", "of the controller's own");
    vi.stubEnv("CI_TOKEN", "t0ken");
    const { ok, result, output } = await deliver(command("tell", { TOKEN: { env: "CI_TOKEN" }, MODE: "quick" }));
    expect([ok, result]).toEqual([true, "exited with code 0"]);
    expect(JSON.parse(output)).toEqual({
      input: PAYLOAD,
      env: {
        SERIN_ID: ID,
        SERIN_NAME: "smoke test",
        SERIN_SERVICE: "shop",
        SERIN_SHARE: "5%",
        TOKEN: "***",
        MODE: "quick",
      },
      cwd: folder.dir,
    });
  });

  test("no shell reads the arguments", async () => {
    const target: Target = { kind: "command", command: ["echo", "$HOME;", "`id`"], env: {}, cwd: folder.dir };
    expect(await deliver(target)).toMatchObject({ ok: true, output: "$HOME; `id`\n" });
  });

  test("one that fails, with what it wrote", async () => {
    const failed = await deliver(command("fail"));
    expect([failed.ok, failed.result]).toEqual([false, "exited with code 3"]);
    expect(failed.output).toContain("first out\n");
    expect(failed.output).toContain("then err\n");
    expect(await deliver(command("crash"))).toMatchObject({ ok: false, result: "ended by SIGKILL" });
  });

  test("of much output the end is told, and no secret in it", async () => {
    const { output } = await deliver(command("much"));
    expect(output).toHaveLength(2_000);
    expect(output.endsWith("x\nthe end")).toBe(true);
    vi.stubEnv("CI_TOKEN", "0123456789");
    expect((await deliver(command("leak", { TOKEN: { env: "CI_TOKEN" } }))).output).toMatch(/x token=\*\*\*\n$/u);
  });

  test("what cannot be started is named", async () => {
    const result = async (more: object) => (await deliver({ ...command("tell"), ...more })).result;
    writeFileSync(folder.path("plain"), "");
    chmodSync(folder.path("plain"), 0o600);
    expect(await result({ command: ["no-such-program"] })).toBe('the command "no-such-program" does not exist');
    expect(await result({ command: [folder.path("plain")] })).toMatch(/may not be executed$/u);
    expect(await result({ cwd: folder.path("none") })).toBe(`the folder ${folder.path("none")} does not exist`);
    expect(await result({ command: ["a\0b"] })).toMatch(/^cannot start /u);
  });

  test("one that is called off is asked to end", async () => {
    const calling = new AbortController();
    const delivering = deliver(command("stay"), calling.signal);
    const pid = await pidThere();
    calling.abort();
    expect(await delivering).toMatchObject({ ok: false, result: "ended by SIGTERM" });
    expect(isThere(pid)).toBe(false);
  });

  test("one that does not end when it is asked is killed", async () => {
    const calling = new AbortController();
    const delivering = deliver(command("stubborn"), calling.signal);
    const pid = await pidThere();
    calling.abort();
    expect(await delivering).toMatchObject({ ok: false, result: "ended by SIGKILL", output: "no\n" });
    expect(isThere(pid)).toBe(false);
  });

  test("what it has started and not waited for is ended with it", async () => {
    expect(await deliver(command("leave"))).toMatchObject({ ok: true, result: "exited with code 0" });
    const pid = await pidThere();
    await vi.waitFor(() => expect(isThere(pid)).toBe(false), LIMIT);
  });

  test("one that has left its group is out of reach, and nobody waits for its output", async () => {
    expect(await deliver(command("escape"))).toMatchObject({ ok: true, result: "exited with code 0" });
    const pid = await pidThere();
    expect(isThere(pid)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  test("one that was called off before it began does not begin", async () => {
    expect(await deliver(command("stay"), AbortSignal.abort())).toMatchObject({ ok: false, result: "called off" });
    expect(existsSync(folder.path("pid"))).toBe(false);
  });
});
