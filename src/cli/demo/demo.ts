// What does Serin do, shown on a small shop in a minute or two?
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogUpdate } from "log-update";
import type { Link, ServiceView } from "../../api/contract.ts";
import { SerinError } from "../../core/issues.ts";
import { hostController } from "../home.ts";
import type { Context } from "../io.ts";
import { clockTime, grouped, painter, table, wrap } from "../paint.ts";
import { USUAL_DOOR } from "../serve.ts";
import { renderService } from "../view.ts";
import { shopFile } from "./file.ts";
import { Load } from "./load.ts";

const ACTS = [
  { version: "v1", story: "the first version: nothing to compare it with", ends: "promoted" },
  { version: "v2", story: "answers 3 % of its requests with errors", ends: "rolled-back" },
  { version: "v3", story: "40 % slower at the 99th percentile", ends: "rolled-back" },
  { version: "v4", story: "never becomes ready", ends: "rolled-back" },
  { version: "v5", story: "is as good as v1", ends: "promoted" },
] as const;

/** Requests a second, and how many may be open at once. */
const LOAD = { rate: 800, most: 256 };

/** An act that takes longer than this has gone wrong. */
const LONGEST_ACT_MS = 180_000;

/** `serin demo`: five versions of a shop behind the built-in proxy, under load. */
export async function demoCommand({ io, signal }: Context): Promise<number> {
  const paint = painter(io.color);
  const dir = await mkdtemp(join(tmpdir(), "serin-demo-"));
  const link = await hostController(dir, { door: USUAL_DOOR });
  let load: Load | undefined;
  const surprises: string[] = [];
  try {
    io.out(`watch it in a browser: ${link.url}/services/shop`);
    for (const { version, story, ends } of ACTS) {
      io.out(`\n${paint("bold", `shop ${version}`)}  ${story}`);
      await link.apply({ text: shopFile(version), origin: dir, actor: "demo", reason: story });
      const view = await watch(link, { io, signal });
      if (signal.aborted) break;
      const { outcome = "not ended", why = "" } = view.rollout ?? {};
      io.out(paint(outcome === "promoted" ? "green" : "red", `  ${outcome}`));
      for (const line of wrap(why, 110, "  ")) io.out(line);
      if (outcome !== ends) surprises.push(`${version} was expected to be ${ends}, and was ${outcome}`);
      load ??= new Load(view.address ?? "", LOAD);
    }
    await load?.stop();
    if (load && !signal.aborted) for (const line of summary(load)) io.out(line);
  } finally {
    await load?.stop();
    await link
      .remove("shop", { actor: "demo", reason: "the demo is over" })
      .catch((error: unknown) => io.err(String(error)));
    await link.close();
    await rm(dir, { recursive: true, force: true });
  }
  for (const surprise of surprises) io.err(surprise);
  if (load && load.lost > 0) io.err(`${load.lost} requests were answered by no version`);
  return surprises.length === 0 && (load?.lost ?? 0) === 0 && !signal.aborted ? 0 : 1;
}

/** Shows the rollout until it ends. */
async function watch(link: Link, { io, signal }: Pick<Context, "io" | "signal">): Promise<ServiceView> {
  const picture = io.live ? createLogUpdate(process.stdout) : undefined;
  const deadline = Date.now() + LONGEST_ACT_MS;
  let shown = 0;
  for (;;) {
    const view = await link.get("shop");
    if (picture) {
      const width = Math.max(60, Math.min(process.stdout.columns ?? 100, 120));
      const lines = renderService(view, { width, paint: painter(io.color), decisions: 3 });
      picture(lines.slice(0, (process.stdout.rows ?? 40) - 1).join("\n"));
    } else {
      for (const { version, atMs, text, kind, rollout } of view.recent) {
        if (version <= shown || rollout !== view.rollout?.number || kind === "ended") continue;
        io.out(`  ${clockTime(atMs)}  ${text}`);
      }
      shown = view.version;
    }
    if (view.rollout?.phase === "ended" || signal.aborted) {
      picture?.clear();
      return view;
    }
    if (Date.now() > deadline) throw tooLong(view);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function tooLong({ rollout, troubles }: ServiceView): SerinError {
  const found = [rollout?.waiting?.text, ...Object.values(troubles)].filter(Boolean).join("; ");
  return new SerinError({ code: "SERIN_DEMO_STUCK", what: "the demo takes too long", found });
}

function summary(load: Load): string[] {
  const rows = [["version", "requests", "errors", ""]];
  for (const { version, story } of ACTS) {
    const { requests, errors } = load.seen.get(version) ?? { requests: 0, errors: 0 };
    const share = requests === 0 ? "–" : `${((errors / requests) * 100).toFixed(2)}%`;
    rows.push([version, grouped(requests), `${grouped(errors)} (${share})`, story]);
  }
  return ["", "What the clients saw:", ...table(rows), `answered by no version: ${load.lost}`];
}
