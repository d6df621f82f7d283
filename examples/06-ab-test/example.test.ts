// Does the README of the A/B test work word for word?
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { kill, MAIN, makePlace, until, type Place } from "../../test/e2e/harness.ts";
import { freePort } from "../../test/proxy/parts.ts";

const HERE = import.meta.dirname;

/** The README's commands, and what they are to print, with other ports: somebody else may have those. */
async function readme(replaced: (text: string) => string) {
  const text = replaced(await readFile(join(HERE, "README.md"), "utf8"));
  const blocks = [...text.matchAll(/```(sh|text)\n([\s\S]*?)```/gu)];
  const of = (kind: string) => blocks.filter((block) => block[1] === kind).map((block) => (block[2] ?? "").trim());
  return { commands: of("sh"), shown: of("text").join("\n") };
}

/** A folder with the example, and a `serin` on the path. */
async function prepare(place: Place, replaced: (text: string) => string): Promise<NodeJS.ProcessEnv> {
  for (const name of ["page.mjs", "visitors.mjs"]) await cp(join(HERE, name), join(place.dir, name));
  await place.write("rollout.yaml", replaced(await readFile(join(HERE, "rollout.yaml"), "utf8")));
  const bin = join(place.dir, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "serin"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(join(bin, "serin"), 0o755);
  const PATH = [bin, join(process.execPath, ".."), process.env["PATH"]].join(delimiter);
  return { ...process.env, PATH, NO_COLOR: "1", SERIN_STATE: place.state, SERIN_EVENTS_TOKEN: "" };
}

interface Terminal {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number>;
}

function terminal(command: string, cwd: string, env: NodeJS.ProcessEnv): Terminal {
  const child = spawn("sh", ["-ec", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()));
  return { child, said: () => text, ended: new Promise((resolve) => child.on("close", (code) => resolve(code ?? -1))) };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, " ");

test("from the blue button to the sentence for the product owner", async () => {
  const place = await makePlace();
  const [shop, events] = [await freePort(), await freePort()];
  const replaced = (text: string): string => text.replaceAll(":8080", `:${shop}`).replaceAll(":9411", `:${events}`);
  const env = await prepare(place, replaced);
  const { commands, shown } = await readme(replaced);
  const [serve = "", first = "", visitors = "", green = "", explain = "", down = "", ...more] = commands;
  expect(more).toEqual([]);
  const run = async (command: string): Promise<string> => {
    const { ended, said } = terminal(command, place.dir, env);
    expect([await ended, command, said()]).toEqual([0, command, expect.anything()]);
    return said();
  };
  const controller = terminal(serve, place.dir, env);
  try {
    await until("a controller that takes events", async () => controller.said().includes("taking events"));
    await run(first);
    const crowd = terminal(`${visitors} http://127.0.0.1:${shop}`, place.dir, env);
    const said = await run(green);
    expect(await crowd.ended).toBe(0);
    expect(crowd.said()).toMatch(/^blue: \d+ visitors, \d+ orders\ngreen: \d+ visitors, \d+ orders\n$/u);
    expect(said).toContain("shop/2 promoted");
    const told = oneLine(await run(explain));
    expect(told).toMatch(/Green converts .* against blue's .* \(difference \+.* points\); p = .* Take green\./u);
    expect(told).toMatch(/\(z = \d\.\d\d; the difference is a 95% interval\.\)/u);
    expect(told).toContain(oneLine(shown));
    expect(await (await fetch(`http://127.0.0.1:${shop}/color`)).text()).toBe("green");
    await run(down);
  } finally {
    if (controller.child.pid !== undefined) kill(controller.child.pid);
    await place.remove();
  }
});
