// Into which kind of file does a report go?
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { messageOf, SerinError } from "../core/issues.ts";
import { htmlOf } from "../report/html.ts";
import { markdownOf } from "../report/markdown.ts";
import type { Report } from "../report/model.ts";

type Render = (report: Report) => string;

const FORMS: Readonly<Record<string, Render>> = {
  ".html": htmlOf,
  ".htm": htmlOf,
  ".md": markdownOf,
  ".markdown": markdownOf,
};

/** How a report is written into a file of this name. Throws SERIN_REPORT_FORM for a name that ends in something else. */
export function formOf(file: string): Render {
  const form = FORMS[extname(file).toLowerCase()];
  if (form) return form;
  throw new SerinError({
    code: "SERIN_REPORT_FORM",
    what: `${file} names no form of a report`,
    found: extname(file) ? `a name that ends in ${extname(file)}` : "a name without an ending",
    now: "nothing was written",
    next: "name a file that ends in .html or .md",
    exitCode: 2,
  });
}

/** Writes a report; a file that is there is replaced. Throws SERIN_REPORT_UNWRITTEN when that fails. */
export async function writeReport(file: string, report: Report): Promise<void> {
  const text = formOf(file)(report);
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_REPORT_UNWRITTEN",
        what: `the report cannot be written to ${file}`,
        found: messageOf(error),
        next: "name a file in a folder that is there and may be written to",
        exitCode: 2,
      },
      { cause: error },
    );
  }
}
