// How much went through, what was refused, what waited, and how long it took.
import { get } from "./api.js";
import { chart } from "./chart.js";
import { h, put } from "./dom.js";
import { head, into } from "./part.js";
import { duration } from "./text.js";

const WINDOWS = [
  ["15m", "15 min"],
  ["1h", "1 hour"],
  ["24h", "24 hours"],
  ["7d", "7 days"],
];
// Drawn again at most this often while calls come, in milliseconds.
const REST = 5000;

export function activity(root, place) {
  const body = h("div", { class: "fill scroll-y pad" });
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": "window" });
  const state = { window: place.query.window ?? "1h", drawn: 0 };
  put(root, head("Activity", null, tabs), body);

  const load = () => {
    state.drawn = Date.now();
    put(
      tabs,
      WINDOWS.map(([window, text]) =>
        h(
          "a",
          {
            class: "tab",
            href: `#/activity?window=${window}`,
            "aria-current": window === state.window ? "page" : null,
          },
          text,
        ),
      ),
    );
    return into(
      body,
      () => get("activity", { window: state.window }),
      (found) => {
        state.found = found;
        return draw(found, room(body));
      },
    );
  };
  const sized = new ResizeObserver(
    () =>
      state.found && room(body) !== state.width && put(body, draw(state.found, (state.width = room(body)))),
  );
  sized.observe(body);
  load();
  return {
    move(next) {
      state.window = next.query.window ?? "1h";
      load();
      return true;
    },
    close: () => sized.disconnect(),
    event: (kind) => (kind === "again" || (kind === "calls" && Date.now() - state.drawn > REST)) && load(),
  };
}

// The width for a picture.
function room(body) {
  const style = getComputedStyle(body);
  return Math.max(
    280,
    Math.floor(body.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)),
  );
}

const whole = (value) =>
  Number.isInteger(value)
    ? value.toLocaleString("en")
    : value < 10
      ? value.toFixed(1)
      : Math.round(value).toLocaleString("en");
const micros = (value) => (value ? duration(value / 1000) : "0");

function draw({ points, totals, step_s: step }, width) {
  const times = points.map((point) => point.at);
  const of = (name) => points.map((point) => point[name] ?? 0);
  const maybe = (name) => points.map((point) => point[name] || null);
  const rest = points.map((point) => Math.max(0, point.calls - point.denied - point.held - point.failed));
  const figure = (name, value, kind) =>
    h(
      "div",
      { class: "figure" },
      h("span", { class: "figure-name" }, name),
      h("b", { class: value ? kind : null }, whole(value ?? 0)),
    );
  const each = `each ${duration(step * 1000)}`;
  return [
    h(
      "div",
      { class: "figures" },
      figure("Calls", totals.calls),
      figure("Denied", totals.denied, "bad"),
      figure("Held", totals.held, "hold"),
      figure("Failed", totals.failed, "bad"),
    ),
    chart({
      title: "Calls",
      hint: each,
      times,
      width,
      stacked: true,
      format: whole,
      series: [
        { name: "went through", kind: "good", values: rest },
        { name: "held", kind: "hold", values: of("held") },
        { name: "failed", kind: "failed", values: of("failed") },
        { name: "denied", kind: "bad", values: of("denied") },
      ],
    }),
    chart({
      title: "Time to answer",
      hint: "the server included",
      times,
      width,
      format: micros,
      series: [
        { name: "half are faster than", kind: "accent", values: maybe("p50_us") },
        { name: "99 of 100 are faster than", kind: "soft", values: maybe("p99_us") },
      ],
    }),
    h(
      "p",
      { class: "soft" },
      "The same and more, for Prometheus: ",
      h("code", null, "/metrics"),
      " on the operators' listener (",
      h("code", null, "admin.address"),
      ").",
    ),
  ];
}
