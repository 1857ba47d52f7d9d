// The keyboard: what each key does, in one table that the help shows.
import { h, icon, put } from "./dom.js";

// `g`, then one of these.
export const PLACES = {
  a: "approvals",
  s: "sessions",
  x: "access",
  w: "reviews",
  e: "evidence",
  v: "servers",
  p: "policies",
  l: "log",
  t: "activity",
};

const HELP = [
  [
    "Move",
    [
      ["j", "next row"],
      ["k", "previous row"],
      ["Enter", "open"],
      ["Esc", "back, or close"],
      ["/", "filter or search"],
    ],
  ],
  ["Go to", Object.entries(PLACES).map(([key, place]) => [`g ${key}`, place])],
  [
    "Approvals",
    [
      ["a", "to the approval button"],
      ["r", "to the reason"],
      ["Ctrl Enter", "approve, in the reason"],
    ],
  ],
  [
    "Reviews",
    [
      ["x", "choose a grant"],
      ["r", "to the reason"],
      ["y", "keep"],
      ["n", "revoke"],
      ["c", "change"],
    ],
  ],
  [
    "Replay",
    [
      ["Space", "play or pause"],
      [",", "slower"],
      [".", "faster"],
    ],
  ],
  [
    "Page",
    [
      ["t", "light or dark"],
      ["?", "this help"],
    ],
  ],
];

let pending = null;
// Keys of the view that is open: key to action.
let own = {};

export function setKeys(keys) {
  own = keys ?? {};
}

export function rows() {
  return [...document.querySelectorAll("#view [data-row]")].filter((row) => row.offsetParent);
}

// Moves the focus to the next or previous row.
function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const current = at >= 0 ? at : all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const next = all[Math.min(Math.max(current + by, 0), all.length - 1)] ?? all[0];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

export function listen({ go, back, theme }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") {
      const dialog = document.querySelector("dialog[open]");
      if (dialog) return;
      if (typing) typing.blur();
      else back();
      return;
    }
    if (typing || document.querySelector("dialog[open]")) return;
    const after = pending;
    pending = null;
    if (after === "g") {
      if (PLACES[event.key]) go(PLACES[event.key]);
      else return;
    } else if (event.key === "g") pending = "g";
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") document.querySelector("#view [data-search]")?.focus();
    else if (event.key === "?") help();
    else if (event.key === "t") theme();
    else if (own[event.key] && !(event.key === " " && event.target.closest("button, a, summary")))
      own[event.key]();
    else return;
    event.preventDefault();
  });
}

export function help() {
  const groups = HELP.map(([name, keys]) =>
    h(
      "section",
      null,
      h("h3", null, name),
      h(
        "dl",
        null,
        keys.map(([key, what]) =>
          h(
            "div",
            null,
            h(
              "dt",
              null,
              key.split(" ").map((one) => h("kbd", null, one)),
            ),
            h("dd", null, what),
          ),
        ),
      ),
    ),
  );
  dialog("Keyboard", h("div", { class: "keyboard" }, groups));
}

// A dialog over the page; it leaves nothing behind.
export function dialog(title, ...children) {
  const box = h(
    "dialog",
    { "aria-labelledby": "dialog-title" },
    h(
      "header",
      null,
      h("h2", { id: "dialog-title" }, title),
      h(
        "button",
        { type: "button", class: "quiet", "aria-label": "close", onclick: () => box.close() },
        icon("cross"),
      ),
    ),
    children,
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => event.target === box && box.close());
  document.body.append(box);
  box.showModal();
  return { close: () => box.close(), box, put: (...nodes) => put(box, nodes) };
}
