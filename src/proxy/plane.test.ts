// Does the data plane pass on what it must, as HTTP/1.1 says?
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  answer,
  echoPath,
  get,
  RawClient,
  replica,
  route,
  started,
  until,
  type RawReplica,
  type Started,
} from "../../test/support/proxy.ts";

let up: RawReplica;
let proxy: Started;

beforeAll(async () => {
  up = await replica("s1");
  proxy = await started(route([up.backend]));
});
afterAll(async () => {
  await proxy.plane.drain(0 as never);
  await up.close();
});
beforeEach(() => {
  up.behave = echoPath;
  up.clear();
});

const client = (): RawClient => new RawClient(proxy.port);
const answers = (text: string): void => {
  up.behave = (socket, bytes) => {
    if (bytes.includes("\r\n\r\n")) socket.write(text);
  };
};

describe("connections", () => {
  it("are kept alive on both sides", async () => {
    const opened = up.opened;
    const c = client();
    for (const path of ["/1", "/2", "/3"]) await c.send(get(path)).got(`\r\n\r\n${path}`);
    expect(up.opened - opened).toBe(1);
    expect(c.ended).toBe(false);
    c.socket.destroy();
  });

  it("answer pipelined requests in order", async () => {
    const c = client().send(get("/1") + get("/22") + get("/333"));
    const paths = [...(await c.got("/333")).matchAll(/\r\n\r\n(\/\d+)/g)].map((match) => match[1]);
    expect(paths).toEqual(["/1", "/22", "/333"]);
    c.socket.destroy();
  });

  it("end after Connection: close", async () => {
    const text = await client().send(get("/a", "Connection: close\r\n")).over();
    expect(text).toContain("Connection: close\r\n");
    expect(up.seen).not.toMatch(/connection: close/i);
  });

  it("serve HTTP/1.0, and speak 1.1 to the replica", async () => {
    const text = await client().send("GET /a HTTP/1.0\r\n\r\n").over();
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\/a$/s);
    expect(up.seen).toMatch(/^GET \/a HTTP\/1\.1\r\nHost: \r\n/);
  });

  it("give HTTP/1.0 the data of chunks alone", async () => {
    answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    const text = await client().send("GET /a HTTP/1.0\r\nHost: h\r\n\r\n").over();
    expect(text).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde");
  });

  it("let one empty line before a request pass", async () => {
    const c = client().send(`\r\n${get()}`);
    expect(await c.got("\r\n\r\n/a")).toMatch(/^HTTP\/1\.1 200/);
    c.socket.destroy();
  });

  it("take a head byte by byte", async () => {
    const c = client();
    for (const char of get("/slow")) {
      c.send(char);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await c.got("\r\n\r\n/slow")).toMatch(/^HTTP\/1\.1 200/);
    c.socket.destroy();
  });
});

describe("fields", () => {
  const heads = async (fields: string): Promise<string> => {
    const c = client().send(get("/a", fields));
    await c.got("\r\n\r\n/a");
    c.socket.destroy();
    return up.seen;
  };

  it("say who the client is, whatever the client says", async () => {
    const seen = await heads("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\n");
    expect(seen).toContain("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n");
    expect(seen).not.toContain("6.6.6.6");
    expect(seen).not.toContain("https");
  });

  it("are added to behind a trusted proxy", async () => {
    const trusting = await started(route([up.backend]), { rest: { trustForwarded: true } });
    const c = new RawClient(trusting.port).send(
      get("/a", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-Forwarded-Proto: https\r\n"),
    );
    await c.got("\r\n\r\n/a");
    c.socket.destroy();
    expect(up.seen).toContain("X-Forwarded-For: 6.6.6.6, 7.7.7.7, 127.0.0.1\r\n");
    expect(up.seen.match(/x-forwarded-proto: .*/gi)).toEqual(["X-Forwarded-Proto: https\r".trim()]);
    await trusting.plane.drain(0 as never);
  });

  it("for this hop only stay here", async () => {
    const seen = await heads(
      "Connection: x-mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nX-Yours: 2\r\n",
    );
    expect(seen).not.toMatch(/^(x-mine|keep-alive|te|connection):/im);
    expect(seen).toContain("X-Yours: 2\r\n");
  });

  it("of answers for this hop only stay here", async () => {
    answers(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX-Yours: 2\r\nContent-Length: 2\r\n\r\nok",
    );
    const c = client().send(get());
    expect(await c.got("ok")).toBe("HTTP/1.1 200 OK\r\nX-Yours: 2\r\nContent-Length: 2\r\n\r\nok");
    c.socket.destroy();
  });

  it("of a whole URI as target become path and Host", async () => {
    const c = client().send("GET http://h/x?y HTTP/1.1\r\nHost: h\r\n\r\n");
    await c.got("/x?y");
    expect(up.seen).toMatch(/^GET \/x\?y HTTP\/1\.1\r\nHost: h\r\n/);
    c.socket.destroy();
  });
});

describe("bodies", () => {
  const echoBody: RawReplica["behave"] = (socket, bytes, self) => {
    void bytes;
    const body = self.seen.slice(self.seen.indexOf("\r\n\r\n") + 4);
    if (body.endsWith("END") || body.endsWith("0\r\n\r\n")) socket.write(answer(String(body.length)));
  };

  it("stream up: a length", async () => {
    up.behave = echoBody;
    const c = client().send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 200003\r\n\r\n");
    c.send("x".repeat(100_000));
    await until(() => up.seen.length > 100_000);
    c.send("x".repeat(100_000)).send("END");
    expect(await c.got("200003")).toMatch(/^HTTP\/1\.1 200/);
    c.socket.destroy();
  });

  it("stream up: chunks, with what follows them", async () => {
    up.behave = (socket, bytes) => {
      if (bytes.includes("0\r\n\r\n")) socket.write(answer("/p"));
      else if (bytes.startsWith("GET")) socket.write(answer("/next"));
    };
    const c = client().send("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
    await until(() => up.seen.includes("3\r\nab"));
    c.send(`c\r\n0\r\n\r\n${get("/next")}`);
    await c.got("/next");
    expect(up.seen).toContain("3\r\nabc\r\n0\r\n\r\nGET /next");
    c.socket.destroy();
  });

  it("stream down as they come", async () => {
    answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    const c = client().send(get());
    await c.got("first");
    for (const socket of up.sockets) socket.write("6\r\nsecond\r\n0\r\n\r\n");
    expect(await c.got("second\r\n0\r\n\r\n")).toContain("5\r\nfirst\r\n");
    c.socket.destroy();
  });

  it("keep their trailers", async () => {
    answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n");
    const c = client().send(get());
    expect(await c.got("X-T: 1\r\n\r\n")).toContain("Trailer: X-T");
    c.socket.destroy();
  });

  it("wait for a client that does not read", async () => {
    let taken = 0;
    up.behave = (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n");
      const chunk = Buffer.alloc(65_536, 120);
      const more = (): void => {
        while (!socket.destroyed && taken < 300_000_000) {
          taken += chunk.length;
          if (!socket.write(chunk)) {
            socket.once("drain", more);
            return;
          }
        }
      };
      more();
    };
    const c = client().send(get());
    c.socket.pause();
    let before = -1;
    while (before !== taken) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(taken).toBeLessThan(60_000_000);
    const closed = up.closed;
    c.socket.destroy();
    await until(() => up.closed > closed);
  });

  it("arrive whole at a client that reads slowly", async () => {
    const body = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join("");
    answers(answer(body));
    const c = client().send(get());
    for (let i = 0; i < 20; i += 1) {
      c.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 5));
      c.socket.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await c.got("line 199999\n")).slice(-body.length)).toBe(body);
    c.socket.destroy();
  });

  it.each([
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"],
    ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    ["the end of the connection", "HTTP/1.1 200 OK\r\n\r\nhalf"],
  ])("cut short do not look whole: %s", async (_, text) => {
    answers(text);
    const c = client().send(get());
    await c.got("half");
    for (const socket of up.sockets) socket.resetAndDestroy();
    expect(await c.over()).not.toContain("\r\n0\r\n\r\n");
    expect(c.reset).toBe(true);
  });

  it("may end with the connection", async () => {
    up.behave = (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nuntil-close");
    expect(await client().send(get()).over()).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil-close");
  });

  it("do not follow HEAD, 204 and 304", async () => {
    up.behave = (socket, bytes) => {
      if (bytes.startsWith("HEAD")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
      else if (bytes.includes("/304"))
        socket.write('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 500\r\n\r\n');
      else if (bytes.includes("/204")) socket.write("HTTP/1.1 204 No Content\r\n\r\n");
      else socket.write(answer("last"));
    };
    const c = client().send(`HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n${get("/304")}${get("/204")}${get("/")}`);
    await c.got("last");
    expect(c.statuses).toEqual(["200", "304", "204", "200"]);
    c.socket.destroy();
  });
});

describe("answers", () => {
  it("before the end of the request end both connections", async () => {
    up.behave = (socket, bytes) => {
      if (bytes.includes("POST")) socket.write(answer("no", "HTTP/1.1 403 Forbidden"));
    };
    const closed = up.closed;
    const c = client().send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    const text = await c.over();
    expect(text).toMatch(/403 Forbidden\r\n.*Connection: close\r\n\r\nno$/s);
    await until(() => up.closed > closed);
  });

  it("of 100 and 103 pass, then the final one", async () => {
    up.behave = (socket, bytes) => {
      if (bytes.includes("Expect")) socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      if (bytes.endsWith("abc")) socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${answer("ok")}`);
    };
    const c = client().send("POST /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    await c.got("100 Continue\r\n\r\n");
    c.send("abc");
    await c.got("ok");
    expect(c.statuses).toEqual(["100", "103", "200"]);
    c.socket.destroy();
  });

  it.each([
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok"],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ["another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
    ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"],
    ["a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok"],
    ["a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"],
    [
      "a 101 that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a body after 204", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"],
    ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n"],
  ])("that are ambiguous become 502: %s", async (_, text) => {
    answers(text);
    const c = client().send(get());
    expect(await c.got("\r\n\r\n")).toMatch(/^HTTP\/1\.1 502 /);
    expect(c.text).not.toContain("ok");
    c.socket.destroy();
  });

  it("never hold another client's bytes", async () => {
    answers(`${answer("ok")}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`);
    for (let i = 0; i < 3; i += 1) {
      const c = client().send(get());
      await c.got("ok");
      expect(c.text).not.toContain("EVIL");
      c.socket.destroy();
    }
  });
});

describe("a client that goes away", () => {
  it("takes its request with it, uncounted", async () => {
    up.behave = () => undefined;
    const counted = (): number => proxy.plane.counters().reduce((sum, series) => sum + series.requests, 0);
    const before = counted();
    const c = client().send(get("/hang"));
    await until(() => up.seen.includes("/hang"));
    const closed = up.closed;
    c.socket.destroy();
    await until(() => up.closed > closed);
    expect(counted()).toBe(before);
  });
});

describe("WebSockets", () => {
  const ask =
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

  it("pass both ways and end together", async () => {
    up.behave = (socket, bytes) => {
      socket.write(bytes.startsWith("GET") ? `${switching}hello` : `echo ${bytes}`);
    };
    const c = client().send(`${ask}early`);
    expect(await c.got("echo early")).toMatch(/^HTTP\/1\.1 101 .*Upgrade: websocket\r\n\r\nhello/s);
    await c.send("ping").got("echo ping");
    const closed = up.closed;
    expect(proxy.plane.busy()).toEqual(["s1"]);
    c.socket.destroy();
    await until(() => up.closed > closed);
  });

  it("may be declined", async () => {
    up.behave = (socket) => socket.write(answer("no", "HTTP/1.1 426 Upgrade Required"));
    const c = client().send(ask);
    await c.got("no");
    expect(c.statuses).toEqual(["426"]);
    c.socket.destroy();
  });

  it("are the only upgrade", async () => {
    const c = client().send(
      get("/a", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"),
    );
    await c.got("\r\n\r\n/a");
    expect(up.seen).not.toMatch(/h2c|http2|upgrade/i);
    c.socket.destroy();
  });
});
