// Signing in: everything happens at the identity provider; here one only chooses it.
import { get } from "./api.js";
import { h, icon, mark, put } from "./dom.js";
import { failed, loading, notice } from "./part.js";
import { visible } from "./text.js";

const ERRORS = {
  denied: "The identity provider did not let you in.",
  expired: "That took too long. Start again.",
  state: "The answer does not belong to a sign-in that began in this browser. Start again.",
  issuer: "There is no such identity provider.",
  token: "The identity provider sent a token that does not hold. The reason is in the gateway's log.",
  unavailable: "The identity provider does not answer. Try again in a moment.",
};

export async function signIn(app, query, back) {
  const body = h("div", null, loading(2));
  put(
    app,
    h(
      "main",
      { class: "solo", id: "view" },
      h(
        "div",
        { class: "card sign-in" },
        h("div", { class: "brand" }, mark(), h("div", null, h("b", null, "Countersign"))),
        h("h1", null, "Sign in"),
        query.error && notice("bad", ERRORS[query.error] ?? "Signing in failed. Start again."),
        body,
      ),
    ),
  );
  try {
    const { issuers, deployment } = await get("sign-in");
    put(
      body,
      h("p", { class: "soft" }, "to the console of ", h("b", null, visible(deployment))),
      issuers.length
        ? issuers.map((issuer) => choices(issuer, back))
        : notice(
            "hold",
            "No identity provider is set up for it: give one of `identity.issuers` a `console` section.",
          ),
    );
  } catch (error) {
    put(
      body,
      failed(error, () => signIn(app, {}, back)),
    );
  }
}

function choices(issuer, back) {
  const to = (hint) => {
    const query = new URLSearchParams({ issuer: issuer.name });
    if (back) query.set("return", back);
    if (hint) query.set("hint", hint);
    return `/console/sign-in?${query}`;
  };
  if (!issuer.hints?.length) {
    return h(
      "a",
      { class: "button primary wide", href: to() },
      icon("key"),
      "Continue with ",
      visible(issuer.name),
    );
  }
  return h(
    "div",
    { class: "people" },
    issuer.hints.map(({ hint, label }) =>
      h("a", { class: "button wide", href: to(hint) }, "Continue as ", h("b", null, visible(label))),
    ),
  );
}
