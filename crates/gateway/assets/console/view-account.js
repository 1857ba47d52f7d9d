// Whoever is signed in: what they may do here, their passkeys, and the way out.
import { get, offers, post, Problem, signOut } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, facts, failed, head, into, notice, say, section } from "./part.js";
import { fromBrowser, refusal, register } from "./passkey.js";
import { moment, visible, who } from "./text.js";

export function account(root, { me }) {
  const keys = h("div", { class: "passkeys" });
  const tags = (texts) => texts.map((text) => h("span", { class: "tag" }, visible(text)));
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
        ["Groups", tags(me.groups)],
        ["Permitted", me.permissions.length ? tags(me.permissions) : "what concerns your own calls"],
        ["Signed in", moment(me.signed_in)],
        ["Ends", moment(me.ends)],
      ]),
      offers("passkeys") && section("Passkeys", keys),
    ),
  );
  if (offers("passkeys")) into(keys, () => get("passkeys"), passkeys);

  async function leave() {
    try {
      const end = await signOut();
      if (end) location.href = end;
      else location.reload();
    } catch (error) {
      say(error.message, "bad");
    }
  }

  function passkeys({ available, passkeys: all }) {
    me.passkeys = { available, registered: all.length };
    if (!available)
      return h(
        "p",
        { class: "soft" },
        "Browsers have no passkeys for an address of numbers. Open the console by its name.",
      );
    return [
      h(
        "p",
        { class: "soft" },
        "A policy can ask that approvals are signed with a passkey. The signature covers exactly the call, ",
        "and stays on record with it.",
      ),
      all.length
        ? h(
            "ul",
            { class: "passkey-list", "aria-label": "passkeys" },
            all.map((key) =>
              h(
                "li",
                null,
                h("b", null, visible(key.name)),
                h(
                  "span",
                  { class: "soft" },
                  "registered ",
                  moment(key.created),
                  key.last_used ? [", signed last ", moment(key.last_used)] : ", never signed",
                ),
                h("span", { class: "spacer" }),
                button("Remove", () => remove(key), {
                  class: "quiet-text",
                  "aria-label": `remove the passkey ${key.name}`,
                }),
              ),
            ),
          )
        : h("p", { class: "soft" }, "You have none yet."),
      adding(),
    ];
  }

  function adding() {
    const name = h("input", {
      type: "text",
      "aria-label": "name of the passkey",
      placeholder: "Name, for example laptop",
      maxlength: "60",
      required: true,
      autocomplete: "off",
    });
    const problem = h("div");
    const add = h(
      "button",
      { type: "submit", class: "primary", "data-add-passkey": true },
      icon("key"),
      "Add a passkey",
    );
    const make = async (event) => {
      event.preventDefault();
      put(problem);
      add.disabled = true;
      try {
        put(keys, passkeys(await register(name.value.trim())));
        say("The passkey is registered. It is on record.", "good");
      } catch (error) {
        put(problem, whyNot(error));
        add.disabled = false;
      }
    };
    return h("form", { class: "inline-form", onsubmit: make }, name, add, problem);
  }

  function whyNot(error) {
    if (fromBrowser(error)) return notice("hold", refusal(error));
    if (!(error instanceof Problem) || error.code !== "sign_in_again") return failed(error);
    const again = `/console/sign-in?${new URLSearchParams({ issuer: me.issuer, return: "/console/" })}`;
    const remember = () => sessionStorage.setItem("return", "#/account");
    return notice(
      "hold",
      "You signed in a while ago. ",
      h("a", { href: again, onclick: remember }, "Sign in again"),
      ", then add the passkey.",
    );
  }

  async function remove(key) {
    try {
      put(keys, passkeys(await post("passkeys/remove", { id: key.id })));
      say(`The passkey ${key.name} is removed. It is on record.`, "good");
    } catch (error) {
      say(error.message, "bad");
    }
  }
  return {};
}
