// Who shall judge what was measured elsewhere?
import { SerinError } from "../core/issues.ts";
import type { Io } from "./io.ts";

/** What may be asked besides which judge. */
export interface JudgeOptions {
  readonly kayenta?: string;
  readonly strict?: boolean;
  readonly ab?: string;
  readonly control?: string;
  readonly treatment?: string;
  readonly alpha?: string;
  readonly power?: string;
  readonly lift?: string;
  readonly baseline?: string;
  readonly split?: string;
}

interface Asked extends JudgeOptions {
  readonly request: string | undefined;
  readonly json: boolean;
}

/** Options that belong to one judge alone. */
const AB_ONLY = ["control", "treatment", "alpha", "power", "lift", "baseline", "split"] as const;

/** `serin judge --kayenta REQUEST` or `serin judge --ab USERS`. */
export async function judgeCommand(asked: Asked, io: Pick<Io, "out" | "err" | "color">): Promise<number> {
  const { request, json, kayenta, ab, strict = false, ...figures } = asked;
  if (request !== undefined || (kayenta === undefined) === (ab === undefined)) throw unclear(request);
  if (kayenta !== undefined) {
    const foreign = AB_ONLY.find((name) => figures[name] !== undefined);
    if (foreign !== undefined) throw misplaced(foreign, "--ab");
    const { judgeKayentaCommand } = await import("./judge-kayenta.ts");
    return judgeKayentaCommand({ file: kayenta, strict, json }, io);
  }
  if (strict) throw misplaced("strict", "--kayenta");
  const { judgeAbCommand } = await import("./judge-ab.ts");
  return judgeAbCommand({ file: ab ?? "-", json, ...figures }, io);
}

function unclear(request: string | undefined): SerinError {
  const found = request === undefined ? "both or neither of them" : `${request} without a word what it is`;
  return new SerinError({
    code: "SERIN_WHICH_JUDGE",
    what: "judge needs one of --kayenta REQUEST and --ab USERS",
    found,
    next: "serin judge --help",
    exitCode: 2,
  });
}

function misplaced(option: string, judge: string): SerinError {
  return new SerinError({
    code: "SERIN_WHICH_JUDGE",
    what: `--${option} goes with ${judge}`,
    next: "serin judge --help",
    exitCode: 2,
  });
}
