// Break-glass: for a while held calls of named people go ahead without approval, once two administrators
// said so.
import { get, post } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, crumbs, empty, facts, head, into, notice, pill, say, section } from "./part.js";
import { moment, visible } from "./text.js";
import { TICK, left, tick } from "./view-approvals.js";

const WORDS = { proposed: "proposed", entering: "being confirmed", entered: "in force", ended: "over" };

const tags = (texts) => texts.map((text) => h("span", { class: "tag" }, visible(text)));

export function breakglass(root, { me, query, go }) {
  const list = h("div");
  const form = h("div");
  const body = h("div", { class: "fill scroll-y pad" }, form, list);
  const begin = () => go("breakglass?propose");
  const propose = button([icon("warning"), "Propose"], begin, { "data-propose": true });
  put(root, head(crumbs("#/approvals", "Approvals", "Break-glass"), null, propose), body);

  const load = () =>
    into(
      list,
      () => get("breakglass"),
      ({ windows }) =>
        windows.length
          ? windows.map((one) => shown(one))
          : empty(
              "Nobody has broken the glass",
              "Two administrators can let held calls of others go ahead for a while, on record and with an alarm.",
            ),
    );

  function shown(one) {
    const own = one.proposed_by === me.id;
    const step = (what, done) => async (event) => {
      event.target.disabled = true;
      try {
        await post(`breakglass/${one.id}/${what}`);
        say(done, "good");
      } catch (error) {
        say(error.message, "bad");
      }
      load();
    };
    const live = one.state !== "ended";
    return h(
      "article",
      { class: "proposal", "aria-label": `break-glass ${WORDS[one.state]}`, "data-state": one.state },
      section(
        [pill(one.state, WORDS[one.state]), " ", visible(one.reason)],
        facts([
          ["Calls of", tags(one.people)],
          ["Servers", tags(one.servers.map((name) => (name === "*" ? "every server" : name)))],
          ["Tools", one.tools.length ? tags(one.tools) : "all"],
          ["For", `${Math.ceil(one.seconds / 60)} min`],
          ["Proposed by", [visible(one.proposed_by), " ", moment(one.proposed)]],
          ["Confirmed by", one.confirmed_by && visible(one.confirmed_by)],
          [
            "In force",
            one.entered && [
              moment(one.entered),
              " to ",
              moment(one.until),
              one.state === "entered" && [" ", left(one.until)],
            ],
          ],
          ["Over", one.ended && [moment(one.ended), ": ", one.ended_because.replaceAll("_", " ")]],
        ]),
        one.state === "proposed" &&
          own &&
          notice("hold", "Another administrator confirms it, before ", moment(one.confirm_by), "."),
        live &&
          h(
            "div",
            { class: "inline-form" },
            one.state === "proposed" &&
              !own &&
              button(
                [icon("warning"), "Confirm: let these calls go"],
                step("confirm", "It is in force. It is on record."),
                { class: "danger", "data-confirm": true },
              ),
            button(
              one.state === "entered" ? "End it now" : "Give it up",
              step("end", "It is over. It is on record."),
              { "data-end": true },
            ),
          ),
      ),
    );
  }

  // `asked`: what a held call, from which somebody comes, would need.
  function proposing(asked) {
    const problem = h("div");
    const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
    const text = (name, more) => h("input", { type: "text", name, autocomplete: "off", ...more });
    const names = (given) => given.split(/[\s,]+/).filter(Boolean);
    const submit = async (event) => {
      event.preventDefault();
      put(problem);
      const given = Object.fromEntries(new FormData(event.target));
      const wish = {
        reason: given.reason,
        servers: names(given.servers),
        tools: names(given.tools),
        people: names(given.people),
        seconds: Number(given.minutes) * 60,
      };
      try {
        await post("breakglass", wish);
        say("Proposed. Another administrator confirms it.", "good");
        go("breakglass");
      } catch (error) {
        put(problem, notice("bad", visible(error.message)));
      }
    };
    return section(
      "Let held calls of others go ahead for a while",
      h(
        "form",
        { class: "order", onsubmit: submit },
        field("Why", text("reason", { required: true, maxlength: "1024" })),
        field(
          "Calls of",
          text("people", {
            required: true,
            placeholder: "issuer/subject, never yourself",
            value: asked.people ?? "",
          }),
        ),
        field(
          "Servers",
          text("servers", {
            required: true,
            placeholder: "names, or * for every one",
            value: asked.servers ?? "",
          }),
        ),
        field("Tools", text("tools", { placeholder: "all", value: asked.tools ?? "" })),
        field(
          "Minutes",
          h("input", { type: "number", name: "minutes", min: 1, max: 240, value: 15, required: true }),
        ),
        problem,
        h(
          "div",
          { class: "inline-form" },
          h("button", { type: "submit", class: "danger", "data-send": true }, "Propose"),
          button("Cancel", () => go("breakglass")),
        ),
      ),
    );
  }

  const draw = (asked) => put(form, "propose" in asked && proposing(asked));
  draw(query);
  load();
  const timer = setInterval(() => tick(list), TICK);
  return {
    move(next) {
      draw(next.query);
      load();
      return true;
    },
    event(kind) {
      if (kind === "breakglass" || kind === "again") load();
    },
    close() {
      clearInterval(timer);
    },
  };
}

// What everybody sees while it is in force, on every page.
export function banner(windows, may) {
  if (!windows.length) return [];
  const latest = windows.map((one) => one.until).sort().at(-1);
  const servers = [...new Set(windows.flatMap((one) => one.servers))];
  const where = servers.includes("*") ? "every server" : servers.join(", ");
  return [
    icon("warning"),
    h("b", null, "Break-glass"),
    h(
      "span",
      { class: "glass-text" },
      "held calls of some people at ",
      visible(where),
      " go ahead without approval until ",
      moment(latest, { date: false }),
    ),
    may && h("a", { href: "#/breakglass" }, "see or end it"),
  ];
}
