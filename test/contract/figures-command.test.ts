// Is the number of a command read, and is nothing of it left behind?
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { createVendor } from "../../src/adapters/figures/vendor.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { VendorSpec } from "../../src/core/spec/vendors.ts";
import { type Ms, ms } from "../../src/core/units.ts";
import { type FigurePlace, figuresContract } from "../../src/ports/figures.contract.ts";
import { FROM, KEY, SECRET, specOf, TO } from "./figures/place.ts";

const SCRIPT = join(import.meta.dirname, "figures", "command.mjs");

interface Place extends FigurePlace {
  readonly dir: string;
}

async function place(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), "serin-figures-"));
  let program = process.execPath;
  return {
    dir,
    source: (timeoutMs: Ms) => {
      const command = [program, SCRIPT, "{{query}}", "{{from}}", "{{to}}"];
      const spec = { ...specOf("command", { command, cwd: dir, env: { TOKEN: KEY } }), timeoutMs } as VendorSpec;
      return createVendor(spec, { clock: systemClock() });
    },
    fromMs: FROM,
    toMs: TO,
    level: { query: "errors", as: "level", value: 6 },
    count: { query: "errors", as: "count", value: 12 },
    odd: {
      empty: { query: "nothing", why: /^printed nothing$/u },
      several: { query: "two", why: /^printed "1 2", which is not one finite number$/u },
      nan: { query: "nan", why: /^printed "NaN", which is not one finite number$/u },
      killed: { query: "killed", why: /^was ended by SIGTERM$/u },
      shell: { query: "$(echo 1); `echo 2`", why: /^printed "no shell", which is not one finite number$/u },
    },
    faults: {
      broken: /^exited with code 3: "cannot reach it with \*\*\*"$/u,
      cut: /^was ended by SIGKILL$/u,
      slow: /^did not answer within 600ms$/u,
      garbage: /^printed "12 errors", which is not one finite number$/u,
      huge: /^printed more than 64 KiB$/u,
      gone: /^cannot run "[^"]*no-such-program": it does not exist$/u,
    },
    misbehave: async (fault) => {
      program = fault === "gone" ? join(dir, "no-such-program") : process.execPath;
      await writeFile(join(dir, "fault"), fault ?? "");
    },
    secret: SECRET,
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
}

figuresContract("a command", place);

test("a command that takes too long is ended with what it has started", async () => {
  const slow = await place();
  try {
    await slow.misbehave("slow");
    const asking = slow.source(ms(5_000)).ask([{ query: "errors", as: "level", fromMs: FROM, toMs: TO }], {
      signal: new AbortController().signal,
    });
    const child = await vi.waitFor(() => Number(readFileSync(join(slow.dir, "child"), "utf8")), 5_000);
    expect(child).toBeGreaterThan(1);
    expect(await asking).toEqual([{ ok: false, why: "did not answer within 5s" }]);
    await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow("ESRCH"), 5_000);
  } finally {
    await slow.dispose();
  }
});
