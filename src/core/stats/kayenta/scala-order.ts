// In which order does Kayenta go through the groups?
//
// Its scorer keeps them in Scala 2.12 maps, whose order follows from the names' hash codes. The order is seen in the list
// of group scores, and in the last digits of their sum before it is rounded.

/** A string's hash code in Java. */
function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

const byteSwap = (word: number): number => {
  const swapped = ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  return swapped | 0;
};

/** The bucket of a name in a mutable map of `size` buckets, a power of 2. */
function bucketOf(name: string, size: number): number {
  const mixed = Math.imul(byteSwap(Math.imul(hashOf(name), 0x9e3775cd)), 0x9e3775cd);
  const turned = (mixed >>> 4) | (mixed << 28);
  return (turned >>> Math.clz32(size - 1)) & (size - 1);
}

type Buckets = readonly string[][];

const emptyBuckets = (size: number): Buckets => Array.from({ length: size }, () => []);

/** Twice as many buckets, refilled from the last one down. */
function grown(buckets: Buckets): Buckets {
  const twice = emptyBuckets(buckets.length * 2);
  for (const bucket of buckets.toReversed()) {
    for (const name of bucket) twice[bucketOf(name, twice.length)]?.unshift(name);
  }
  return twice;
}

/** The order of a mutable map: its buckets from the last one down, in each the newest first. */
function mutableOrder(names: readonly string[]): readonly string[] {
  let buckets = emptyBuckets(16);
  for (const [index, name] of names.entries()) {
    buckets[bucketOf(name, buckets.length)]?.unshift(name);
    if (index + 1 > buckets.length * 0.75) buckets = grown(buckets);
  }
  return buckets.toReversed().flat();
}

/** The hash code as an immutable map spreads it. */
function spread(name: string): number {
  const hash = hashOf(name);
  let mixed = (hash + ~(hash << 9)) | 0;
  mixed ^= mixed >>> 14;
  mixed = (mixed + (mixed << 4)) | 0;
  return mixed ^ (mixed >>> 10);
}

/** Compares hash codes five bits at a time, the lowest first: the way down a trie. */
function byTrie(a: number, b: number): number {
  for (let shift = 0; shift < 32; shift += 5) {
    const difference = ((a >>> shift) & 31) - ((b >>> shift) & 31);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The order of an immutable map made of distinct names: as given up to four, a trie's beyond. */
export function mapOrder(names: readonly string[]): readonly string[] {
  if (names.length <= 4) return names;
  return names.toSorted((a, b) => byTrie(spread(a), spread(b)));
}

/** The order of the map that `groupBy` makes, from distinct names in the order in which they appear. */
export function groupOrder(names: readonly string[]): readonly string[] {
  return mapOrder(mutableOrder(names));
}
