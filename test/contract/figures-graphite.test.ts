// Does a real Graphite answer?
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { ms } from "../../src/core/units.ts";
import { figuresContract } from "../../src/ports/figures.contract.ts";
import { passOn } from "./figures/front.ts";
import { KEY, placeOf } from "./figures/place.ts";
import { has, Program } from "./figures/program.ts";

const SETTINGS = `
import os
D = os.environ["SERIN_GRAPHITE"]
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
LOG_ROTATION = False
STORAGE_DIR = D
WHISPER_DIR = D + "/whisper"
LOG_DIR = D
INDEX_FILE = D + "/index"
CARBONLINK_HOSTS = []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": D + "/db"}}
`;

/** What is kept by a file that reaches back from now. */
const MINUTE = 60_000;
const TO = ms((Math.floor(Date.now() / MINUTE) - 10) * MINUTE);
const FROM = ms(TO - 3 * MINUTE);
const POINTS = [
  [FROM, 100],
  [FROM + MINUTE, 4],
  [TO, 8],
  [TO + MINUTE, 1_000],
] as const;

describe.skipIf(!has("graphite-manage"))("with graphite-web", () => {
  const graphite = new Program();

  beforeAll(async () => {
    await graphite.prepare();
    const { dir, port } = graphite;
    await mkdir(join(dir, "whisper", "shop"), { recursive: true });
    await writeFile(join(dir, "serin_graphite.py"), SETTINGS);
    for (const role of ["canary", "stable"]) {
      const file = join(dir, "whisper", "shop", `${role}.wsp`);
      const points = POINTS.map(([at, value]) => `${at / 1_000}:${value}`);
      for (const command of [
        ["whisper-create", file, "60s:1d"],
        ["whisper-update", file, ...points],
      ])
        if (spawnSync(command[0] ?? "", command.slice(1)).status !== 0) throw new Error(`failed: ${command.join(" ")}`);
    }
    const env = { SERIN_GRAPHITE: dir, GRAPHITE_SETTINGS_MODULE: "serin_graphite", PYTHONPATH: dir };
    await graphite.start(
      ["graphite-manage", "runserver", "--noreload", `127.0.0.1:${port}`],
      env,
      "/render?format=json",
    );
  });

  afterAll(() => graphite.end());

  figuresContract("Graphite", () =>
    placeOf({
      kind: "graphite",
      fields: (url) => ({ url, bearer: KEY }),
      answer: passOn(() => graphite.url),
      interval: { fromMs: FROM, toMs: TO },
      level: "shop.canary",
      count: 'alias(shop.canary,"errors")',
      odd: {
        empty: { query: "shop.nobody", why: /^has no data for the interval$/u },
        several: { query: "shop.*", why: /^answered 2 series where one was asked for$/u },
        null: { query: "removeBelowValue(shop.canary,2000)", why: /^has only null for the interval$/u },
        wrong: { query: "nonsense(shop.canary)", why: /^answered 400: "Invalid parameters/u },
      },
    }),
  );
});
