// Does a real InfluxDB answer in InfluxQL?
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { figuresContract } from "../../src/ports/figures.contract.ts";
import { passOn } from "./figures/front.ts";
import { KEY, placeOf, POINTS, SECRET } from "./figures/place.ts";
import { has, Program } from "./figures/program.ts";

const BOUNDS = "time > {{from}} AND time <= {{to}}";

describe.skipIf(!has("influxd"))("with influxd", () => {
  const influx = new Program();

  beforeAll(async () => {
    await influx.prepare();
    const { dir, port } = influx;
    const config = `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${dir}/meta"
[data]
  dir = "${dir}/data"
  wal-dir = "${dir}/wal"
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = true
[monitor]
  store-enabled = false
`;
    await writeFile(join(dir, "influxdb.conf"), config);
    await influx.start(["influxd", "-config", join(dir, "influxdb.conf")], {}, "/ping");
    const authorization = `Basic ${Buffer.from(`serin:${SECRET}`).toString("base64")}`;
    const query = async (q: string): Promise<void> => {
      const body = new URLSearchParams({ q });
      const answer = await fetch(`${influx.url}/query`, { method: "POST", body, headers: { authorization } });
      const text = await answer.text();
      if (answer.status !== 200 || text.includes('"error"')) throw new Error(text);
    };
    const password = SECRET.replaceAll("'", "\\'");
    await query(`CREATE USER serin WITH PASSWORD '${password}' WITH ALL PRIVILEGES`);
    await query("CREATE DATABASE shop");
    const lines = POINTS.flatMap(([at, value]) =>
      value === null ? [] : ["canary", "stable"].map((role) => `web,role=${role} ms=${value},label="x" ${at}`),
    );
    const headers = { authorization };
    const write = await fetch(`${influx.url}/write?db=shop&precision=ms`, {
      method: "POST",
      headers,
      body: lines.join("\n"),
    });
    if (write.status !== 204) throw new Error(await write.text());
  });

  afterAll(() => influx.end());

  figuresContract("InfluxDB 1 in InfluxQL", () =>
    placeOf({
      kind: "influxdb",
      fields: (url) => ({ url, database: "shop", basic: { user: "serin", password: KEY } }),
      answer: passOn(() => influx.url),
      // Minutes without a point are null.
      level: `SELECT mean(ms) FROM web WHERE role = 'canary' AND ${BOUNDS} GROUP BY time(1m)`,
      count: `SELECT sum(ms) FROM web WHERE role = 'canary' AND ${BOUNDS};`,
      odd: {
        empty: { query: `SELECT mean(ms) FROM nothing WHERE ${BOUNDS}`, why: /^has no data for the interval$/u },
        several: {
          query: `SELECT sum(ms) FROM web WHERE ${BOUNDS} GROUP BY role`,
          why: /^answered 2 series where one was asked for$/u,
        },
        values: {
          query: `SELECT sum(ms), max(ms) FROM web WHERE ${BOUNDS}`,
          why: /^answered 2 values \(sum, max\) where one was asked for$/u,
        },
        text: {
          query: `SELECT last(label) FROM web WHERE ${BOUNDS}`,
          why: /^answered "x", which is no number$/u,
        },
        null: {
          query: `SELECT mean(ms) FROM web WHERE role = 'canary' AND ms > 4 AND ${BOUNDS} AND time < {{to}} GROUP BY time(1m)`,
          why: /^has (?:no data|only null) for the interval$/u,
        },
        wrong: { query: `SELECT FROM web WHERE ${BOUNDS}`, why: /^answered 400: "error parsing query: found FROM/u },
        failing: {
          query: `SELECT mean(ms) FROM "no such policy"."web" WHERE ${BOUNDS}`,
          why: /^answered "retention policy not found: no such policy"$/u,
        },
        two: {
          query: `SELECT sum(ms) FROM web WHERE ${BOUNDS}; SELECT sum(ms) FROM web WHERE ${BOUNDS}`,
          why: /^answered 2 results where one was asked for$/u,
        },
        changing: {
          query: `DROP SERIES FROM web WHERE ${BOUNDS}`,
          why: /^answered /u,
        },
        unbound: { query: "SELECT sum(ms) FROM web", why: /^has no \{\{from\}\} and no \{\{to\}\} in its query/u },
      },
    }),
  );
});
