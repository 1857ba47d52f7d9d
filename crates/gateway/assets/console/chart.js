// Small charts in SVG. Each has its figures as a table below, for whoever cannot or would not look at a
// picture.
import { h, s } from "./dom.js";

const HEIGHT = 170;
const LEFT = 44;
const BELOW = 20;
const ABOVE = 8;
// Horizontal lines at most.
const LINES = 4;

// The next round number from `value` on: 1, 2 or 5 times a power of ten.
export function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value);
  return step * power;
}

// `series`: `{ name, kind, values }` over `times`. `stacked` bars, or lines. `format` words a value;
// `width` in pixels.
export function chart({ title, times, series, stacked, format, hint, width }) {
  const totals = times.map((_, at) => series.reduce((sum, one) => sum + (one.values[at] ?? 0), 0));
  const most = stacked
    ? Math.max(0, ...totals)
    : Math.max(0, ...series.flatMap((one) => one.values.filter((value) => value !== null)));
  // Lines stand at round values; those of counts at whole ones.
  const top = LINES * Math.max(ceiling(most / LINES), stacked ? 1 : 0);
  const y = (value) => ABOVE + (HEIGHT - ABOVE - BELOW) * (1 - value / top);
  const wide = (width - LEFT) / Math.max(1, times.length);
  const x = (at) => LEFT + wide * at;
  const drawn = stacked ? bars(times, series, x, y, wide) : lines(times, series, x, y, wide);
  const picture = s(
    "svg",
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: "img",
      "aria-label": `${title}, as a chart; the figures follow as a table`,
    },
    grid(top, y, format, width),
    axis(times, x, wide),
    drawn,
  );
  const readout = h("output", { class: "readout" });
  const tell = (at) => {
    const told = (one) => `${one.name} ${one.values[at] === null ? "–" : format(one.values[at])}`;
    readout.textContent = at === null ? "" : `${clock(times[at])}  ${series.map(told).join(" · ")}`;
  };
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const at = Math.floor((((event.clientX - box.left) / box.width) * width - LEFT) / wide);
    tell(at >= 0 && at < times.length ? at : null);
  });
  picture.addEventListener("pointerleave", () => tell(null));
  return h(
    "figure",
    { class: "chart" },
    h(
      "figcaption",
      null,
      h("b", null, title),
      hint && h("span", { class: "soft" }, hint),
      h("span", { class: "spacer" }),
      series.map((one) => h("span", { class: `key key-${one.kind}` }, h("i"), one.name)),
    ),
    picture,
    readout,
    figures(times, series, format),
  );
}

function grid(top, y, format, width) {
  return Array.from({ length: LINES + 1 }, (_, at) => (top / LINES) * at).map((value) =>
    s(
      "g",
      { class: "grid" },
      s("line", { x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
      s("text", { x: LEFT - 6, y: y(value) + 3.5, "text-anchor": "end" }, format(value)),
    ),
  );
}

const clock = (time) => {
  const at = new Date(time);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
};

function axis(times, x, wide) {
  const every = Math.max(1, Math.ceil((times.length * 60) / (wide * times.length)));
  return times.map(
    (time, at) =>
      at % every === 0 &&
      s("text", { class: "axis", x: x(at) + wide / 2, y: HEIGHT - 5, "text-anchor": "middle" }, clock(time)),
  );
}

function bars(times, series, x, y, wide) {
  return times.map((_, at) => {
    let below = 0;
    return series.map((one) => {
      const value = one.values[at] ?? 0;
      if (!value) return null;
      const upper = y(below + value);
      const bar = s("rect", {
        class: `bar bar-${one.kind}`,
        x: x(at) + wide * 0.12,
        width: wide * 0.76,
        y: upper,
        height: Math.max(0.5, y(below) - upper),
      });
      below += value;
      return bar;
    });
  });
}

function lines(times, series, x, y, wide) {
  return series.map((one) => {
    const parts = [];
    let pen = "M";
    times.forEach((_, at) => {
      const value = one.values[at];
      if (value === null || value === undefined) pen = "M";
      else {
        parts.push(`${pen}${(x(at) + wide / 2).toFixed(1)} ${y(value).toFixed(1)}`);
        pen = "L";
      }
    });
    const dots = one.values.map(
      (value, at) =>
        value !== null &&
        value !== undefined &&
        s("circle", { class: `dot dot-${one.kind}`, cx: x(at) + wide / 2, cy: y(value), r: 2 }),
    );
    return [s("path", { class: `line line-${one.kind}`, d: parts.join(" ") }), times.length <= 60 && dots];
  });
}

function figures(times, series, format) {
  const rows = times
    .map((time, at) => ({ time, at }))
    .filter(({ at }) => series.some((one) => one.values[at]));
  return h(
    "details",
    null,
    h("summary", null, "Figures"),
    rows.length === 0
      ? h("p", { class: "soft" }, "All are zero.")
      : h(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": "figures" },
          h(
            "table",
            { class: "table" },
            h(
              "thead",
              null,
              h(
                "tr",
                null,
                h("th", { scope: "col" }, "From"),
                series.map((one) => h("th", { scope: "col", class: "right" }, one.name)),
              ),
            ),
            h(
              "tbody",
              null,
              rows.map(({ time, at }) =>
                h(
                  "tr",
                  null,
                  h("td", null, clock(time)),
                  series.map((one) =>
                    h("td", { class: "right" }, one.values[at] === null ? "–" : format(one.values[at])),
                  ),
                ),
              ),
            ),
          ),
        ),
  );
}
