// Whoever is signed in: what they may do here, their passkeys, and the way out.
import { get, post, signOut } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, empty, facts, failed, head, into, notice, say, section, table } from "./part.js";
import { register } from "./passkey.js";
import { moment, visible, who } from "./text.js";

export function account(root, { me }) {
  const keys = h("div");
  put(
    root,
    head("Account", null, button([icon("out"), "Sign out"], leave, { "data-sign-out": true })),
    h(
      "div",
      { class: "fill scroll-y pad" },
      facts([
        ["Name", visible(who(me))],
        ["E-mail", me.email && visible(me.email)],
        ["Identity", h("code", null, visible(me.id))],
        ["Groups", me.groups.map((group) => h("span", { class: "tag" }, visible(group)))],
        [
          "Permitted",
          me.permissions.length
            ? me.permissions.map((one) => h("span", { class: "tag" }, visible(one)))
            : "nothing beside what concerns your own calls",
        ],
        ["Signed in", moment(me.signed_in)],
        ["Ends", moment(me.ends)],
      ]),
      me.passkeys && section("Passkeys", keys),
    ),
  );
  if (me.passkeys) list();

  async function leave() {
    try {
      const end = await signOut();
      if (end) location.href = end;
      else location.reload();
    } catch (error) {
      say(error.message, "bad");
    }
  }

  function list() {
    into(
      keys,
      () => get("passkeys"),
      ({ passkeys, required }) => [
        h(
          "p",
          { class: "soft" },
          required
            ? "Approvals are signed with a passkey here."
            : "With a passkey an approval can be signed: the signature covers exactly the call.",
        ),
        passkeys.length
          ? table(
              ["Name", "Made", "Used", h("span", { class: "unseen" }, "Action")],
              passkeys.map((key) => [
                visible(key.name),
                moment(key.created),
                moment(key.last_used),
                button("Remove", () => remove(key.id), { class: "quiet-text" }),
              ]),
              { label: "passkeys" },
            )
          : empty("No passkey yet"),
        add(),
      ],
    );
  }

  function add() {
    const name = h("input", {
      type: "text",
      "aria-label": "name of the passkey",
      placeholder: "Name, e.g. laptop",
      maxlength: "60",
      required: true,
    });
    const problem = h("div");
    const make = async (event) => {
      event.preventDefault();
      put(problem);
      try {
        await register(name.value.trim());
        say("The passkey is registered.", "good");
        list();
      } catch (error) {
        put(
          problem,
          error.name === "NotAllowedError" ? notice("hold", "No passkey was made.") : failed(error),
        );
      }
    };
    return h(
      "form",
      { class: "inline-form", onsubmit: make },
      name,
      h(
        "button",
        { type: "submit", class: "primary", "data-add-passkey": true },
        icon("key"),
        "Add a passkey",
      ),
      problem,
    );
  }

  async function remove(id) {
    try {
      await post("passkeys/remove", { id });
      list();
    } catch (error) {
      say(error.message, "bad");
    }
  }
  return {};
}
