// Who may do what, computed from the policies in force at a moment: one row for each target, one column for
// everybody to whom the same policies apply.
import { get } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, empty, facts, head, into, notice, pill } from "./part.js";
import { coded, count, duration, hash, moment, visible } from "./text.js";

const WORDS = { allow: "allow", hold: "hold", conditional: "depends", deny: "deny" };

export function access(root, place) {
  const body = h("div", { class: "fill" });
  const why = h("aside", { class: "why", "aria-label": "why", "aria-live": "polite" });
  const state = { query: place.query, found: null, words: "" };
  const filter = h("div");
  put(
    root,
    head("Access", "who may do what, from policy alone; a cell says why"),
    filter,
    h("div", { class: "access" }, body, why),
  );

  function apply(query) {
    const entries = Object.entries(query).filter(([, value]) => value);
    place.go(`access${entries.length ? `?${new URLSearchParams(entries)}` : ""}`);
  }

  // The moment is asked for in UTC; the field holds the reader's own.
  const asked = () => {
    const { at, ...query } = state.query;
    return at ? { ...query, at: new Date(at).toISOString() } : query;
  };

  const load = () => {
    put(
      filter,
      bar(state, apply, () => state.found && put(body, matrix(state, why))),
    );
    put(why);
    return into(
      body,
      () => get("access", asked()),
      (found) => {
        state.found = found;
        return matrix(state, why);
      },
    );
  };
  load();
  return {
    move(next) {
      state.query = next.query;
      put(body);
      load();
      return true;
    },
    event: (kind) =>
      (kind === "policies" || kind === "servers" || kind === "again") && !state.query.at && load(),
  };
}

function bar(state, apply, redraw) {
  const { query } = state;
  const submit = (event) => {
    event?.preventDefault();
    apply(Object.fromEntries(new FormData(form)));
  };
  const form = h(
    "form",
    { class: "filter", onsubmit: submit, role: "search" },
    h(
      "label",
      { class: "field-search" },
      icon("search"),
      h("input", {
        type: "search",
        placeholder: "Find a server or tool",
        "aria-label": "find a server or tool",
        "data-search": true,
        oninput: (event) => {
          state.words = event.target.value.toLowerCase();
          redraw();
        },
      }),
    ),
    h("input", {
      name: "server",
      value: query.server ?? "",
      placeholder: "Server",
      "aria-label": "Server",
      autocomplete: "off",
    }),
    h("input", {
      name: "group",
      value: query.group ?? "",
      placeholder: "Group",
      "aria-label": "Group",
      autocomplete: "off",
    }),
    h(
      "select",
      { name: "people", "aria-label": "Columns", onchange: submit },
      [
        ["", "Groups"],
        ["persons", "People seen"],
      ].map(([value, text]) => h("option", { value, selected: value === (query.people ?? "") }, text)),
    ),
    h(
      "label",
      { class: "field-time" },
      h("span", null, "As of"),
      h("input", { name: "at", type: "datetime-local", value: query.at ?? "", onchange: submit }),
    ),
    h("button", { type: "submit" }, "Show"),
  );
  return form;
}

function matrix(state, why) {
  const { found, words } = state;
  const rows = found.rows.filter((row) =>
    `${row.server} ${row.target} ${row.action}`.toLowerCase().includes(words),
  );
  const about = facts([
    ["As of", moment(found.at)],
    [
      "Policies",
      [
        hash(found.policy_set, 16),
        found.published &&
          h(
            "span",
            { class: "soft" },
            " in force since ",
            moment(found.published.at),
            found.published.index !== null && [
              ", ",
              h("a", { href: `#/log/${found.published.index}` }, `leaf ${found.published.index}`),
            ],
          ),
      ],
    ],
  ]);
  const warned = [
    found.notes.map((note) => notice("hold", coded(note))),
    found.concerns.map((concern) => notice("bad", coded(concern.text))),
  ];
  if (!rows.length || !found.subjects.length)
    return [about, warned, empty("Nothing to show", "No target or nobody fits.")];
  let server = null;
  const lines = rows.flatMap((row) => {
    const titled =
      row.server !== server &&
      h(
        "tr",
        { class: "matrix-server" },
        h("th", { scope: "rowgroup", colspan: found.subjects.length + 1 }, visible(row.server)),
      );
    server = row.server;
    return [titled, line(row, found.subjects, why)].filter(Boolean);
  });
  return [
    h("div", { class: "matrix-about" }, about, warned),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "access matrix" },
      h(
        "table",
        { class: "table matrix" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, "Target"),
            found.subjects.map((subject) => h("th", { scope: "col" }, visible(subject.label))),
          ),
        ),
        h("tbody", null, lines),
      ),
    ),
  ];
}

function line(row, subjects, why) {
  const name = h(
    "th",
    { scope: "row" },
    h("code", null, visible(row.target || row.action)),
    row.target && row.action !== "tools/call" && h("span", { class: "soft" }, " ", visible(row.action)),
    row.statement && h("span", { class: "tag" }, visible(row.statement)),
  );
  return h(
    "tr",
    null,
    name,
    row.cells.map((cell, at) =>
      h(
        "td",
        null,
        h(
          "button",
          {
            type: "button",
            class: `cell cell-${cell.outcome}`,
            "data-row": `${row.server}/${row.target}/${at}`,
            onclick: (event) => {
              document.querySelector(".cell[aria-pressed]")?.removeAttribute("aria-pressed");
              event.currentTarget.setAttribute("aria-pressed", "true");
              put(why, because(row, subjects[at], cell, () => shut(why)));
              // The reason takes room from the matrix: what was chosen stays in sight.
              event.currentTarget.scrollIntoView({ block: "nearest", inline: "nearest" });
            },
          },
          WORDS[cell.outcome] ?? visible(cell.outcome),
        ),
      ),
    ),
  );
}

// Takes the reason away again: the matrix has its room.
function shut(why) {
  const chosen = document.querySelector(".cell[aria-pressed]");
  chosen?.removeAttribute("aria-pressed");
  put(why);
  chosen?.focus();
}

function because(row, subject, cell, close) {
  return [
    h(
      "header",
      null,
      h("h2", null, pill(cell.outcome, WORDS[cell.outcome])),
      button(icon("cross"), close, { class: "quiet", "aria-label": "close" }),
    ),
    facts([
      ["Who", visible(subject.label)],
      ["Kinds", subject.kinds.join(", ")],
      [
        "What",
        h("span", null, h("code", null, visible(row.target || "any target")), " on ", visible(row.server)),
      ],
      ["Action", h("code", null, visible(row.action))],
      ["Statement", row.statement && visible(row.statement)],
      [
        "Policies",
        cell.policies.length
          ? cell.policies.map((id) => h("span", { class: "tag" }, visible(id)))
          : "none permits it",
      ],
      [
        "Approval",
        cell.approval &&
          `${count(cell.approval.quorum, "person", "people")}` +
            (cell.approval.approvers.length
              ? ` of ${cell.approval.approvers.map((list) => list.join(" or ")).join(" and ")}`
              : "") +
            `, within ${duration(cell.approval.decide_within_s * 1000)}`,
      ],
    ]),
    cell.condition && [h("h3", null, "If"), h("p", { class: "condition" }, coded(cell.condition))],
  ];
}
