// Sets that are proposed, beside what is in force, and the consent of a second person.
import { post } from "./api.js";
import { diff } from "./diff.js";
import { h, icon } from "./dom.js";
import { button, empty, facts, into, notice, pill, say, section } from "./part.js";
import { hash, moment, visible } from "./text.js";

// Whether sets are published here at all.
export function publishing(state) {
  return Boolean(state.published) && state.published.publishing !== "off";
}

export function proposals(state, { me }) {
  const { published } = state;
  if (!published?.proposals.length)
    return h("div", { class: "pad" }, empty("Nothing is proposed", "Begin with a draft."));
  return h(
    "div",
    { class: "pad" },
    published.proposals.map((one) => proposal(one, state, me)),
  );
}

function proposal(one, state, me) {
  const changes = h("div");
  into(changes, () => post("policies/diff", { files: one.files }), changed);
  const may = me.permissions.includes("policies.publish");
  const act = (path, body, done) => async (event) => {
    event.target.disabled = true;
    try {
      await post(path, body);
      say(done, "good");
    } catch (error) {
      say(error.message, "bad");
    }
    state.load();
  };
  return h(
    "article",
    { class: "proposal", "aria-label": "proposed policies" },
    section(
      one.own ? "You proposed" : ["Proposed by ", visible(one.by.name ?? one.by.id)],
      facts([
        ["By", [visible(one.by.name ?? one.by.id), " ", h("span", { class: "soft" }, visible(one.by.id))]],
        ["At", moment(one.proposed)],
        ["Set", hash(one.set, 24)],
      ]),
      one.may_not_publish_because && notice("hold", visible(one.may_not_publish_because), "."),
      may &&
        h(
          "div",
          { class: "inline-form" },
          one.may_publish &&
            button(
              [icon("check"), "Publish"],
              act("policies/publish", { proposal: one.id, set: one.set }, "Published. It is on record."),
              { class: "primary", "data-publish": true },
            ),
          button(
            "Withdraw",
            act("policies/withdraw", { proposal: one.id }, "The proposal is withdrawn."),
            { "data-withdraw": true },
          ),
        ),
    ),
    changes,
  );
}

// How a set differs from the one in force.
export function changed({ added, removed, changed: altered }) {
  if (!added.length && !removed.length && !altered.length)
    return h("p", { class: "soft" }, "The draft is what is in force.");
  return section(
    "Beside what is in force",
    added.map((policy) =>
      h(
        "div",
        { class: "policy" },
        h("h3", null, pill("allow", "added"), h("code", null, visible(policy.id))),
        diff("", policy.text),
      ),
    ),
    removed.map((policy) =>
      h(
        "div",
        { class: "policy" },
        h("h3", null, pill("deny", "removed"), h("code", null, visible(policy.id))),
        diff(policy.text, ""),
      ),
    ),
    altered.map((policy) =>
      h(
        "div",
        { class: "policy" },
        h("h3", null, pill("hold", "changed"), h("code", null, visible(policy.id))),
        diff(policy.before, policy.after),
      ),
    ),
  );
}
