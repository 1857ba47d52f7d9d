// Reviews of access: people say of every grant whether it is to stay, one reason for as many as they choose.
import { get, post } from "./api.js";
import { h, icon, put } from "./dom.js";
import { dialog } from "./keys.js";
import { button, crumbs, empty, facts, head, into, notice, pill, say, table } from "./part.js";
import { coded, count, duration, hash, moment, relative, visible } from "./text.js";

// Most grants that one request decides on: the gateway's own limit.
const AT_ONCE = 200;
const DECISIONS = {
  keep: ["good", "keep", "Keep"],
  revoke: ["bad", "revoke", "Revoke"],
  change: ["hold", "change", "Change"],
  none: ["bad", "nobody decided", ""],
};
const STANDING = {
  gone: ["good", "gone"],
  changed: ["good", "changed"],
  unchanged: ["hold", "as it was"],
  unknown: ["hold", "holder unknown"],
};

export function reviews(root, place) {
  return place.parts[1] ? review(root, place, place.parts[1]) : list(root, place);
}

// Somebody whose name nobody here knows is a pseudonym.
const person = (name) => (/^[0-9a-f]{32}$/.test(name) ? hash(name, 8) : visible(name));

const mark = ([kind, text]) => h("span", { class: `pill pill-${kind}` }, text);

function list(root, place) {
  const body = h("div", { class: "fill" });
  const begin = place.me.permissions.includes("reviews.manage");
  put(
    root,
    head(
      "Reviews",
      "who may do what, looked at by people",
      begin && button("Begin a review", () => order(place), { class: "primary" }),
    ),
    body,
  );
  const load = () =>
    into(
      body,
      () => get("reviews"),
      ({ reviews: found }) => {
        if (!found.length)
          return empty(
            "Access was never reviewed",
            "A review lists every grant that the policies in force make; a reviewer who does not hold it decides.",
          );
        return table(
          ["Began", "As of policies", ["Grants", "right"], "Due", "State"],
          found.map((one) => [
            h("a", { class: "row-link", href: `#/reviews/${one.id}`, "data-row": one.id }, moment(one.started)),
            hash(one.policy_set),
            one.grants,
            moment(one.due),
            one.closed ? outcome(one.closed.tally) : pill("open"),
          ]),
          { label: "reviews", name: "rows" },
        );
      },
    );
  load();
  return { event: (kind) => kind === "again" && load() };
}

// What came of a review.
function outcome(tally) {
  return h(
    "span",
    null,
    `${tally.keep} kept, ${tally.revoke} revoked, ${tally.change} changed`,
    tally.undecided > 0 && [" ", mark(["bad", `${tally.undecided} undecided`])],
    tally.standing > 0 && [" ", mark(["bad", `${tally.standing} not done`])],
  );
}

function order(place) {
  const problem = h("div");
  const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
  const submit = async (event) => {
    event.preventDefault();
    put(problem);
    const given = Object.fromEntries(new FormData(form));
    const reviewers = given.reviewers.split(/[\s,]+/).filter(Boolean);
    const due = new Date(`${given.due}T23:59:59`);
    try {
      const made = await post("reviews", { ...given, due: due.toISOString(), reviewers });
      form.closest("dialog").close();
      place.go(`reviews/${made.id}`);
    } catch (error) {
      put(problem, notice("bad", coded(error.message)));
    }
  };
  const day = new Date(Date.now() + 14 * 86_400_000).toISOString().slice(0, 10);
  const form = h(
    "form",
    { class: "order", onsubmit: submit },
    field("Due", h("input", { name: "due", type: "date", value: day, required: true })),
    field(
      "Holders",
      h(
        "select",
        { name: "people" },
        h("option", { value: "groups" }, "Groups"),
        h("option", { value: "persons" }, "People seen"),
      ),
    ),
    field("Server", h("input", { name: "server", placeholder: "all", autocomplete: "off" })),
    field("Group", h("input", { name: "group", placeholder: "all", autocomplete: "off" })),
    field(
      "Reviewers",
      h("input", { name: "reviewers", placeholder: "group:security demo/carol", autocomplete: "off" }),
    ),
    h("p", { class: "soft" }, "No reviewer named: whoever policy lets review. Nobody decides on access of their own."),
    problem,
    h("button", { type: "submit", class: "primary" }, "Begin"),
  );
  dialog("Begin a review of access", form);
}

function review(root, place, id) {
  const state = { found: null, chosen: new Set(), words: "", open: false };
  const about = h("div");
  const body = h("div", { class: "fill grants-scroll" });
  const bar = h("div");
  const actions = h("span");
  put(
    root,
    head(crumbs("#/reviews", "Reviews", h("code", null, id.slice(-8))), null, actions),
    about,
    body,
    bar,
  );

  const fits = (item) =>
    (!state.open || !item.decision) &&
    `${item.holder} ${item.server} ${item.action} ${item.target}`.toLowerCase().includes(state.words);
  const shown = () => state.found.items.filter(fits);

  function take(found) {
    state.found = found;
    state.chosen = new Set(
      [...state.chosen].filter((number) => found.items.some((item) => item.grant === number && item.may_decide)),
    );
    put(about, summary(found), filter());
    put(bar, decider());
    put(
      actions,
      found.may_close && button("Close the review", close),
    );
    return grants();
  }

  const load = () => into(body, () => get(`reviews/${id}`), take);

  function filter() {
    const redraw = () => put(body, grants());
    return h(
      "form",
      { class: "filter", role: "search", onsubmit: (event) => event.preventDefault() },
      h(
        "label",
        { class: "field-search" },
        icon("search"),
        h("input", {
          type: "search",
          placeholder: "Find a holder, server or tool",
          "aria-label": "find a holder, server or tool",
          "data-search": true,
          value: state.words,
          oninput: (event) => {
            state.words = event.target.value.toLowerCase();
            redraw();
          },
        }),
      ),
      h(
        "label",
        { class: "check" },
        h("input", {
          type: "checkbox",
          checked: state.open,
          onchange: (event) => {
            state.open = event.target.checked;
            redraw();
          },
        }),
        " Only undecided",
      ),
      state.found.items.some((item) => item.may_decide) &&
        button("Choose all shown", () => {
          const open = shown().filter((item) => item.may_decide);
          open.slice(0, AT_ONCE).forEach((item) => state.chosen.add(item.grant));
          redraw();
          put(bar, decider());
        }),
    );
  }

  function grants() {
    const found = shown();
    if (!found.length) return empty("No grant fits", "Everything else is decided, or filtered away.");
    const groups = new Map();
    for (const item of found) groups.set(item.holder, [...(groups.get(item.holder) ?? []), item]);
    return [...groups].map(([holder, items]) =>
      h(
        "section",
        { class: "grants", "aria-label": `grants of ${holder}` },
        h(
          "h2",
          null,
          visible(holder),
          h("small", null, items[0].kinds.length < 3 && ` ${items[0].kinds.join(", ")}`),
        ),
        h("ul", null, items.map((item) => h("li", { class: "grant" }, row(item)))),
      ),
    );
  }

  function row(item) {
    const said = item.decision;
    return [
      h(
        "button",
        {
          type: "button",
          class: "grant-choose",
          "data-row": String(item.grant),
          "aria-pressed": String(state.chosen.has(item.grant)),
          disabled: !item.may_decide,
          title: item.may_not_decide_because,
          onclick: (event) => {
            if (!state.chosen.delete(item.grant)) state.chosen.add(item.grant);
            event.currentTarget.setAttribute("aria-pressed", String(state.chosen.has(item.grant)));
            put(bar, decider());
          },
        },
        h("span", { class: "box", "aria-hidden": "true" }, icon("check")),
        h(
          "span",
          { class: "grant-what" },
          h("code", null, visible(item.target)),
          h("span", { class: "soft" }, " ", visible(item.server), item.action !== "tools/call" && ` · ${item.action}`),
          item.statement && h("span", { class: "tag" }, visible(item.statement)),
        ),
      ),
      h(
        "div",
        { class: "grant-how" },
        pill(item.outcome),
        item.condition && h("span", { class: "soft" }, coded(item.condition)),
        item.approval && h("span", { class: "soft" }, `${count(item.approval.quorum, "person", "people")} approve, ` +
          `within ${duration(item.approval.decide_within_s * 1000)}`),
        item.policies.map((policy) => h("span", { class: "tag" }, visible(policy))),
      ),
      h(
        "div",
        { class: "grant-said" },
        said
          ? [
              mark(DECISIONS[said.decision]),
              item.standing && mark(STANDING[item.standing]),
              h(
                "span",
                { class: "soft" },
                said.by && [person(said.by), " · "],
                moment(said.at),
                said.leaf !== null && [" · ", h("a", { href: `#/log/${said.leaf}` }, `leaf ${said.leaf}`)],
              ),
              said.reason && h("p", null, visible(said.reason)),
            ]
          : h("span", { class: "faint" }, visible(item.may_decide ? "undecided" : item.may_not_decide_because ?? "undecided")),
      ),
    ];
  }

  // The decision over what is chosen.
  function decider() {
    if (state.found.closed || !state.chosen.size) return null;
    const reason = h("input", {
      name: "reason",
      maxlength: 500,
      required: true,
      placeholder: "Why",
      "aria-label": "reason",
      autocomplete: "off",
      "data-reason": true,
    });
    const problem = h("div");
    const submit = async (event) => {
      event.preventDefault();
      const decision = event.submitter?.value ?? "keep";
      put(problem);
      try {
        const grants = [...state.chosen];
        const found = await post(`reviews/${id}/decide`, { grants, decision, reason: reason.value.trim() });
        state.chosen.clear();
        put(body, take(found));
        say(`${count(grants.length, "grant")}: ${decision}`, "good");
      } catch (error) {
        put(problem, notice("bad", coded(error.message)));
        reason.focus();
      }
    };
    return h(
      "form",
      { class: "decider", onsubmit: submit },
      h("b", null, `${count(state.chosen.size, "grant")} chosen`),
      reason,
      ["keep", "revoke", "change"].map((decision) =>
        h("button", { type: "submit", value: decision, "data-decision": decision }, DECISIONS[decision][2]),
      ),
      button("Clear", () => {
        state.chosen.clear();
        put(body, grants());
        put(bar, null);
      }),
      problem,
    );
  }

  async function close() {
    const left = state.found.items.filter((item) => !item.decision).length;
    const sure = button("Close it", async () => {
      try {
        const found = await post(`reviews/${id}/close`);
        sure.closest("dialog").close();
        put(body, take(found));
      } catch (error) {
        say(error.message, "bad");
      }
    }, { class: "primary" });
    dialog(
      "Close the review",
      h(
        "div",
        { class: "order" },
        h("p", null, left ? `${count(left, "grant")} nobody decided on will be recorded so, as exceptions.` : "Every grant has a decision."),
        h("p", { class: "soft" }, "Whether what was to go is gone is computed from the policies in force now, and recorded."),
        sure,
      ),
    );
  }

  const decideBy = (decision) => () => {
    const form = bar.querySelector("form");
    if (!form) return;
    if (form.elements.reason.value.trim()) form.querySelector(`[data-decision=${decision}]`).click();
    else form.elements.reason.focus();
  };
  load();
  return {
    move(next) {
      return next.parts[1] === id;
    },
    event: (kind) => (kind === "policies" || kind === "again") && !state.chosen.size && load(),
    keys: {
      x: () => document.activeElement?.matches("[data-row]") && document.activeElement.click(),
      r: () => bar.querySelector("[data-reason]")?.focus(),
      y: decideBy("keep"),
      n: decideBy("revoke"),
      c: decideBy("change"),
    },
  };
}

function summary(found) {
  const decided = found.items.filter((item) => item.decision && item.decision.decision !== "none").length;
  return h(
    "div",
    { class: "matrix-about" },
    facts([
      ["As of", [moment(found.at), h("span", { class: "soft" }, " policies "), hash(found.policy_set, 16)]],
      [
        "Reviewers",
        found.reviewers.length
          ? found.reviewers.map((name) => h("span", { class: "tag" }, person(name)))
          : "whoever policy lets review",
      ],
      [
        "Decided",
        h(
          "span",
          null,
          h("meter", { min: 0, max: found.grants, value: decided, "aria-label": "decided" }),
          ` ${decided} of ${found.grants}`,
        ),
      ],
      [
        found.closed ? "Closed" : "Due",
        found.closed
          ? [moment(found.closed.at), " ", found.closed.by ? person(found.closed.by) : "by itself: it was due"]
          : [moment(found.due), h("span", { class: "soft" }, ` ${relative(found.due)}`)],
      ],
      ["Came of it", found.closed && outcome(found.closed.tally)],
      [
        "Policies now",
        found.policy_set_now !== found.policy_set && [hash(found.policy_set_now, 16), h("span", { class: "soft" }, " others than were reviewed")],
      ],
    ]),
  );
}
