// Building the page. Nodes are made one by one and texts are text nodes: nothing is ever parsed as HTML, so
// nothing that came from a caller, a tool or a policy can become part of the page.

const SVG = "http://www.w3.org/2000/svg";

// An HTML element: h("a", { href, class, onclick }, children...). Children are nodes, texts, lists of them,
// or nothing.
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// An SVG element, likewise.
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "indeterminate") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// Replaces everything in `element`.
export function put(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

// Marks of the interface: one path each, drawn in a box of 16 units with the colour of the text around
// them.
const PATHS = {
  approvals: "M3 8.5l3 3 7-7M2 2.5h7M2 5.5h4",
  sessions: "M2 3h12v8H2zM5 14h6M6.5 5.5v3l3-1.5z",
  access: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM10 11.5l1.5 1.5L14 9.5",
  reviews: "M3 2h7l3 3v9H3zM5.5 8.5l1.7 1.7 3.3-3.4",
  evidence: "M3 2h10v12H3zM5.5 5h5M5.5 8h5M8 10v2",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10",
  servers: "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h1M4.5 11h1",
  policies: "M4 2h6l3 3v9H4zM6.5 8h4M6.5 11h4",
  log: "M8 2v3M4 9V7h8v2M2.5 9h3v3h-3zM10.5 9h3v3h-3zM6.5 2h3v3h-3z",
  activity: "M2 13V9M6 13V4M10 13V7M14 13V2",
  search: "M7 12A5 5 0 107 2a5 5 0 000 10zM10.8 10.8L14 14",
  sun: "M8 11a3 3 0 100-6 3 3 0 000 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M12 12l.6.6M3.4 12.6l.7-.7",
  moon: "M13.5 9.5A6 6 0 016.5 2.5a6 6 0 107 7z",
  back: "M10 3L5 8l5 5",
  play: "M4.5 3v10l8-5z",
  pause: "M5 3v10M11 3v10",
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  clock: "M8 14A6 6 0 108 2a6 6 0 000 12zM8 5v3.2l2 1.3",
  warning: "M8 2.5L14.5 13.5H1.5zM8 6.5v3.2M8 11.6v.4",
  lock: "M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 015 0v2",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  menu: "M2 4h12M2 8h12M2 12h12",
  out: "M6 2.5H2.5v11H6M10 5l3 3-3 3M13 8H6",
  key: "M5.5 11a3 3 0 110-6 3 3 0 010 6zM8.5 8H14v3M11.5 8v2",
};

// An icon beside a text, which says what it means: so it is hidden from readers of screens.
export function icon(name) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    s("path", { d: PATHS[name] }),
  );
}

// The mark of the product: two strokes that meet, as two signatures do.
export function mark() {
  return s(
    "svg",
    { class: "mark", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: "M17.5 6.2A8 8 0 1 0 19.6 14", class: "mark-ring" }),
    s("path", { d: "M8 12.2l3.4 3.4L21 6", class: "mark-tick" }),
  );
}
