// Whoever is signed in: what they may do here, and the way out.
import { signOut } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, facts, head, say } from "./part.js";
import { moment, visible, who } from "./text.js";

export function account(root, { me }) {
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
    ),
  );

  async function leave() {
    try {
      const end = await signOut();
      if (end) location.href = end;
      else location.reload();
    } catch (error) {
      say(error.message, "bad");
    }
  }
  return {};
}
