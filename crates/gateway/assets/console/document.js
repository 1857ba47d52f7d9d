// A recorded message as a tree of JSON, with every masked value marked by the detector that masked it.
import { h } from "./dom.js";
import { folded, visible } from "./text.js";

// Members shown of one object or array before the rest is folded.
const MEMBERS = 200;

// Draws the JSON text `body`; `receipts` say where something was masked. What is no JSON is shown as text.
export function message(body, receipts = [], label = "message") {
  let value;
  try {
    value = JSON.parse(body);
  } catch {
    return h("pre", { class: "code", tabindex: "0" }, folded(body));
  }
  const places = new Map();
  for (const receipt of receipts) {
    const list = places.get(receipt.pointer) ?? [];
    list.push(receipt);
    places.set(receipt.pointer, list);
  }
  return h(
    "div",
    { class: "code tree", tabindex: "0", role: "region", "aria-label": label },
    node(value, "", places, null, true),
  );
}

function node(value, pointer, places, name, last) {
  const key = name === null ? null : [h("span", { class: "code-name" }, visible(JSON.stringify(name))), ": "];
  const comma = last ? "" : ",";
  if (value !== null && typeof value === "object") return branch(value, pointer, places, key, comma);
  return h("div", { class: "tree-line" }, key, leaf(value, masks(places, pointer)), comma);
}

function branch(value, pointer, places, key, comma) {
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, shut] = list ? ["[", "]"] : ["{", "}"];
  if (!entries.length) return h("div", { class: "tree-line" }, key, open + shut + comma);
  const draw = (from, to) =>
    entries
      .slice(from, to)
      .map(([name, one], at) =>
        node(
          one,
          `${pointer}/${list ? name : name.replace(/~/g, "~0").replace(/\//g, "~1")}`,
          places,
          list ? null : name,
          from + at === entries.length - 1,
        ),
      );
  const inside = h("div", { class: "tree-inside" }, draw(0, MEMBERS));
  if (entries.length > MEMBERS) {
    inside.append(
      h(
        "button",
        {
          type: "button",
          class: "link",
          onclick: (event) => event.currentTarget.replaceWith(...draw(MEMBERS, entries.length)),
        },
        `… ${entries.length - MEMBERS} more`,
      ),
    );
  }
  return h(
    "details",
    { open: true, class: "tree-branch" },
    h("summary", null, key, open, h("span", { class: "tree-folded" }, ` ${entries.length} ${shut}`)),
    inside,
    h("div", { class: "tree-line" }, shut + comma),
  );
}

// What was masked at this place, or inside the text there.
function masks(places, pointer) {
  const found = [];
  for (const [place, receipts] of places) {
    if (place === pointer || place.startsWith(`${pointer}/`)) found.push(...receipts);
  }
  return found;
}

function leaf(value, receipts) {
  const kind =
    value === null || typeof value === "boolean" ? "word" : typeof value === "number" ? "number" : "text";
  const text = typeof value === "string" ? value : String(value);
  if (kind !== "text")
    return receipts.length ? masked(receipts[0], text) : h("span", { class: `code-${kind}` }, text);
  return h("span", { class: "code-text" }, '"', marked(text, receipts), '"');
}

// The text with the stand-ins of masked values marked. Where none is found, the whole value is one.
function marked(text, receipts) {
  if (!receipts.length) return folded(text);
  const waiting = [...receipts];
  const nodes = [];
  let rest = text;
  while (waiting.length) {
    const { receipt, at, stand } = next(rest, waiting);
    if (!receipt) break;
    nodes.push(folded(rest.slice(0, at)), masked(receipt, stand));
    rest = rest.slice(at + stand.length);
    waiting.splice(waiting.indexOf(receipt), 1);
  }
  if (!nodes.length) return masked(receipts[0], text);
  return [...nodes, folded(rest)];
}

// The receipt whose stand-in comes first.
function next(text, receipts) {
  let best = {};
  for (const receipt of receipts) {
    for (const stand of [`[${receipt.detector}]`, receipt.token]) {
      const at = stand ? text.indexOf(stand) : -1;
      if (at >= 0 && (best.at === undefined || at < best.at)) best = { receipt, at, stand };
    }
  }
  return best;
}

export function masked(receipt, text) {
  const { detector, length, token } = receipt;
  const title = `masked: ${detector}, ${length} characters; the same value has the same pseudonym ${token}`;
  return h("mark", { class: "masked", title }, visible(text), h("small", null, visible(receipt.detector)));
}
