// One call: what was decided, what was said in both directions, and the leaves that prove it.
import { get } from "./api.js";
import { block } from "./code.js";
import { message } from "./document.js";
import { h, icon, put } from "./dom.js";
import { copier, crumbs, facts, head, into, notice, pill } from "./part.js";
import { statement } from "./statement.js";
import { duration, hash, moment, visible, who } from "./text.js";

export function call(root, place) {
  const id = place.parts[1];
  const body = h("div", { class: "fill scroll-y" });
  put(
    root,
    head(
      crumbs("#/sessions", "Sessions", h("code", null, id)),
    ),
    body,
  );
  into(
    body,
    () => get(`calls/${id}`),
    (whole) => callParts(whole).nodes,
  );
}

// The nodes of a call, and `reveal(all)`: without it the answer stays hidden, as in a replay before it
// came.
export function callParts(whole) {
  const parts = whole.parts.map(part);
  const answers = parts.filter((_, at) => whole.parts[at].direction === "to_caller");
  const nodes = h("div", { class: "call-parts" }, decided(whole), parts);
  return {
    nodes,
    reveal(all) {
      for (const answer of answers) answer.classList.toggle("is-ahead", !all);
    },
  };
}

function decided(whole) {
  return h(
    "div",
    null,
    h(
      "h2",
      null,
      h("code", null, visible(whole.target?.name ?? whole.method)),
      h("span", { class: "soft" }, " on "),
      visible(whole.server ?? "the gateway"),
    ),
    facts([
      ["Who", visible(who(whole.person))],
      ["At", moment(whole.at, { millis: true })],
      [
        "Decision",
        whole.effect &&
          h(
            "span",
            null,
            pill(whole.effect),
            " ",
            whole.policies?.length
              ? whole.policies.map((policy) => h("span", { class: "tag" }, visible(policy)))
              : h("span", { class: "soft" }, "no policy allows it"),
          ),
      ],
      ["Refused", whole.refusal && visible(whole.refusal.replaceAll("_", " "))],
      [
        "Outcome",
        whole.status &&
          h(
            "span",
            null,
            pill(whole.status),
            whole.took_us !== null &&
              whole.took_us !== undefined &&
              ` after ${duration(whole.took_us / 1000)}`,
          ),
      ],
      [
        "Approval",
        whole.approval && h("a", { href: `#/approvals/${whole.approval}` }, h("code", null, whole.approval)),
      ],
      ["Policy set", whole.policy_set && hash(whole.policy_set, 16)],
      [
        "Masked",
        whole.redactions?.length > 0 &&
          whole.redactions.map((one) => h("span", { class: "tag" }, visible(one.detector), ` ${one.count}`)),
      ],
      ["Call", [h("code", null, whole.call), copier(whole.call, "the id of the call")]],
    ]),
    whole.statement &&
      h("div", { class: "found" }, h("h3", null, "What the classifier found"), statement(whole.statement)),
  );
}

function part(one) {
  const to = { to_upstream: "to the server", to_caller: "to the caller" }[one.direction];
  return h(
    "section",
    { class: "leaf" },
    h(
      "header",
      null,
      h("b", null, visible(one.type)),
      to && h("span", { class: "soft" }, to),
      h("span", { class: "spacer" }),
      moment(one.at, { date: false, millis: true }),
      h(
        "a",
        { class: "proof", href: `#/log/${one.index}`, title: "the leaf and its proof" },
        icon("log"),
        `leaf ${one.index}`,
      ),
    ),
    content(one),
    h(
      "details",
      null,
      h("summary", null, "The leaf as it is hashed"),
      h("p", { class: "soft" }, "Hash ", hash(one.hash, 64)),
      block(JSON.stringify(one.leaf, null, 2), "json"),
    ),
  );
}

function content(one) {
  const label = `message of leaf ${one.index}`;
  if (one.body) return message(one.body, one.receipts, label);
  if (one.body_missing === "erased") {
    const { index, rule, days, server } = one.erased_by;
    const kept = server ? `${rule} of ${server}, ${days} days` : `${rule}, ${days} days`;
    const leaf = h("a", { href: `#/log/${index}` }, `leaf ${index}`);
    return notice("hold", "Erased by the rule ", visible(kept), ": ", leaf, ". Its commitment and every proof still hold.");
  }
  if (one.body_missing) return notice("bad", h("b", null, "Body "), visible(one.body_missing_because), ".");
  return null;
}
