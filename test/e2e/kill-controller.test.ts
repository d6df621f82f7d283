// Does a rollout end as it would have, whenever its controller is killed?
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clients, COMPILED, makePlace, rolloutFile, type Clients, type Place } from "./harness.ts";

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
    env: { ...process.env, ...COMPILED },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (part: Buffer) => (out += part.toString()));
  child.stderr.on("data", (part: Buffer) => (err += part.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
  return new Promise((resolve, reject) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(JSON.parse(out) as End);
      else if (signal === "SIGKILL" && crash.length > 0) resolve(undefined);
      else reject(new Error(`the controller ended with ${code ?? signal}: ${err}`));
    });
  });
}

interface Case {
  readonly name: string;
  /** The file of the `n`-th rollout: each brings another revision. */
  readonly file: (n: number) => string;
  readonly outcome: string;
}

const CASES: readonly Case[] = [
  {
    name: "promoted",
    file: (n) => rolloutFile(`v${n}`, { strategy: "canary: { steps: [{ weight: 50%, hold: 400ms }] }" }),
    outcome: "promoted",
  },
  {
    name: "rolled back",
    file: (n) =>
      rolloutFile(`v${n}`, { env: "FAIL: 0.5", strategy: "canary: { steps: [{ weight: 50%, hold: 20s }] }" }),
    outcome: "rolled-back",
  },
];

type Moment = readonly [n: string, when: "before" | "after"];

/** One service, rolled out again and again with a controller that dies at another moment each time. */
class Lane {
  killed = 0;
  private rollouts = 1;
  private readonly place: Place;
  private readonly subject: Case;
  private load: Clients | undefined;

  constructor(place: Place, subject: Case) {
    this.place = place;
    this.subject = subject;
  }

  async begin(): Promise<void> {
    const first = await control(this.place, await this.place.write("v1.yaml", rolloutFile("v1")));
    expect(first?.outcome).toBe("promoted");
    this.load = clients(first?.address ?? "", 6);
  }

  /** `false` when a rollout has no such moment. */
  async crash(moment: Moment): Promise<boolean> {
    const { place, subject } = this;
    this.rollouts += 1;
    const what = `killed ${moment[1]} entry ${moment[0]}`;
    const file = await place.write("next.yaml", subject.file(this.rollouts));
    if ((await control(place, file, moment)) !== undefined) return false;
    const end = await control(place, file);
    expect(end, what).toMatchObject({ outcome: subject.outcome, number: this.rollouts });
    expect(this.load?.lost, what).toEqual([]);
    const lines = (await place.processes()).map(({ command }) => command);
    // Two replicas and one proxy: nothing doubled, nothing left over.
    expect(lines.filter((line) => line.includes("service.mjs")).length, what).toBe(2);
    expect(lines.filter((line) => line.includes("proxy/main")).length, what).toBe(1);
    this.killed += 1;
    return true;
  }

  async end(): Promise<void> {
    await this.load?.stop();
    expect(this.load?.lost).toEqual([]);
    const failed = [...(this.load?.answers ?? [])]
      .filter(([, counts]) => counts.failed > 0)
      .map(([version]) => version);
    if (this.subject.outcome === "promoted") expect(failed).toEqual([]);
    else expect(failed).not.toContain("v1");
  }
}

const LANES = 3;

for (const subject of CASES) {
  test(`killed before and after every journal entry of a rollout that is ${subject.name}`, async () => {
    const places = await Promise.all(Array.from({ length: LANES }, makePlace));
    const lanes = places.map((place) => new Lane(place, subject));
    try {
      await Promise.all(lanes.map((lane) => lane.begin()));
      // Each lane takes every third entry, until a rollout ends before it comes to one.
      await Promise.all(
        lanes.map(async (lane, index) => {
          for (let n = index + 1; n < 60; n += LANES) {
            if (!(await lane.crash([String(n), "before"]))) return;
            if (!(await lane.crash([String(n), "after"]))) return;
          }
        }),
      );
      await Promise.all(lanes.map((lane) => lane.end()));
      const moments = lanes.reduce((sum, { killed }) => sum + killed, 0);
      console.log(`${subject.name}: killed at ${moments} moments`);
      expect(moments).toBeGreaterThan(10);
    } finally {
      await Promise.all(places.map((place) => place.remove()));
    }
  });
}
