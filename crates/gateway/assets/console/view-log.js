// The log: how far it is, who vouches for it, and the whole of it checked in this browser.
import { bytes as fetchBytes, get, offers } from "./api.js";
import { block } from "./code.js";
import { h, icon, put } from "./dom.js";
import { Bad, leafHash, rootOf, verify } from "./merkle.js";
import * as note from "./note.js";
import { button, copier, crumbs, empty, facts, head, into, notice, pill, section, table } from "./part.js";
import { bytes, coded, count, hash, moment, short, visible } from "./text.js";

// What this browser saw last of a log, so that the next look must continue it.
const SEEN = (origin) => `seen:${origin}`;
// A verifier key that the reader brought along.
const KEY = (origin) => `key:${origin}`;
const PAGE = 50;
// Members of a leaf's detail that say nothing in a list: times beside the leaf's own, hashes, keys.
const LONG = new Set(["at_us", "changes", "commit", "document", "manifest", "key", "nonce", "policy_set", "request", "uid"]);

const LEVELS = {
  L0: "no copy elsewhere",
  L1: "checkpoints copied to a log sink",
  L2: "tiles in somebody else's bucket",
  L3: "independent witnesses",
};

export function log(root, place) {
  if (place.parts[1]) return leaf(root, Number(place.parts[1]));
  const body = h("div", { class: "fill scroll-y pad" });
  const tip = h("div");
  const leaves = h("div");
  const checkpoints = h("div");
  const verifier = new Verifier(place.me.permissions.includes("log.read"));
  put(root, head("Log", "append-only, tamper-evident"), body);
  put(
    body,
    tip,
    offers("log/tile") && section("Check it here", verifier.nodes()),
    offers("log/leaves") && section("Leaves", leaves),
    section("Checkpoints", checkpoints),
  );
  const facts = () =>
    into(
      tip,
      () => get("log"),
      (found) => {
        verifier.know(found);
        return tipNodes(found);
      },
    );
  facts();
  if (!offers("log/leaves")) put(leaves);
  else if (place.me.permissions.includes("log.read")) browse(leaves, place.query.from);
  else put(leaves, h("p", { class: "soft" }, icon("lock"), " Leaves are for auditors."));
  into(
    checkpoints,
    () => get("log/checkpoints", { limit: 20 }),
    ({ checkpoints: all }) => checkpointTable(all),
  );
  return {
    event: (kind) => (kind === "log" || kind === "again") && facts(),
    close: () => verifier.stop(),
    move: (next) => {
      if (next.parts[1]) return false;
      if (next.query.from !== undefined) browse(leaves, next.query.from);
      return true;
    },
  };
}

function tipNodes(found) {
  return [
    found.worries?.map((worry) => notice("hold", coded(worry))),
    h(
      "div",
      { class: "figures" },
      figure(
        "Leaves",
        found.size.toLocaleString("en"),
        `${(found.size - found.published).toLocaleString("en")} not yet below a checkpoint`,
      ),
      figure(
        "Checkpoint",
        found.published.toLocaleString("en"),
        found.checkpoint_at && ["signed ", moment(found.checkpoint_at)],
      ),
      figure("Assurance", found.assurance.level, found.assurance.why ? coded(found.assurance.why) : LEVELS[found.assurance.level]),
      figure(
        "State",
        pill(found.state),
        `${count(found.lanes.filter((lane) => lane.alive).length, "lane")} being written`,
      ),
    ),
    facts([
      ["Origin", h("code", null, visible(found.origin))],
      ["Root", found.root && [hash(found.root, 24), copier(found.root, "the root")]],
      ["Verifier key", [h("code", { class: "break" }, visible(found.key)), copier(found.key, "the key")]],
    ]),
    found.checkpoint &&
      h("details", null, h("summary", null, "The signed checkpoint"), block(found.checkpoint, null)),
  ];
}

function figure(name, value, below) {
  return h(
    "div",
    { class: "figure" },
    h("span", { class: "figure-name" }, name),
    h("b", null, value),
    below && h("span", { class: "soft" }, below),
  );
}

// Reads the log and holds it against its signature, in this browser.
class Verifier {
  constructor(whole) {
    this.whole = whole;
    this.bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "verified leaves" });
    this.said = h("div", { "aria-live": "polite", "data-verified": "" });
    this.start = button([icon("check"), "Verify the log"], () => this.run(), {
      class: "primary",
      "data-verify": true,
    });
    this.field = h("input", {
      type: "text",
      class: "mono",
      spellcheck: "false",
      autocomplete: "off",
      placeholder: "your own copy of the verifier key",
      "aria-label": "your own copy of the verifier key",
    });
  }

  know(found) {
    this.found = found;
    this.field.value ||= localStorage.getItem(KEY(found.origin)) ?? "";
  }

  nodes() {
    return [
      h(
        "p",
        { class: "soft" },
        this.whole
          ? [
              "Fetches every leaf and tile, recomputes each hash with this browser's SHA-256, follows every lane, ",
              "rebuilds the tree, and checks the checkpoint's Ed25519 signature.",
            ]
          : [
              "Fetches every hash, rebuilds the tree with this browser's SHA-256, and checks the checkpoint's ",
              "Ed25519 signature. The leaves themselves are for auditors.",
            ],
      ),
      h("div", { class: "verify" }, this.start, this.field),
      this.bar,
      this.said,
    ];
  }

  stop() {
    this.abort?.abort();
  }

  async run() {
    if (this.abort) return this.stop();
    this.abort = new AbortController();
    const began = performance.now();
    put(this.start, icon("cross"), "Stop");
    put(this.said);
    this.bar.hidden = false;
    this.bar.value = 0;
    this.said.dataset.verified = "";
    try {
      await this.check(began);
    } catch (error) {
      this.fail(error);
    } finally {
      this.abort = null;
      put(this.start, icon("check"), "Verify the log");
    }
  }

  async check(began) {
    const { signal } = this.abort;
    const fetched = (path) => fetchBytes(`log/${path}`, signal);
    const text = new TextDecoder().decode(await fetched("checkpoint"));
    const own = this.field.value.trim();
    const verifier = await note.verifierKey(own || this.found?.key || (await get("log")).key);
    const signed = await note.checkpoint(text, verifier);
    const earlier = remembered(signed.origin);
    if (earlier && earlier.size > signed.size) {
      throw new Bad(
        `this browser saw a checkpoint over ${earlier.size} leaves, this one covers ${signed.size}: some are missing`,
        signed.size,
      );
    }
    const progress = ({ leaves, size, bytes: read }) => {
      this.bar.value = size ? leaves / size : 1;
      put(
        this.said,
        h(
          "p",
          { class: "soft" },
          `${leaves.toLocaleString("en")} of ${count(size, "leaf", "leaves")}, ${bytes(read)}`,
        ),
      );
    };
    const done = await verify(signed, fetched, { earlier, progress, signal, whole: this.whole });
    if (own) localStorage.setItem(KEY(signed.origin), own);
    localStorage.setItem(
      SEEN(signed.origin),
      JSON.stringify({ size: signed.size, root: note.toHex(signed.root) }),
    );
    this.bar.value = 1;
    this.good(signed, done, { own, earlier, millis: performance.now() - began });
  }

  good(signed, done, { own, earlier, millis }) {
    this.said.dataset.verified = "sound";
    put(
      this.said,
      notice(
        "good",
        h("b", null, "Sound. "),
        count(done.leaves, "leaf", "leaves"),
        this.whole ? ` in ${count(done.lanes, "lane")}` : "",
        `, ${bytes(done.bytes)}, in ${(millis / 1000).toFixed(1)} s: the root is the signed one. `,
        earlier ? `It continues the ${count(earlier.size, "leaf", "leaves")} this browser saw before. ` : "",
        own
          ? "Signed by the key you brought. "
          : "The key came from this gateway as well: compare it with a copy of your own. ",
        signed.others ? `${count(signed.others, "more signature")} of others, not checked here.` : "",
      ),
    );
  }

  fail(error) {
    if (error.name === "AbortError") {
      put(this.said, h("p", { class: "soft" }, "Stopped."));
      return;
    }
    this.said.dataset.verified = "bad";
    const where = error instanceof Bad && error.leaf !== undefined;
    put(
      this.said,
      notice(
        "bad",
        h("b", null, where ? `First bad leaf: ${error.leaf}. ` : "Not sound. "),
        where ? `It ${error.message}.` : visible(error.message),
        h(
          "p",
          null,
          "Keep this state, and check an export with ",
          h("code", null, "countersign verify"),
          ".",
        ),
      ),
    );
  }
}

function remembered(origin) {
  try {
    const seen = JSON.parse(localStorage.getItem(SEEN(origin)));
    return Number.isSafeInteger(seen?.size) && typeof seen.root === "string" ? seen : null;
  } catch {
    return null;
  }
}

// A page of leaves, the latest first when nobody asks for a place.
function browse(place, wanted) {
  put(place);
  const load = async () => {
    const asked = /^\d+$/.test(wanted ?? "") ? Number(wanted) : null;
    const size = asked === null ? (await get("log")).size : null;
    const from = asked ?? Math.max(0, size - PAGE);
    return { from, ...(await get("log/leaves", { from, n: PAGE })) };
  };
  into(place, load, ({ from, leaves, size }) => {
    const go = (to) => (location.hash = `#/log?from=${Math.max(0, to)}`);
    const field = h("input", {
      type: "number",
      min: 0,
      max: Math.max(0, size - 1),
      placeholder: "leaf",
      "aria-label": "go to leaf",
      "data-search": true,
    });
    const rows = leaves.map((one) => [
      h("a", { class: "row-link", href: `#/log/${one.index}`, "data-row": one.index }, one.index),
      h("code", null, visible(one.leaf.type)),
      moment(one.leaf.ts, { millis: true }),
      h("span", { class: "clip" }, about(one.leaf)),
      standing(one.leaf),
      one.leaf.call ? h("code", { class: "faint" }, short(one.leaf.call)) : "",
      hash(one.hash, 16),
    ]);
    return [
      table([["Leaf", "right"], "Type", "At", "About", "State", "Call", "Hash"], rows.reverse(), {
        label: "leaves",
        name: "rows",
      }),
      h(
        "div",
        { class: "more" },
        button("Older", () => go(from - PAGE), { disabled: from === 0 }),
        button("Newer", () => go(from + PAGE), { disabled: from + leaves.length >= size }),
        h(
          "form",
          {
            class: "inline-form",
            onsubmit: (event) => {
              event.preventDefault();
              if (field.value) location.hash = `#/log/${field.value}`;
            },
          },
          field,
          h("button", { type: "submit" }, "Go to leaf"),
        ),
      ),
    ];
  });
}

// What a leaf is about: the server and what was asked of it, else what its detail says in single words.
function about(leaf) {
  const asked = leaf.target?.name ?? leaf.method;
  const named = [leaf.server, asked].filter(Boolean).map((word) => h("span", null, visible(word), " "));
  if (asked) return named;
  const said = Object.entries(leaf.detail ?? {}).map(([name, value]) => {
    const shown = Array.isArray(value) ? value.length : value;
    if (!shown || !["string", "number"].includes(typeof shown) || LONG.has(name)) return null;
    return h("span", { class: "soft" }, visible(name.replaceAll("_", " ")), " ", visible(shown), "  ");
  });
  const all = [...named, ...said.filter(Boolean)];
  return all.length ? all : "";
}

// How what a leaf is about stands: decided, refused, or ended.
function standing(leaf) {
  if (leaf.decision) return pill(leaf.decision.effect);
  if (leaf.outcome) return pill(leaf.outcome.status);
  return leaf.refusal ? pill("deny", visible(leaf.refusal.replaceAll("_", " "))) : "";
}

function checkpointTable(all) {
  if (!all.length)
    return empty("No checkpoint is signed yet", "One is signed within ten seconds of a new leaf.");
  return table(
    [["Size", "right"], "Signed", "Root"],
    all.map((one) => [one.size.toLocaleString("en"), moment(one.at), hash(one.root, 24)]),
    { label: "checkpoints" },
  );
}

// One leaf, its proof recomputed here.
function leaf(root, index) {
  const body = h("div", { class: "fill scroll-y pad" });
  put(
    root,
    head(
      crumbs("#/log", "Log", `leaf ${index}`),
      null,
      button("Older", () => (location.hash = `#/log/${index - 1}`), { disabled: index === 0 }),
      button("Newer", () => (location.hash = `#/log/${index + 1}`)),
    ),
    body,
  );
  into(
    body,
    async () => {
      const { leaves } = await get("log/leaves", { from: index, n: 1 });
      if (!leaves.length) return { missing: true };
      return { one: leaves[0], checked: await prove(leaves[0]) };
    },
    ({ missing, one, checked }) =>
      missing
        ? empty("There is no such leaf yet")
        : [
            checked.notice,
            facts([
              ["Type", h("code", null, visible(one.leaf.type))],
              ["At", moment(one.leaf.ts, { millis: true })],
              ["About", about(one.leaf)],
              ["State", standing(one.leaf)],
              [
                "Call",
                one.leaf.call && h("a", { href: `#/calls/${one.leaf.call}` }, h("code", null, one.leaf.call)),
              ],
              [
                "Session",
                one.leaf.session &&
                  h("a", { href: `#/sessions/${one.leaf.session}` }, h("code", null, one.leaf.session)),
              ],
              ["Leaf hash", [hash(one.hash, 64), copier(one.hash, "the hash")]],
            ]),
            section("The leaf", block(JSON.stringify(one.leaf, null, 2), "json")),
            section("Its proof", checked.path),
          ],
  );
  return {};
}

// Recomputes the hash of the leaf's exact bytes and the way from there to a signed root.
async function prove(one) {
  const hashed = await leafHash(note.fromBase64(one.raw));
  let proof;
  try {
    proof = await get(`log/proof/${one.index}`);
  } catch (error) {
    return {
      notice: notice("hold", visible(error.message)),
      path: empty("No proof yet", "A leaf is proven once a checkpoint covers it."),
    };
  }
  const path = h(
    "ol",
    { class: "path", start: 1 },
    proof.path.map((other) => h("li", null, hash(other, 64))),
  );
  try {
    if (note.toHex(hashed) !== one.hash)
      throw new Error("the bytes of the leaf do not have the hash that is said");
    const signed = await note.checkpoint(proof.checkpoint, await note.verifierKey(proof.key));
    const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    const root = await rootOf(proof.index, signed.size, hashed, proof.path.map(fromHex));
    if (!note.same(root, signed.root)) throw new Error("the proof does not lead to the signed root");
    return {
      path,
      notice: notice(
        "good",
        h("b", null, "Proven here. "),
        `${count(proof.path.length, "hash", "hashes")} lead from this leaf to the root over `,
        `${count(signed.size, "leaf", "leaves")} that ${signed.origin} signed.`,
      ),
    };
  } catch (error) {
    return { path, notice: notice("bad", h("b", null, "Not proven. "), visible(error.message)) };
  }
}
