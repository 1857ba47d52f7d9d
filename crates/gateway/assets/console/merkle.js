// The whole log, read and hashed in the browser: RFC 6962 trees over C2SP tlog-tiles, SHA-256 by WebCrypto.
import { same, sha256, toHex } from "./note.js";

const WIDTH = 256;
// Bundles asked for at a time; the next are on their way while these are hashed.
const AHEAD = 4;
const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);
const ZEROS = "0".repeat(64);

export const leafHash = (leaf) => sha256(LEAF, leaf);
export const nodeHash = (left, right) => sha256(NODE, left, right);

// `1234067` is `x001/x234/067`.
export function tilePath(number) {
  const groups = [];
  let rest = number;
  do {
    groups.unshift(String(rest % 1000).padStart(3, "0"));
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  return groups.map((group, at) => (at < groups.length - 1 ? "x" + group : group)).join("/");
}

// The path of bundle or tile `number` of a row in which there are `total` elements.
function pathOf(row, number, total) {
  const width = Math.min(WIDTH, total - number * WIDTH);
  return `tile/${row}/${tilePath(number)}${width < WIDTH ? `.p/${width}` : ""}`;
}

// The leaves of a bundle, each after its length in two bytes.
export function leaves(bundle) {
  const found = [];
  let at = 0;
  while (at < bundle.length) {
    if (at + 2 > bundle.length) throw new Error("an entry bundle ends within a length");
    const length = bundle[at] * 256 + bundle[at + 1];
    at += 2;
    if (at + length > bundle.length) throw new Error("an entry bundle ends within a leaf");
    found.push(bundle.subarray(at, at + length));
    at += length;
  }
  return found;
}

// The roots of the full subtrees of the leaves so far, the largest first.
export class Frontier {
  constructor() {
    this.size = 0;
    this.peaks = [];
  }

  async push(hash) {
    let carried = hash;
    for (let rest = this.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      carried = await nodeHash(this.peaks.pop(), carried);
    }
    this.peaks.push(carried);
    this.size += 1;
  }

  // Takes a full, aligned subtree of 256 leaves at once: its hashes level by level.
  async pushAll(hashes) {
    if (hashes.length !== WIDTH || this.size % WIDTH !== 0) {
      for (const hash of hashes) await this.push(hash);
      return;
    }
    let level = hashes;
    while (level.length > 1) {
      const pairs = [];
      for (let at = 0; at < level.length; at += 2) pairs.push(nodeHash(level[at], level[at + 1]));
      level = await Promise.all(pairs);
    }
    let carried = level[0];
    for (let rest = this.size / WIDTH; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      carried = await nodeHash(this.peaks.pop(), carried);
    }
    this.peaks.push(carried);
    this.size += WIDTH;
    return level[0];
  }

  async root() {
    if (this.peaks.length === 0) return sha256();
    let root = this.peaks[this.peaks.length - 1];
    for (let at = this.peaks.length - 2; at >= 0; at -= 1) root = await nodeHash(this.peaks[at], root);
    return root;
  }
}

// The root that an inclusion proof leads to: RFC 9162, section 2.1.3.2.
export async function rootOf(index, size, hashed, path) {
  if (index >= size) throw new Error("the leaf is not below the checkpoint");
  let at = index;
  let last = size - 1;
  let root = hashed;
  for (const other of path) {
    if (last === 0) throw new Error("the proof is too long");
    if (at % 2 === 1 || at === last) {
      root = await nodeHash(other, root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = await nodeHash(root, other);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Error("the proof is too short");
  return root;
}

// What is wrong, and from which leaf on.
export class Bad extends Error {
  constructor(message, leaf) {
    super(message);
    this.leaf = leaf;
  }
}

// Every lane counts from 0 and names the hash of its leaf before.
class Lanes {
  constructor() {
    this.heads = new Map();
  }

  take(index, bytes, hash) {
    let leaf;
    try {
      leaf = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new Bad("is not JSON", index);
    }
    const head = this.heads.get(leaf.lane) ?? { next: 0, hash: ZEROS };
    if (leaf.lane_seq !== head.next)
      throw new Bad(`breaks the count of its lane: ${leaf.lane_seq}, not ${head.next}`, index);
    if (leaf.lane_prev !== head.hash) throw new Bad("does not name the leaf before it in its lane", index);
    this.heads.set(leaf.lane, { next: head.next + 1, hash: toHex(hash) });
  }
}

// Reads the log that `signed` (a checkpoint) covers through `fetchBytes(path)`, and holds every leaf
// against its tile, its lane and the signed root. `earlier`, a `{ size, root }` seen before, must be a
// beginning of it. Without `whole` only the hashes are read, by whoever may not read leaves. Throws `Bad`.
export async function verify(signed, fetchBytes, { earlier, progress, signal, whole }) {
  const frontier = new Frontier();
  const lanes = new Lanes();
  const bundles = Math.ceil(signed.size / WIDTH);
  const roots = [];
  const waiting = new Map();
  const ask = (number) => {
    if (number >= bundles || waiting.has(number)) return;
    const both = Promise.all([
      whole ? fetchBytes(pathOf("entries", number, signed.size)) : null,
      fetchBytes(pathOf(0, number, signed.size)),
    ]);
    // Whoever awaits it learns of a failure; until then it must not count as unhandled.
    both.catch(() => {});
    waiting.set(number, both);
  };
  let read = 0;
  if (earlier?.size === 0) await compare(frontier, earlier);
  for (let number = 0; number < bundles; number += 1) {
    signal?.throwIfAborted();
    for (let ahead = 0; ahead < AHEAD; ahead += 1) ask(number + ahead);
    const [bundle, tile] = await waiting.get(number);
    waiting.delete(number);
    read += (bundle?.length ?? 0) + tile.length;
    const hashes = await readBundle(bundle, tile, number, signed.size, lanes);
    await takeBundle(frontier, hashes, earlier, roots);
    progress?.({ leaves: frontier.size, size: signed.size, bytes: read });
  }
  await checkUpperTiles(roots, fetchBytes, signed.size, signal);
  if (!same(await frontier.root(), signed.root)) {
    throw new Bad("the leaves and tiles agree, and are not those whose root was signed", undefined);
  }
  return { leaves: frontier.size, lanes: lanes.heads.size, bytes: read };
}

// The hashes of a bundle's leaves, each of which is that of the tile.
async function readBundle(bundle, tile, number, size, lanes) {
  const first = number * WIDTH;
  const width = Math.min(WIDTH, size - first);
  if (tile.length !== width * 32) throw new Bad("its tile has another width than the size implies", first);
  const hashed = Array.from({ length: width }, (_, at) => tile.subarray(at * 32, at * 32 + 32));
  if (!bundle) return hashed;
  let found;
  try {
    found = leaves(bundle);
  } catch (error) {
    throw new Bad(error.message, first);
  }
  const hashes = await Promise.all(found.map(leafHash));
  for (let at = 0; at < Math.min(width, hashes.length); at += 1) {
    if (!same(hashes[at], hashed[at])) {
      throw new Bad("is not the one whose hash is in the tree", first + at);
    }
    lanes.take(first + at, found[at], hashes[at]);
  }
  if (found.length !== width)
    throw new Bad(`its bundle holds ${found.length} leaves instead of ${width}`, first);
  return hashes;
}

// Adds them to the tree, and looks at the root where the tree had the size that was seen before.
async function takeBundle(frontier, hashes, earlier, roots) {
  const within = earlier && earlier.size > frontier.size && earlier.size <= frontier.size + hashes.length;
  if (!within) {
    const root = await frontier.pushAll(hashes);
    if (root) roots.push(root);
    return;
  }
  for (const hash of hashes) {
    await frontier.push(hash);
    if (frontier.size === earlier.size) await compare(frontier, earlier);
  }
  if (hashes.length === WIDTH) roots.push(await subtree(hashes));
}

const subtree = (hashes) => new Frontier().pushAll(hashes);

async function compare(frontier, earlier) {
  if (toHex(await frontier.root()) !== earlier.root) {
    throw new Bad(
      `the first ${earlier.size} leaves are not those of the checkpoint this browser saw before`,
      undefined,
    );
  }
}

// Tiles above the lowest row: the roots of full tiles below.
async function checkUpperTiles(roots, fetchBytes, size, signal) {
  let level = 1;
  let below = roots;
  let each = WIDTH;
  while (below.length > 0) {
    const next = [];
    for (let number = 0; number * WIDTH < below.length; number += 1) {
      signal?.throwIfAborted();
      const tile = await fetchBytes(pathOf(level, number, below.length));
      const part = below.slice(number * WIDTH, number * WIDTH + WIDTH);
      part.forEach((hash, at) => {
        if (!same(hash, tile.subarray(at * 32, at * 32 + 32))) {
          throw new Bad(
            `tile ${level}/${number} does not follow from the leaves`,
            (number * WIDTH + at) * each,
          );
        }
      });
      if (part.length === WIDTH) next.push(await subtree(part));
    }
    below = next;
    level += 1;
    each *= WIDTH;
  }
}
