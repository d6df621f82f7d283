// Which parts follow what a file says of them?
import { pageOf } from "../core/spec/workload.ts";
import type { Asked } from "../runtime/parts.ts";

/** The replicas' metrics page, as the file says. */
export const askedPage = ({ spec }: Asked) => pageOf(spec.spec.workload);

/** What the file says of figures that others keep. */
export const sourcesOf = ({ service, spec, origin }: Asked) => {
  const sources = spec.spec.analysis?.sources;
  return sources && { service, origin, sources, metricsPort: pageOf(spec.spec.workload)?.port };
};

/** A part that is made anew when what the file says of it changes, and is not there while it says nothing. */
export function following<C, P extends { close(): void }>(
  said: (asked: Asked) => C | undefined,
  make: (config: C) => P,
) {
  let known: { readonly key: string; readonly part: P } | undefined;
  const close = (): void => {
    known?.part.close();
    known = undefined;
  };
  return {
    close,
    of: (asked: Asked): readonly P[] => {
      const config = said(asked);
      const key = JSON.stringify(config) ?? "";
      if (known?.key === key) return [known.part];
      close();
      if (config === undefined) return [];
      known = { key, part: make(config) };
      return [known.part];
    },
  };
}
