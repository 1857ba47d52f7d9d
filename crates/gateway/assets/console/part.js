// Parts that several views draw in the same way.
import { h, icon, put } from "./dom.js";
import { Problem } from "./api.js";
import { coded, visible } from "./text.js";

const PILLS = {
  allow: ["good", "allow"],
  ok: ["good", "ok"],
  approved: ["good", "approved"],
  used: ["good", "ran"],
  ready: ["good", "ready"],
  pinned: ["good", "pinned"],
  approve: ["good", "agreed"],
  deny: ["bad", "deny"],
  rejected: ["bad", "rejected"],
  failing: ["bad", "failing"],
  blocked: ["bad", "blocked"],
  reject: ["bad", "refused"],
  unavailable: ["bad", "unavailable"],
  tool_error: ["bad", "tool error"],
  upstream_error: ["bad", "server error"],
  timeout: ["bad", "timed out"],
  orphaned: ["bad", "orphaned"],
  hold: ["hold", "hold"],
  pending: ["hold", "waiting"],
  proposed: ["hold", "proposed"],
  entering: ["hold", "being confirmed"],
  entered: ["bad", "in force"],
  drifted: ["hold", "changed"],
  stale: ["hold", "stale"],
  conditional: ["plain", "depends"],
  open: ["plain", "open"],
  cancelled: ["plain", "cancelled"],
  caller_gone: ["plain", "caller gone"],
  expired: ["plain", "over"],
  unknown: ["plain", "unknown"],
};

// A state in one word; colour is never the only sign of it.
export function pill(state, text) {
  if (!state) return h("span", { class: "faint" }, "–");
  const [kind, word] = PILLS[state] ?? ["plain", String(state)];
  return h("span", { class: `pill pill-${kind}` }, text ?? word);
}

// The head of a view: its name, what belongs beside it, and what can be done.
export function head(title, beside, ...actions) {
  return h(
    "header",
    { class: "head" },
    h("h1", null, title),
    beside && h("span", { class: "beside" }, beside),
    h("span", { class: "spacer" }),
    actions,
  );
}

// Where the reader is: the place it belongs to, then the thing itself.
export function crumbs(href, title, here) {
  return h("span", { class: "crumbs" }, h("a", { href }, title), h("span", { class: "faint" }, "/"), here);
}

export function section(title, ...children) {
  return h("section", { class: "part" }, h("h2", null, title), children);
}

// Facts as term and description; entries without a value are left out.
export function facts(entries) {
  const rows = entries.filter(
    (entry) => entry && entry[1] !== undefined && entry[1] !== null && entry[1] !== false && entry[1] !== "",
  );
  return h(
    "dl",
    { class: "facts" },
    rows.map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))),
  );
}

export function empty(title, hint) {
  return h("div", { class: "state" }, h("p", { class: "state-title" }, title), hint && h("p", null, hint));
}

export function loading(rows = 6) {
  const bars = Array.from({ length: rows }, () => h("div", { class: "skeleton" }));
  return h("div", { class: "loading", role: "status" }, h("span", { class: "unseen" }, "loading"), bars);
}

// What went wrong, in the gateway's own words, and a way to try again.
export function failed(error, again) {
  const problem = error instanceof Problem;
  const title = problem
    ? ({ 403: "Not permitted", 404: "Not there" }[error.status] ?? "That did not work")
    : "No connection";
  const detail = problem ? error.message : "The gateway does not answer. What is shown may be old.";
  return h(
    "div",
    { class: "state state-bad", role: "alert" },
    h("p", { class: "state-title" }, title),
    h("p", null, coded(detail)),
    problem && error.call && h("p", { class: "faint" }, "On record as request ", h("code", null, error.call)),
    again && h("button", { type: "button", onclick: again }, "Try again"),
  );
}

// A notice at the top of something.
export function notice(kind, ...children) {
  return h(
    "div",
    { class: `notice notice-${kind}`, role: kind === "bad" ? "alert" : "note" },
    icon(kind === "good" ? "check" : "warning"),
    h("div", null, children),
  );
}

export function button(text, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, text);
}

// Says something to readers of screens, and shows it for a moment to everybody.
export function say(text, kind = "plain") {
  put(document.getElementById("live"), text);
  document.querySelector(".toast")?.remove();
  const toast = h("div", { class: `toast toast-${kind}` }, visible(text));
  document.body.append(toast);
  toast.addEventListener("animationend", () => toast.remove());
}

// A button that copies `text`.
export function copier(text, what) {
  return h(
    "button",
    {
      type: "button",
      class: "quiet",
      title: `copy ${what}`,
      "aria-label": `copy ${what}`,
      onclick: () =>
        navigator.clipboard.writeText(text).then(
          () => say(`copied ${what}`),
          () => say("the browser did not let us copy", "bad"),
        ),
    },
    icon("copy"),
  );
}

// Something to type elsewhere, with a button that copies it.
export function command(text, what = "command") {
  return h("span", { class: "command" }, h("code", null, text), copier(text, what));
}

// A table with a head that stays in sight. `columns`: names; `rows`: lists of cells, or rows made
// elsewhere.
export function table(columns, rows, { label, name = "" } = {}) {
  const heads = columns.map((column) => {
    const [text, kind] = Array.isArray(column) ? column : [column];
    return h("th", { scope: "col", class: kind }, text);
  });
  const cells = (row) =>
    h(
      "tr",
      null,
      row.map((cell, at) => h("td", { class: Array.isArray(columns[at]) && columns[at][1] }, cell)),
    );
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      { class: `table ${name}` },
      h("thead", null, h("tr", null, heads)),
      h(
        "tbody",
        null,
        rows.map((row) => (Array.isArray(row) ? cells(row) : row)),
      ),
    ),
  );
}

// Loads into `place`: bars, then what `draw` makes of what `load` got, or what went wrong. A later load
// wins.
export async function into(place, load, draw) {
  const turn = (place.turn = (place.turn ?? 0) + 1);
  const waiting = !place.firstChild;
  if (waiting) put(place, loading());
  place.setAttribute("aria-busy", "true");
  let drawn;
  try {
    const loaded = await load();
    drawn = () => draw(loaded);
  } catch (error) {
    if (error.name === "AbortError") return;
    drawn = () => failed(error, () => into(put(place), load, draw));
  }
  if (place.turn !== turn) return;
  place.removeAttribute("aria-busy");
  put(place, drawn());
}
