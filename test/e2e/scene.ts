// How does a test talk to a controller that serves, and look at it without a process for every look?
import type { ChildProcess } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Link, ServiceView } from "../../src/api/contract.ts";
import { findController } from "../../src/cli/home.ts";
import type { DecisionRecord } from "../../src/core/engine/state.ts";
import type { Control } from "../../src/proxy/store.ts";
import { makePlace, serin, start, until, type Place, type Ran } from "./harness.ts";

/** A controller on a place of its own. */
export interface Scene {
  readonly place: Place;
  /** The process of `serin serve`. */
  controller: ChildProcess;
  /** Looks; commands go through `say`, as a person's do. */
  link: Link;
  /** `serin ARGS` from another terminal. */
  say(...args: readonly string[]): Promise<Ran>;
  /** Applies a file and answers with the number of the rollout that it started. */
  apply(text: string): Promise<number>;
  look(): Promise<ServiceView>;
  /** Waits until something is to be seen. */
  see<T>(what: string, of: (view: ServiceView) => T | undefined | false, timeoutMs?: number): Promise<T>;
  /** Waits for the end of a rollout, and for a data plane that answers. */
  ended(number: number): Promise<ServiceView>;
  /** Every decision on a rollout. */
  decisions(number: number): Promise<readonly DecisionRecord[]>;
  /** Starts the controller again, after its process has ended. */
  serveAgain(): Promise<void>;
  /** Ends everything, also after a failure. */
  close(): Promise<void>;
}

/** Starts a controller; `prepare` may make something of the folder of its state before, `options` are for `serin serve`. */
export async function openScene(prepare?: (state: string) => void, options: readonly string[] = []): Promise<Scene> {
  const place = await makePlace();
  if (prepare) {
    await mkdir(place.state);
    prepare(place.state);
  }
  const state = ["--state", place.state];
  const { controller, link } = await serve(place, options).catch(async (error: unknown) => {
    await place.remove();
    throw error;
  });
  const scene: Scene = {
    place,
    controller,
    link,
    say: (...args) => serin([...args, ...state]),
    apply: async (text) => {
      const file = await place.write("rollout.yaml", text);
      const said = await scene.say("apply", file);
      const number = /^app\/(\d+) started/u.exec(said.out)?.[1];
      if (number === undefined) throw new Error(`not started: ${said.out}${said.err}`);
      return Number(number);
    },
    look: () => scene.link.get("app"),
    see: (what, of, timeoutMs) => until(what, async () => of(await scene.look()), timeoutMs),
    ended: (number) =>
      scene.see(
        `end of app/${number}`,
        (view) => view.rollout?.number === number && view.rollout.phase === "ended" && view.address && view,
        120_000,
      ) as Promise<ServiceView>,
    decisions: async (number) =>
      (await scene.link.records("app", 0, 1_000)).filter(({ rollout }) => rollout === number),
    serveAgain: async () => {
      Object.assign(scene, await serve(place, options));
    },
    close: async () => {
      scene.controller.kill("SIGKILL");
      await place.remove();
    },
  };
  return scene;
}

async function serve(place: Place, options: readonly string[]): Promise<Pick<Scene, "controller" | "link">> {
  const controller = start(["serve", "--state", place.state, ...options]);
  let said = "";
  for (const stream of [controller.stdout, controller.stderr]) {
    stream?.on("data", (part: Buffer) => (said += part.toString()));
  }
  const link = await until(
    "a controller that answers",
    async () => {
      if (controller.exitCode !== null) throw new Error(`serve ended: ${said}`);
      const announced = await readFile(join(place.state, "controller.json"), "utf8").catch(() => "");
      return announced.includes(`"pid":${controller.pid}`) ? findController(place.state) : undefined;
    },
    60_000,
  );
  return { controller, link };
}

/** Where the proxy of the service is; nothing while none has come up. */
export async function proxyOf(place: Place): Promise<Control | undefined> {
  try {
    return JSON.parse(await readFile(join(place.state, "services/app/proxy/control.json"), "utf8")) as Control;
  } catch {
    return undefined;
  }
}
