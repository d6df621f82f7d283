// Does a rollout end as it would have, whenever its controller is killed?
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clients, makePlace, rolloutFile, type Clients, type Place } from "./harness.ts";

const CONTROLLER = join(import.meta.dirname, "crashing-controller.ts");

interface End {
  readonly outcome: string;
  readonly number: number;
  readonly address?: string;
}

/** Runs a controller on a file; `undefined` when it killed itself on the way. */
function control(place: Place, file: string, crash: readonly string[] = []): Promise<End | undefined> {
  const child = spawn(process.execPath, [CONTROLLER, place.state, file, ...crash], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (part: Buffer) => (out += part.toString()));
  child.stderr.on("data", (part: Buffer) => (err += part.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), 45_000);
  return new Promise((resolve, reject) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(JSON.parse(out) as End);
      else if (signal === "SIGKILL" && crash.length > 0) resolve(undefined);
      else reject(new Error(`the controller ended with ${code ?? signal}: ${err}`));
    });
  });
}

async function commandLines(place: Place): Promise<string[]> {
  const pids = await place.processes();
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}

interface Case {
  readonly name: string;
  readonly file: string;
  readonly outcome: string;
  readonly serves: string;
  /** Whether failed answers belong to the case. */
  readonly fails: boolean;
}

const steps = "canary: { steps: [{ weight: 50%, hold: 400ms }] }";

const CASES: readonly Case[] = [
  { name: "promoted", file: rolloutFile("v2", { strategy: steps }), outcome: "promoted", serves: "v2", fails: false },
  {
    name: "rolled back",
    file: rolloutFile("v2", { env: "FAIL: 0.5", strategy: "canary: { steps: [{ weight: 50%, hold: 20s }] }" }),
    outcome: "rolled-back",
    serves: "v1",
    fails: true,
  },
];

/** One run with one crash. `false` when the run had no such moment. */
async function crashed(subject: Case, at: readonly string[]): Promise<boolean> {
  const place = await makePlace();
  let load: Clients | undefined;
  try {
    const first = await control(place, await place.write("v1.yaml", rolloutFile("v1")));
    expect(first?.outcome).toBe("promoted");
    load = clients(first?.address ?? "", 8);
    const file = await place.write("v2.yaml", subject.file);
    const died = (await control(place, file, at)) === undefined;
    const end = died ? await control(place, file) : undefined;
    if (!died) return false;
    expect(end, `crash ${at.join(" ")}`).toMatchObject({ outcome: subject.outcome, number: 2 });
    await load.stop();
    expect(load.lost, `crash ${at.join(" ")}`).toEqual([]);
    const served = load.answers.get(subject.serves);
    expect(served?.ok).toBeGreaterThan(0);
    if (!subject.fails)
      expect([...load.answers.values()].map(({ failed }) => failed)).toEqual([...load.answers].map(() => 0));
    const lines = await commandLines(place);
    // Two replicas and one proxy: nothing doubled, nothing left over.
    expect(lines.filter((line) => line.includes("service.mjs")).length, `crash ${at.join(" ")}`).toBe(2);
    expect(lines.filter((line) => line.includes("proxy/main")).length).toBe(1);
    return true;
  } finally {
    await load?.stop();
    await place.remove();
  }
}

for (const subject of CASES) {
  test(`killed before and after every journal entry of a rollout that is ${subject.name}`, async () => {
    let moments = 0;
    // Three at a time: most of each run is waiting. The last ones find no such entry any more.
    for (let from = 1, more = true; more && from < 60; from += 3) {
      const batch = [from, from + 1, from + 2].flatMap((n) =>
        [["before"], ["after"]].map(([when = ""]) => [String(n), when]),
      );
      const runs = await Promise.all([
        crashedInTurn(subject, batch.slice(0, 2)),
        crashedInTurn(subject, batch.slice(2, 4)),
        crashedInTurn(subject, batch.slice(4)),
      ]);
      moments += runs.flat().filter(Boolean).length;
      more = runs.flat().every(Boolean);
    }
    console.log(`${subject.name}: killed at ${moments} moments`);
    expect(moments).toBeGreaterThan(10);
  });
}

async function crashedInTurn(subject: Case, moments: readonly (readonly string[])[]): Promise<boolean[]> {
  const found: boolean[] = [];
  for (const at of moments) found.push(await crashed(subject, at));
  return found;
}
