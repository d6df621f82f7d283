// Which parts differ beyond noise?
import type { Comparison, FieldCounts } from "../comparison.ts";

export function foundDifferences({ fields }: Comparison, _options: { readonly alpha: number }): readonly FieldCounts[] {
  return fields.filter(({ candidate, noise }) => candidate > 0 && noise === 0);
}
