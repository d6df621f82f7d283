// Is a replica that is scraped twice counted once or not at all, and one with labels of its own as it is?
import { expect, test } from "vitest";
import type { Labels } from "./answer.ts";
import { Ledger } from "./ledger.ts";

const TWICE = { why: expect.stringMatching(/^is told twice, as .*: choose one by its labels$/u) };

function read(isAddress: boolean, ...all: readonly Labels[]) {
  const series = all.map((labels) => ({
    labels: { __name__: "x_total", ...labels },
    numbers: [[1_000, 10] as const, [6_000, 20] as const],
    natives: [],
  }));
  return new Ledger({ fromMs: 0, isYoung: true, isAddress }).read({ name: "@prom x_total", kind: "counter" }, series);
}
const counted = (value: number) => ({ reading: { kind: "counter", value } });

const OPERATED = { instance: "10.0.0.1:80", namespace: "shop", container: "app", pod: "shop-0" };

test.each<[string, Labels, Labels]>([
  ["two jobs", { instance: "a:80", job: "a" }, { instance: "a:80", job: "b" }],
  ["two names of its machine", { instance: "127.0.0.1:80", job: "a" }, { instance: "localhost:80", job: "a" }],
  ["two names and two jobs", { instance: "127.0.0.1:80", job: "a" }, { instance: "localhost:80", job: "b" }],
  [
    "two monitors of two services",
    { ...OPERATED, job: "shop", service: "shop", endpoint: "http" },
    { ...OPERATED, job: "shop-all", service: "shop-all", endpoint: "metrics" },
  ],
  [
    "two monitors of one service",
    { ...OPERATED, job: "shop", service: "shop", endpoint: "http" },
    { ...OPERATED, job: "shop", service: "shop", endpoint: "metrics" },
  ],
  [
    "a monitor of pods and one of services",
    { ...OPERATED, job: "shop/pods", endpoint: "http" },
    { ...OPERATED, job: "shop", service: "shop", endpoint: "http" },
  ],
  [
    "a monitor and a plain job",
    { ...OPERATED, job: "shop", endpoint: "http" },
    { instance: "10.0.0.1:80", job: "all" },
  ],
])("a replica that is scraped by %s is told twice", (_, one, other) => {
  expect(read(true, { ...one, code: "200" }, { ...other, code: "200" })).toMatchObject(TWICE);
});

test("labels of the service itself make other series, whatever they are called", () => {
  const plain = { instance: "a:80", job: "a" };
  expect(read(true, { ...plain, endpoint: "/a" }, { ...plain, endpoint: "/b" })).toMatchObject(counted(40));
  expect(read(true, { ...plain, service: "mail" }, { ...plain, service: "bank" })).toMatchObject(counted(40));
  const operated = { ...OPERATED, job: "shop", endpoint: "http" };
  expect(read(true, { ...operated, code: "200" }, { ...operated, code: "500" })).toMatchObject(counted(40));
});

test("of what is known by other labels than its address, many targets may be meant", () => {
  expect(read(false, { instance: "a:80", job: "a" }, { instance: "b:80", job: "a" })).toMatchObject(counted(40));
  expect(read(false, { instance: "a:80", job: "a" }, { instance: "a:80", job: "b" })).toMatchObject(TWICE);
});
