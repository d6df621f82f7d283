// Does any known trick bring a request past the proxy that it did not see?
import { afterAll, beforeAll, expect, it } from "vitest";
import { TRICKS, type Trick } from "../../test/corpus/smuggling.ts";
import {
  answer,
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
  up = await replica("s1", (socket, bytes) => {
    if (/\r\n\r\n/.test(bytes)) socket.write(answer("ok"));
  });
  proxy = await started(route([up.backend]));
});
afterAll(async () => {
  await proxy.plane.drain(0 as never);
  await up.close();
});

const named = (tricks: readonly Trick[]): readonly (readonly [string, Trick])[] =>
  tricks.map((trick) => [trick.name, trick] as const);

it.each(named(TRICKS.filter((trick) => trick.refused)))("refused: %s", async (_, { bytes, refused }) => {
  up.clear();
  const client = new RawClient(proxy.port).send(bytes);
  expect(await client.over()).toMatch(refused ?? /never/);
  expect(up.seen).toBe("");
});

it.each(named(TRICKS.filter((trick) => !trick.refused)))("passed on: %s", async (_, { bytes, without }) => {
  up.clear();
  const client = new RawClient(proxy.port).send(bytes);
  await client.got("ok");
  client.socket.destroy();
  // Whatever came along must be a body: the next request finds a connection in order.
  const next = new RawClient(proxy.port).send(get("/next"));
  await next.got("ok");
  next.socket.destroy();
  await until(() => up.seen.includes("/next"));
  const head = up.seen.slice(0, up.seen.indexOf("\r\n\r\n"));
  expect(client.statuses).toEqual(["200"]);
  expect(head).not.toMatch(without ?? /^$/);
});
