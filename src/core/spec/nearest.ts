// Which known name did they probably mean?

/** Edits (insert, delete, replace, swap neighbours) that turn one word into the other. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const replaced = at(last, column - 1) + (same ? 0 : 1);
      let best = Math.min(replaced, at(last, column) + 1, at(current, column - 1) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, at(beforeLast, column - 2) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** `step_weight`, `step-weight` and `stepWeight` are the same word to a person. */
function folded(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** The known name nearest to `word`, when it is near: at most one edit in three letters, and never all of them. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  // Longer words are no names; comparing them would only cost time.
  if (word.length > 64) return undefined;
  const wanted = folded(word);
  let best: string | undefined;
  let bestDistance = Math.min(Math.max(1, Math.floor(wanted.length / 3)), wanted.length - 1);
  for (const name of known) {
    const found = distance(wanted, folded(name));
    if (found < bestDistance || (found === bestDistance && best === undefined)) {
      best = name;
      bestDistance = found;
    }
  }
  return best;
}
