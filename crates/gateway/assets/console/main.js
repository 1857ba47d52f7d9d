// The frame around the views: who is signed in, where one is, what changed elsewhere.
import * as api from "./api.js";
import { h, icon, mark, put } from "./dom.js";
import { help, listen, setKeys } from "./keys.js";
import { failed, loading } from "./part.js";
import { signIn } from "./view-sign-in.js";
import { account } from "./view-account.js";
import { approvals } from "./view-approvals.js";
import { sessions } from "./view-sessions.js";
import { call } from "./view-call.js";
import { access } from "./view-access.js";
import { reviews } from "./view-reviews.js";
import { evidence } from "./view-evidence.js";
import { servers } from "./view-servers.js";
import { policies } from "./view-policies.js";
import { log } from "./view-log.js";
import { activity } from "./view-activity.js";
import { banner, breakglass } from "./view-breakglass.js";
import { visible, who } from "./text.js";

// Name, title, what draws it, and one action that policy must permit for it to be of use; none:
// everybody's.
const VIEWS = [
  { name: "approvals", title: "Approvals", draw: approvals },
  { name: "sessions", title: "Sessions", draw: sessions, needs: "calls.read", path: "sessions" },
  { name: "access", title: "Access", draw: access, needs: "access.read", path: "access" },
  { name: "reviews", title: "Reviews", draw: reviews, needs: "access.read", path: "reviews" },
  { name: "evidence", title: "Evidence", draw: evidence, needs: "evidence.export", path: "evidence" },
  { name: "servers", title: "Servers", draw: servers, needs: "status.read", path: "servers" },
  { name: "policies", title: "Policies", draw: policies, needs: "policies.read", path: "policies" },
  { name: "log", title: "Log", draw: log, needs: "status.read", path: "log" },
  { name: "activity", title: "Activity", draw: activity, needs: "status.read", path: "activity" },
  { name: "calls", title: "Call", draw: call, within: "sessions" },
  { name: "breakglass", title: "Break-glass", draw: breakglass, within: "approvals" },
  { name: "account", title: "Account", draw: account, within: "account" },
];
// Where to go after signing in.
const RETURN = "return";

const page = { me: null, open: null, stream: null, badge: null, status: null, glass: null };

function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

function go(place) {
  location.hash = `#/${place}`;
}

async function start() {
  const app = document.getElementById("app");
  put(app, h("main", { class: "solo" }, loading(3)));
  try {
    page.me = await api.me();
    if (page.me) await api.learn();
  } catch (error) {
    put(app, h("main", { class: "solo" }, failed(error, start)));
    return;
  }
  if (!page.me) {
    page.stream?.close();
    if (!location.hash.startsWith("#/sign-in")) sessionStorage.setItem(RETURN, location.hash);
    document.title = "Sign in · Countersign";
    await signIn(app, here().query, sessionStorage.getItem(RETURN) ?? "");
    return;
  }
  const wanted = sessionStorage.getItem(RETURN);
  sessionStorage.removeItem(RETURN);
  if (wanted && (!location.hash || location.hash.startsWith("#/sign-in")))
    history.replaceState(null, "", wanted);
  frame(app);
  connect();
  route();
}

function may(view) {
  return (!view.path || api.offers(view.path)) && (!view.needs || page.me.permissions.includes(view.needs));
}

function frame(app) {
  page.badge = h("span", { class: "badge", hidden: true });
  page.status = h("span", { class: "status", role: "status" });
  page.glass = h("div", { class: "glass", role: "alert", hidden: true });
  const items = VIEWS.filter((view) => !view.within && may(view)).map((view) =>
    h(
      "a",
      { href: `#/${view.name}`, "data-place": view.name },
      icon(view.name),
      h("span", { class: "nav-text" }, view.title),
      view.name === "approvals" && page.badge,
    ),
  );
  put(
    app,
    h("a", { class: "skip", href: "#view", onclick: skip }, "Skip to the content"),
    h(
      "nav",
      { class: "side", "aria-label": "Console" },
      h(
        "div",
        { class: "brand" },
        mark(),
        h(
          "div",
          null,
          h("b", null, "Countersign"),
          h("span", { class: "deployment" }, visible(page.me.deployment ?? "")),
        ),
      ),
      h("div", { class: "nav" }, items),
      h(
        "div",
        { class: "foot" },
        h(
          "a",
          {
            class: "me",
            href: "#/account",
            "data-place": "account",
          },
          h("span", { class: "avatar", "aria-hidden": "true" }, initials(who(page.me))),
          h(
            "span",
            { class: "nav-text" },
            visible(who(page.me)),
            h("small", null, visible(page.me.groups.join(", "))),
          ),
        ),
        h(
          "div",
          { class: "foot-row" },
          page.status,
          h("span", { class: "spacer" }),
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              onclick: theme,
              "aria-label": "light or dark",
              title: "light or dark (t)",
            },
            h("span", { class: "is-light" }, icon("moon")),
            h("span", { class: "is-dark" }, icon("sun")),
          ),
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              onclick: help,
              "aria-label": "keyboard help",
              title: "keyboard (?)",
            },
            h("kbd", null, "?"),
          ),
        ),
      ),
    ),
    page.glass,
    h("main", { id: "view", tabindex: "-1" }),
  );
  warn(page.me.breakglass);
}

// Whether held calls go ahead without approval at the moment, and until when.
function warn(windows) {
  page.glass.hidden = !windows.length;
  put(page.glass, banner(windows, page.me.permissions.includes("breakglass.enter")));
}

async function look() {
  const now = await api.me();
  if (now) warn(now.breakglass);
}

function skip(event) {
  event.preventDefault();
  document.getElementById("view").focus();
}

function initials(name) {
  return name
    .split(/[\s/@.]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0].toUpperCase())
    .join("");
}

function route() {
  if (!page.me) {
    start();
    return;
  }
  const place = here();
  const view = VIEWS.find((one) => one.name === place.parts[0]) ?? VIEWS[0];
  const root = document.getElementById("view");
  const again = page.open?.view === view && page.open.move?.(place);
  if (!again) {
    page.open?.close?.();
    setKeys({});
    root.className = `view view-${view.name}`;
    put(root);
    root.scrollTop = 0;
    page.open = { view, ...view.draw(root, { ...place, me: page.me, go, badge }) };
    setKeys(page.open.keys);
  }
  document.title = `${view.title} · Countersign`;
  for (const link of document.querySelectorAll("[data-place]")) {
    const current = link.dataset.place === (view.within ?? view.name);
    if (!current) {
      link.removeAttribute("aria-current");
      continue;
    }
    link.setAttribute("aria-current", "page");
    // On a phone the bar scrolls: the place one is at stays in sight.
    link.scrollIntoView({ block: "nearest", inline: "center" });
  }
}

// How many held calls wait for this person.
function badge(number) {
  page.badge.hidden = !number;
  put(page.badge, number, h("span", { class: "unseen" }, " waiting for you"));
}

async function recount() {
  const { approvals: live } = await api.get("approvals", { state: "live" });
  badge(live.filter((one) => one.state === "pending" && one.may_decide).length);
}

function connect() {
  page.stream?.close();
  let lost = false;
  page.stream = api.events(
    (kind, data) => {
      if (kind === "signed_out") return start();
      if (kind === "approvals" || kind === "hello") recount().catch(() => {});
      if (kind === "breakglass" || (kind === "hello" && lost)) look().catch(() => {});
      // After a break anything may have changed.
      if (kind === "hello" && lost) page.open?.event?.("again", data);
      if (kind === "hello") lost = false;
      page.open?.event?.(kind, data);
    },
    (state) => {
      lost ||= state === "lost";
      page.status.className = `status status-${state}`;
      put(page.status, h("i", { class: "dot" }), state === "live" ? "live" : "reconnecting");
    },
  );
}

function theme() {
  const dark =
    getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const chosen = dark ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  localStorage.setItem("theme", chosen);
}

// Up one level: from a thing to its list.
function back() {
  const { parts } = here();
  if (parts.length > 1) go(parts[0] === "calls" ? "sessions" : parts[0]);
}

api.onSignedOut(() => {
  if (!page.me) return;
  page.me = null;
  page.open?.close?.();
  page.open = null;
  start();
});
window.addEventListener("hashchange", route);
listen({ go, back, theme });
start();
