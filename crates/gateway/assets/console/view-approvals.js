// Held calls: the inbox on one side, the exact call on the other.
import { get } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, empty, into, pill, head } from "./part.js";
import { held } from "./approval.js";
import { relative, visible, who, moment } from "./text.js";

// How often times that run are drawn again, in milliseconds.
export const TICK = 1000;

export function approvals(root, place) {
  const list = h("div", { class: "inbox-list" });
  const detail = h("div", { class: "inbox-detail" });
  const state = {
    which: place.query.show === "all" ? "all" : "live",
    selected: place.parts[1],
    records: [],
    unreadable: [],
    next: null,
  };
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": "which" });
  const glass =
    place.me.permissions.includes("breakglass.enter") &&
    h("a", { class: "tab", href: "#/breakglass", "data-glass": true }, "Break-glass");
  const inbox = h(
    "div",
    { class: "inbox" },
    h("div", { class: "inbox-side" }, head("Approvals", null, glass, tabs), list),
    detail,
  );
  put(root, inbox);

  const redrawTabs = () =>
    put(
      tabs,
      [
        ["live", "Waiting"],
        ["all", "All"],
      ].map(([which, text]) =>
        button(text, () => show(which), { "aria-pressed": String(state.which === which) }),
      ),
    );

  function show(which) {
    state.which = which;
    redrawTabs();
    put(list);
    load();
  }

  const load = () =>
    into(
      list,
      () => get("approvals", { state: state.which }),
      (answer) => {
        state.records = answer.approvals;
        state.unreadable = answer.unreadable;
        state.next = answer.next;
        place.badge(count(state.records));
        return draw();
      },
    );

  function draw() {
    if (!state.records.length && !state.unreadable.length) {
      return empty(
        state.which === "live" ? "Nothing waits" : "Nothing was held yet",
        state.which === "live"
          ? "Calls that a policy holds appear here at once."
          : "A policy with @approval holds calls.",
      );
    }
    return [
      h(
        "ul",
        null,
        state.records.map((record) => h("li", null, row(record, state.selected))),
        state.unreadable.map((id) => h("li", null, ruined(id))),
      ),
      state.next && button("Earlier", more, { class: "wide" }),
    ];
  }

  async function more() {
    const answer = await get("approvals", { state: state.which, before: state.next });
    state.records.push(...answer.approvals);
    state.unreadable.push(...answer.unreadable);
    state.next = answer.next;
    put(list, draw());
  }

  function open(id) {
    state.selected = id;
    inbox.classList.toggle("is-open", Boolean(id));
    for (const link of list.querySelectorAll("[data-row]")) {
      if (link.dataset.row === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (shown) shown.close();
    shown = null;
    if (!id) {
      put(detail, empty("No call chosen", "Choose one on the left; j and k move, Enter opens."));
      return;
    }
    shown = held(detail, id, { me: place.me, decided: load });
  }

  let shown = null;
  redrawTabs();
  load();
  open(state.selected);
  const timer = setInterval(() => tick(root), TICK);
  return {
    move(next) {
      if (next.parts[1] !== state.selected) open(next.parts[1]);
      return true;
    },
    event(kind) {
      if (kind === "approvals" || kind === "again") {
        load();
        shown?.refresh();
      }
    },
    close() {
      clearInterval(timer);
      shown?.close();
    },
    keys: {
      a: () => detail.querySelector("[data-approve]")?.focus(),
      r: () => detail.querySelector("[data-reason]")?.focus(),
    },
  };
}

const count = (records) => records.filter((one) => one.state === "pending" && one.may_decide).length;

function row(record, selected) {
  return h(
    "a",
    {
      class: "inbox-row",
      href: `#/approvals/${record.id}`,
      "data-row": record.id,
      "aria-current": record.id === selected ? "true" : null,
    },
    h(
      "span",
      { class: "row-first" },
      h("code", null, visible(record.target?.name ?? record.method)),
      h("span", { class: "spacer" }),
      record.state === "pending" ? left(record.decide_by) : pill(record.state),
    ),
    h(
      "span",
      { class: "row-second" },
      h("span", null, visible(who(record.requester)), " → ", visible(record.server)),
      h("span", { class: "spacer" }),
      record.state === "pending" && record.may_decide && h("span", { class: "yours" }, "yours to decide"),
      record.state !== "pending" && moment(record.requested),
    ),
  );
}

// One that somebody changed in the database: it can be named, not opened, and grants nothing.
function ruined(id) {
  return h(
    "div",
    { class: "inbox-row" },
    h("span", { class: "row-first" }, h("code", null, visible(id ?? "no id")), h("span", { class: "spacer" }), pill("unreadable")),
    h("span", { class: "row-second" }, "The row in the database was changed; it grants nothing."),
  );
}

// The time that is left, drawn again every second.
export function left(until) {
  return h(
    "span",
    { class: "left", "data-until": until, title: until },
    icon("clock"),
    h("span", null, relative(until)),
  );
}

export function tick(root) {
  for (const element of root.querySelectorAll("[data-until]")) {
    const until = new Date(element.dataset.until).getTime();
    put(element.lastChild, until > Date.now() ? relative(until) : "over");
    element.classList.toggle("is-short", until - Date.now() < 120_000);
  }
}
