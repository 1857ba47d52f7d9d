// Texts of others, made safe to look at, and facts in the words of people.
import { h } from "./dom.js";

// Longest text shown whole, in characters; the rest is folded behind a button.
const FOLD = 2000;
// What cannot be seen, turns the direction of writing, or ends a line: as the gateway's
// `approval/script.rs` has it.
const HIDDEN = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f" +
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb" +
    "\\u{e0000}-\\u{e0fff}]",
  "gu",
);
// The same after the gateway escaped it: `\u{202e}`, and `\\`, `\n`, `\t`.
const ESCAPED = /\\(?:u\{([0-9a-f]{1,6})\}|([nt\\]))/g;

function chip(code) {
  const name = "U+" + code.toUpperCase().padStart(4, "0");
  return h("span", { class: "hidden-character", title: `hidden character ${name}` }, name);
}

// A text as nodes in which every hidden character is a visible chip. `draw` makes nodes of the harmless
// parts.
export function visible(text, draw = (part) => [part]) {
  return cut(String(text), HIDDEN, draw, (match) => chip(match[0].codePointAt(0).toString(16)));
}

// A text that the gateway has escaped, as nodes: line ends and tabs as they were, hidden characters as
// chips.
export function unescaped(text, draw = (part) => [part]) {
  const plain = [];
  const chips = new Map();
  let last = 0;
  let length = 0;
  const keep = (part) => {
    plain.push(part);
    length += part.length;
  };
  for (const match of String(text).matchAll(ESCAPED)) {
    keep(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[1]) {
      chips.set(length, match[1]);
      keep("\u0000");
    } else keep({ n: "\n", t: "\t", "\\": "\\" }[match[2]]);
  }
  keep(text.slice(last));
  // Whatever is hidden in spite of the gateway becomes a chip as well; \u0000 stands for the ones it
  // escaped.
  return cut(plain.join(""), HIDDEN, draw, (match) =>
    chip(chips.get(match.index) ?? match[0].codePointAt(0).toString(16)),
  );
}

// Letters outside ASCII in a text that is warned of, each marked and named, so that one that only looks
// like an `a` is seen.
export function marked(text) {
  return cut(
    text,
    /(?![\x00-\x7f])\p{L}/gu,
    (part) => [part],
    (match) => {
      const name = "U+" + match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      return h("span", { class: "foreign", title: `${name}, not a letter of ASCII` }, match[0]);
    },
  );
}

function cut(text, pattern, draw, special) {
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > last) nodes.push(...draw(text.slice(last, match.index)));
    nodes.push(special(match));
    last = match.index + match[0].length;
  }
  if (last < text.length) nodes.push(...draw(text.slice(last)));
  return nodes;
}

// A sentence of the gateway: what it names in backticks becomes code.
export function coded(text) {
  return String(text)
    .split(/`([^`]*)`/)
    .map((part, at) => (at % 2 ? h("code", null, visible(part)) : visible(part)));
}

// A long text, folded: its beginning and a button for the rest.
export function folded(text, draw = visible) {
  if (text.length <= FOLD) return draw(text);
  const more = h(
    "button",
    {
      class: "link",
      type: "button",
      onclick: (event) => event.currentTarget.replaceWith(...draw(text.slice(FOLD))),
    },
    `… ${(text.length - FOLD).toLocaleString("en")} more characters`,
  );
  return [...draw(text.slice(0, FOLD)), more];
}

// The beginning of a hash, whole in its title and when copied.
export function hash(text, length = 12) {
  if (!text) return h("span", { class: "faint" }, "none");
  return h("code", { class: "hash", title: text }, text.length > length ? text.slice(0, length) + "…" : text);
}

// An id in a list: enough of it to tell it from its neighbours.
export function short(id) {
  return `${id.slice(0, 8)}…${id.slice(-4)}`;
}

// Two digits.
const two = (number) => String(number).padStart(2, "0");

// A moment, by the reader's clock; the exact one in UTC is its title.
export function moment(time, { date = true, millis = false } = {}) {
  if (!time) return h("span", { class: "faint" }, "–");
  const at = new Date(time);
  const clock =
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}` +
    (millis ? `.${String(at.getMilliseconds()).padStart(3, "0")}` : "");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} `;
  const today = new Date().toDateString() === at.toDateString();
  return h("time", { datetime: time, title: time }, date && !today ? day : "", clock);
}

// How long, in the largest two units that matter.
export function duration(millis) {
  const sign = millis < 0 ? "-" : "";
  const value = Math.abs(millis);
  if (value === 0) return "0 s";
  if (value < 1) return `${sign}${value.toFixed(2)} ms`;
  if (value < 1000) return `${sign}${Math.round(value)} ms`;
  if (value < 60_000) return `${sign}${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(value / 60_000);
  const rest = (number, unit) => (number ? ` ${two(number)} ${unit}` : "");
  if (minutes < 60) return `${sign}${minutes} min${rest(Math.floor(value / 1000) % 60, "s")}`;
  if (minutes < 48 * 60) return `${sign}${Math.floor(minutes / 60)} h${rest(minutes % 60, "min")}`;
  return `${sign}${Math.floor(minutes / 1440)} d`;
}

// A moment in relation to now: "3 min ago", "in 14 min".
export function relative(time, now = Date.now()) {
  const away = new Date(time).getTime() - now;
  const about = duration(Math.max(Math.abs(away), 1000)).replace(/ \d\d (s|min)$/, "");
  return away < 0 ? `${about} ago` : `in ${about}`;
}

export function count(number, one, many = `${one}s`) {
  return `${Number(number).toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function bytes(length) {
  if (length < 1024) return `${length} B`;
  if (length < 1024 * 1024) return `${(length / 1024).toFixed(1)} KiB`;
  return `${(length / 1024 / 1024).toFixed(1)} MiB`;
}

// A person, service or agent in a few words.
export function who(identity) {
  if (!identity) return "nobody proven";
  return identity.name || identity.email || identity.id || identity.subject || "nobody proven";
}
