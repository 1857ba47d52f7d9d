// Policies: what is in force, a draft to check, compare and try, and what is proposed to take its place.
import { get, offers, post } from "./api.js";
import { block } from "./code.js";
import { h, icon, put } from "./dom.js";
import { button, empty, facts, failed, head, into, loading, notice, pill, say, section } from "./part.js";
import { changed, proposals, publishing } from "./proposal.js";
import { coded, count, hash, moment, visible } from "./text.js";

// A pause in typing after which a draft is checked, in milliseconds.
const PAUSE = 400;

export function policies(root, place) {
  const body = h("div", { class: "fill scroll-y" });
  const actions = h("div", { class: "tabs", role: "group", "aria-label": "what to do" });
  const state = { set: null, mode: place.parts[1] ?? "read", draft: null, published: null };
  put(root, head("Policies", null, actions), body);
  const modes = [
    ["read", "Read"],
    ["try", "Try a call"],
    ["draft", "Draft"],
    ["proposals", "Proposals"],
  ];

  function draw() {
    put(
      actions,
      modes
        .filter(([mode]) => mode !== "proposals" || publishing(state))
        .map(([mode, text]) =>
          h(
            "a",
            { class: "tab", href: `#/policies/${mode}`, "aria-current": mode === state.mode ? "page" : null },
            text,
            mode === "proposals" && state.published.proposals.length > 0 && [
              " ",
              h("span", { class: "count" }, String(state.published.proposals.length)),
            ],
          ),
        ),
    );
    const drawn = { read: reading, try: trying, draft: drafting, proposals }[state.mode] ?? reading;
    return drawn(state, place);
  }

  const load = () =>
    into(
      body,
      () => Promise.all([get("policies"), offers("policies/proposals") ? get("policies/proposals") : null]),
      ([set, published]) => {
        Object.assign(state, { set, published });
        return draw();
      },
    );
  state.load = load;
  load();
  return {
    move(next) {
      state.mode = next.parts[1] ?? "read";
      if (state.mode === "proposals") load();
      else if (state.set) put(body, draw());
      return true;
    },
    // A draft that is being written stays.
    event: (kind) =>
      (kind === "policies" || kind === "again") && ["read", "proposals"].includes(state.mode) && load(),
  };
}

function reading({ set }) {
  const { policies: all } = set;
  const permits = all.filter((policy) => policy.effect === "permit").length;
  const shown = h("div");
  const search = h("input", {
    type: "search",
    placeholder: "Find a policy",
    "aria-label": "find a policy",
    "data-search": true,
    oninput: () => list(search.value.toLowerCase()),
  });
  const list = (words) => {
    const found = all.filter(
      (policy) =>
        !words || policy.id.toLowerCase().includes(words) || policy.text.toLowerCase().includes(words),
    );
    put(shown, found.length ? found.map(one) : empty("No policy matches"));
  };
  list("");
  return h(
    "div",
    { class: "pad" },
    set.rejected && notice("bad", h("b", null, "What is on disk is not in force. "), visible(set.rejected)),
    set.warnings?.map((warning) => notice("hold", visible(warning))),
    facts([
      ["In force since", moment(set.since)],
      ["Set", hash(set.set, 24)],
      ["Policies", `${permits} permit, ${all.length - permits} forbid; what no policy permits is denied`],
    ]),
    h("div", { class: "filter" }, h("label", { class: "field-search" }, icon("search"), search)),
    shown,
  );
}

function one(policy) {
  return h(
    "section",
    { class: "policy" },
    h(
      "header",
      null,
      pill(policy.effect === "permit" ? "allow" : "deny", policy.effect),
      h("h2", { tabindex: "0", "data-row": policy.id }, h("code", null, visible(policy.id))),
      h("span", { class: "spacer" }),
      h("span", { class: "soft" }, visible(policy.file), `:${policy.line}`),
    ),
    block(policy.text, "cedar"),
  );
}

// A question to the policies in force, or to the draft.
function trying(state, { me }) {
  const given = state.tried ?? {
    kind: "human",
    issuer: me.issuer,
    subject: "",
    groups: "",
    server: "",
    method: "tools/call",
    tool: "",
    arguments: "{}",
  };
  state.tried = given;
  const result = h(
    "div",
    { "aria-live": "polite" },
    empty("Ask about a call", "The answer names the policies, and why others did not apply."),
  );
  const field = (name, label, hint, wide) =>
    h(
      "label",
      { class: wide ? "field wide-field" : "field" },
      h("span", null, label),
      name === "arguments"
        ? h("textarea", {
            rows: 6,
            class: "mono",
            value: given[name],
            spellcheck: "false",
            oninput: (event) => (given[name] = event.target.value),
          })
        : h("input", {
            value: given[name],
            placeholder: hint,
            autocomplete: "off",
            spellcheck: "false",
            oninput: (event) => (given[name] = event.target.value),
          }),
    );
  const kind = h(
    "label",
    { class: "field" },
    h("span", null, "Kind"),
    h(
      "select",
      { onchange: (event) => (given.kind = event.target.value) },
      ["human", "service", "agent"].map((one) =>
        h("option", { value: one, selected: one === given.kind }, one),
      ),
    ),
  );
  const ask = async (event) => {
    event.preventDefault();
    let args;
    try {
      args = given.arguments.trim() ? JSON.parse(given.arguments) : {};
    } catch (error) {
      put(result, notice("bad", "The arguments are not JSON: ", visible(error.message)));
      return;
    }
    put(result, loading(3));
    const call = { ...given, arguments: args, groups: given.groups.split(/[\s,]+/).filter(Boolean) };
    const body = state.draft ? { call, files: state.draft } : { call };
    try {
      put(result, verdict(await post("policies/try", body)));
    } catch (error) {
      put(result, failed(error));
    }
  };
  return h(
    "div",
    { class: "pad two" },
    h(
      "form",
      { class: "form", onsubmit: ask },
      h(
        "p",
        { class: "soft" },
        state.draft
          ? "Asks your draft. Nothing is forwarded."
          : "Asks the policies in force. Nothing is forwarded.",
      ),
      kind,
      field("issuer", "Issuer"),
      field("subject", "Subject", "alice"),
      field("groups", "Groups", "support, operations"),
      field("server", "Server", "orders"),
      field("method", "Method"),
      field("tool", "Tool", "refund_order"),
      field("arguments", "Arguments (JSON)", "", true),
      h("button", { type: "submit", class: "primary" }, "Ask"),
    ),
    result,
  );
}

function verdict(answer) {
  const matched = answer.findings.filter((finding) => finding.matched);
  const others = answer.findings.filter((finding) => !finding.matched);
  const line = (finding) =>
    h(
      "li",
      null,
      pill(finding.effect === "permit" ? "allow" : "deny", finding.effect),
      h("code", null, visible(finding.id)),
      finding.because && h("span", { class: "soft" }, visible(finding.because)),
    );
  return section(
    "Answer",
    h(
      "p",
      { class: "answer" },
      pill(answer.effect),
      answer.policies.length
        ? [" by ", answer.policies.map((id) => h("span", { class: "tag" }, visible(id)))]
        : h("span", { class: "soft" }, " no policy permits it"),
    ),
    answer.terms && facts([["Who must agree", count(answer.terms.quorum, "person", "people")]]),
    matched.length > 0 && h("ul", { class: "votes" }, matched.map(line)),
    others.length > 0 &&
      h(
        "details",
        null,
        h("summary", null, `${count(others.length, "policy", "policies")} that did not apply`),
        h("ul", { class: "votes" }, others.map(line)),
      ),
  );
}

function drafting(state, { me }) {
  state.draft ??= state.set.files.map((file) => ({ ...file }));
  const found = h("div", { "aria-live": "polite" });
  const may = publishing(state) && me.permissions.includes("policies.publish");
  const second = state.published?.publishing === "second_person";
  const problem = h("div");
  const propose = button(second ? "Propose" : "Publish", () => send(), {
    class: "primary",
    disabled: true,
    "data-propose": true,
  });
  let timer;
  const check = async () => {
    propose.disabled = true;
    put(problem);
    try {
      const checked = await post("policies/check", { files: state.draft });
      const changes = checked.valid ? await post("policies/diff", { files: state.draft }) : null;
      put(found, checkedNodes(checked), changes && changed(changes));
      propose.disabled = !changes || changes.from === changes.to;
    } catch (error) {
      put(found, failed(error, check));
    }
  };
  // Proposed first in either case: what comes in force is what was proposed, by its hash.
  const send = async () => {
    propose.disabled = true;
    try {
      const proposed = await post("policies/propose", { files: state.draft });
      if (!second) await post("policies/publish", { proposal: proposed.id, set: proposed.set });
      state.draft = null;
      say(second ? "Proposed. A second person publishes it." : "Published. It is on record.", "good");
      location.hash = second ? "#/policies/proposals" : "#/policies/read";
      if (!second) state.load();
    } catch (error) {
      put(problem, failed(error));
      propose.disabled = false;
    }
  };
  const editors = state.draft.map((file) =>
    h(
      "label",
      { class: "field wide-field" },
      h("span", null, visible(file.name)),
      h("textarea", {
        class: "mono editor",
        spellcheck: "false",
        rows: Math.min(30, file.text.split("\n").length + 1),
        value: file.text,
        oninput: (event) => {
          file.text = event.target.value;
          clearTimeout(timer);
          timer = setTimeout(check, PAUSE);
        },
      }),
    ),
  );
  check();
  return h(
    "div",
    { class: "pad two" },
    h(
      "div",
      { class: "form" },
      h(
        "p",
        { class: "soft" },
        may
          ? "A draft lives in this page until you propose it. "
          : "A draft lives in this page only. Copy what is right into the policy directory: ",
        may
          ? second
            ? "Then a second person looks at it and publishes it."
            : "It comes in force at once, for every gateway on this store."
          : "the gateway takes it up by itself.",
      ),
      editors,
      problem,
      may && propose,
      button(
        "Start over",
        () => {
          state.draft = null;
          location.hash = "#/policies/read";
        },
        {},
      ),
    ),
    found,
  );
}

function checkedNodes(checked) {
  return [
    checked.valid ? notice("good", "It is valid.", checked.set && [" Set ", hash(checked.set, 16)]) : null,
    checked.problems.map((problem) =>
      notice(
        "bad",
        h(
          "b",
          null,
          visible(problem.file ?? ""),
          problem.line ? `:${problem.line}:${problem.column ?? 1} ` : " ",
        ),
        coded(problem.message),
        problem.help && h("p", { class: "soft" }, coded(problem.help)),
      ),
    ),
    checked.warnings?.map((warning) =>
      notice("hold", coded(typeof warning === "string" ? warning : warning.message)),
    ),
  ];
}
