// Does what answers as CloudWatch does answer?
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe } from "vitest";
import { ms } from "../../src/core/units.ts";
import { figuresContract } from "../../src/ports/figures.contract.ts";
import { pythonPart } from "../../tools/pypi.ts";
import { passOn } from "./figures/front.ts";
import { KEY, placeOf } from "./figures/place.ts";
import { Program } from "./figures/program.ts";

const moto = pythonPart("moto");

/** CloudWatch takes no points that are older than two weeks. */
const MINUTE = 60_000;
const TO = ms((Math.floor(Date.now() / MINUTE) - 10) * MINUTE);
const FROM = ms(TO - 3 * MINUTE);
const POINTS = [
  [FROM, 100],
  [FROM + MINUTE, 4],
  [TO, 8],
  [TO + MINUTE, 1_000],
] as const;

const stat = (Id: string, MetricName: string, ReturnData: boolean): object => ({
  Id,
  ReturnData,
  MetricStat: {
    Metric: { Namespace: "Shop/Web", MetricName, Dimensions: [{ Name: "role", Value: "canary" }] },
    Period: 60,
    Stat: "Sum",
  },
});

describe.skipIf(moto === undefined)("with moto", () => {
  const server = new Program();

  beforeAll(async () => {
    await server.prepare();
    const args = ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(server.port)];
    await server.start(["python3", ...args], { PYTHONPATH: moto ?? "" }, "/moto-api/");
    const client = new CloudWatchClient({
      region: "eu-central-1",
      endpoint: server.url,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    const MetricData = POINTS.map(([at, Value]) => ({
      MetricName: "Errors",
      Dimensions: [{ Name: "role", Value: "canary" }],
      Timestamp: new Date(at),
      Value,
    }));
    await client.send(new PutMetricDataCommand({ Namespace: "Shop/Web", MetricData }));
    client.destroy();
  });

  afterAll(() => server.end());

  figuresContract("CloudWatch (moto)", () =>
    placeOf({
      kind: "cloudwatch",
      fields: (url) => ({ url, region: "eu-central-1", accessKeyId: { env: "FIGURES_TEST_ID" }, secretAccessKey: KEY }),
      answer: passOn(() => server.url),
      interval: { fromMs: FROM, toMs: TO },
      level: "Shop/Web Errors{role=canary} Average",
      count: "SELECT SUM(Errors) FROM \"Shop/Web\" WHERE role = 'canary'",
      garbage: /^answered in a form of its own: "/u,
      odd: {
        empty: { query: "Shop/Web Errors{role=nobody} Sum", why: /^has no data for the interval$/u },
        returning: {
          query: JSON.stringify([stat("m1", "Errors", true), stat("m2", "Errors", true)]),
          why: /^cannot be asked its list of queries: 2 of them return data/u,
        },
        list: { query: JSON.stringify([stat("m1", "Nothing", true)]), why: /^has no data for the interval$/u },
        json: { query: "[{", why: /^cannot be asked its list of queries: it is not JSON$/u },
        dimension: { query: "Shop/Web Errors{canary} Sum", why: /: a dimension is written name=value$/u },
      },
    }),
  );
});
