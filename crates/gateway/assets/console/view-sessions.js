// Recordings: whose sessions there were, and one of them call by call.
import { get } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, empty, head, into, pill, table } from "./part.js";
import { count, duration, moment, relative, short, visible, who } from "./text.js";
import { recording } from "./replay.js";

const FILTERS = [
  ["text", "Text of a leaf", "search"],
  ["person", "Person", "text"],
  ["server", "Server", "text"],
  ["tool", "Tool", "text"],
  ["decision", "Decision", ["allow", "hold", "deny"]],
  [
    "status",
    "Outcome",
    ["ok", "tool_error", "upstream_error", "timeout", "cancelled", "caller_gone", "orphaned"],
  ],
];
// How far back, in hours; `custom` shows two fields.
const SPANS = [
  ["", "Any time"],
  ["0.25", "Last 15 minutes"],
  ["1", "Last hour"],
  ["24", "Last day"],
  ["168", "Last week"],
  ["custom", "Between …"],
];
const HOUR = 3_600_000;

export function sessions(root, place) {
  if (place.parts[1]) return recording(root, place.parts[1], place);
  const list = h("div", { class: "fill" });
  const state = { query: place.query, rows: [], next: null, searched: null };
  const filter = h("div", null, bar(state.query, apply));

  function apply(query) {
    const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
    place.go(`sessions${text ? `?${text}` : ""}`);
  }

  // Times are asked for in UTC; the fields hold the reader's own.
  const asked = () => {
    const { span, ...query } = state.query;
    if (Number(span)) query.from = new Date(Date.now() - Number(span) * HOUR).toISOString();
    else
      for (const name of ["from", "to"]) if (query[name]) query[name] = new Date(query[name]).toISOString();
    return query;
  };

  const fresh = button("Show what came since", () => load(), { class: "fresh", hidden: true });
  const load = () => {
    fresh.hidden = true;
    return into(
      list,
      () => get("sessions", asked()),
      (answer) => {
        Object.assign(state, { rows: answer.sessions, next: answer.next, searched: answer.searched_to });
        return draw();
      },
    );
  };

  function draw() {
    const filtered = Object.keys(state.query).length > 0;
    const further =
      state.next &&
      h(
        "div",
        { class: "more" },
        button(state.searched ? "Search further back" : "Earlier", more),
        state.searched && h("span", { class: "soft" }, "searched back to ", moment(state.searched)),
      );
    if (!state.rows.length) {
      return [
        empty(
          filtered ? "No session matches" : "Nothing is recorded yet",
          filtered
            ? "Widen the filter, or search further back."
            : "Calls appear here as soon as a caller makes one.",
        ),
        further,
      ];
    }
    return [
      table(
        [
          "Person",
          "Server",
          "Began",
          ["Lasted", "right"],
          ["Calls", "right"],
          ["Denied", "right"],
          ...(filtered ? [["Matching", "right"]] : []),
          "Session",
        ],
        state.rows.map((row) => line(row, filtered)),
        { label: "sessions", name: "rows" },
      ),
      further,
    ];
  }

  async function more() {
    const answer = await get("sessions", { ...asked(), before: state.next });
    state.rows.push(...answer.sessions);
    Object.assign(state, { next: answer.next, searched: answer.searched_to });
    put(list, draw());
  }

  put(root, head("Sessions", "what callers did, as recorded", fresh), filter, list);
  load();
  return {
    move(next) {
      if (next.parts[1]) return false;
      state.query = next.query;
      put(filter, bar(state.query, apply));
      put(list);
      load();
      return true;
    },
    event(kind) {
      // Looking is recorded, so the page does not look by itself: it says that there is more.
      if (kind === "calls" || kind === "again") fresh.hidden = false;
    },
  };
}

function line(row, filtered) {
  const lasted = new Date(row.last) - new Date(row.began);
  return [
    h(
      "a",
      { class: "row-link", href: `#/sessions/${row.id}`, "data-row": row.id },
      visible(who(row.person)),
      row.person?.kind && row.person.kind !== "human" && h("span", { class: "tag" }, row.person.kind),
    ),
    visible(row.server ?? ""),
    [moment(row.began), h("span", { class: "soft wide-only" }, ` ${relative(row.began)}`)],
    duration(lasted),
    h("span", null, row.calls, row.more ? "+" : ""),
    row.denied ? h("b", { class: "bad" }, row.denied) : h("span", { class: "faint" }, "0"),
    ...(filtered ? [row.matched ?? h("span", { class: "faint" }, "–")] : []),
    h("code", { class: "faint" }, short(row.id)),
  ];
}

// The filter: what is set stays in the address, so that it can be passed on.
export function bar(query, apply) {
  const fields = FILTERS.map(([name, label, kind]) => {
    const set = query[name] ?? "";
    const attributes = { name, value: set, "aria-label": label };
    if (Array.isArray(kind)) {
      return h(
        "select",
        { name, "aria-label": label, onchange: submit },
        h("option", { value: "" }, `Any ${label.toLowerCase()}`),
        kind.map((one) => h("option", { value: one, selected: one === set }, one.replace("_", " "))),
      );
    }
    if (kind === "search") {
      return h(
        "label",
        { class: "field-search" },
        icon("search"),
        h("input", { ...attributes, type: "search", placeholder: label, "data-search": true }),
      );
    }
    return h("input", { ...attributes, type: kind, placeholder: label, autocomplete: "off" });
  });
  const custom = query.span === "custom" || (!query.span && (query.from || query.to));
  const time = (name, label) =>
    h(
      "label",
      { class: "field-time" },
      h("span", null, label),
      h("input", { name, type: "datetime-local", value: query[name] ?? "", onchange: submit }),
    );
  const spans = h(
    "select",
    { name: "span", "aria-label": "Time", onchange: submit },
    SPANS.map(([value, text]) =>
      h("option", { value, selected: value === (custom ? "custom" : (query.span ?? "")) }, text),
    ),
  );
  function submit(event) {
    event?.preventDefault();
    apply(Object.fromEntries(new FormData(form)));
  }
  const form = h(
    "form",
    { class: "filter", onsubmit: submit, role: "search" },
    fields,
    spans,
    custom && [time("from", "From"), time("to", "Until")],
    h("button", { type: "submit" }, "Filter"),
    Object.keys(query).length > 0 && button("Clear", () => apply({}), { class: "quiet-text" }),
  );
  return form;
}

// A call in one line, as sessions and replays show it.
export function callRow(call) {
  return [
    moment(call.at, { millis: true, date: false }),
    h("code", null, visible(call.target?.name ?? call.method)),
    visible(call.server ?? ""),
    call.effect ? pill(call.effect) : call.refusal ? pill("deny", "refused") : pill(null),
    call.status
      ? pill(call.status)
      : call.refusal
        ? h("span", { class: "soft" }, visible(call.refusal.replaceAll("_", " ")))
        : pill(null),
    call.took_us === null || call.took_us === undefined
      ? h("span", { class: "faint" }, "–")
      : duration(call.took_us / 1000),
    call.redactions?.length
      ? h(
          "span",
          { class: "masks" },
          icon("lock"),
          count(
            call.redactions.reduce((sum, one) => sum + one.count, 0),
            "value",
          ),
        )
      : "",
  ];
}
