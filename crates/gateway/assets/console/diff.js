// The difference of two texts, line by line, as two columns of numbers and one of text.
import { h } from "./dom.js";
import { visible } from "./text.js";

// More lines than this are not compared one by one.
const LINES_MAX = 2000;
// Unchanged lines shown around a change.
const AROUND = 3;

// Lines as `{ kind: "same" | "old" | "new", text, before, after }` by the longest common subsequence.
export function lines(old, fresh) {
  const left = old.split("\n").slice(0, LINES_MAX);
  const right = fresh.split("\n").slice(0, LINES_MAX);
  const wide = right.length + 1;
  const longest = new Uint16Array((left.length + 1) * wide);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      longest[i * wide + j] =
        left[i] === right[j]
          ? longest[(i + 1) * wide + j + 1] + 1
          : Math.max(longest[(i + 1) * wide + j], longest[i * wide + j + 1]);
    }
  }
  const found = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      found.push({ kind: "same", text: left[i], before: (i += 1), after: (j += 1) });
    } else if (
      j >= right.length ||
      (i < left.length && longest[(i + 1) * wide + j] >= longest[i * wide + j + 1])
    ) {
      found.push({ kind: "old", text: left[i], before: (i += 1) });
    } else {
      found.push({ kind: "new", text: right[j], after: (j += 1) });
    }
  }
  return found;
}

// The difference as a table; `null` when there is none.
export function diff(old, fresh) {
  const all = lines(old, fresh);
  const changed = all.map((line) => line.kind !== "same");
  if (!changed.includes(true)) return null;
  const near = (at) => changed.slice(Math.max(0, at - AROUND), at + AROUND + 1).includes(true);
  const rows = [];
  let skipped = 0;
  all.forEach((line, at) => {
    if (!near(at)) {
      skipped += 1;
      return;
    }
    if (skipped === 1) rows.push(row(all[at - 1]));
    else if (skipped) rows.push(gap(skipped));
    skipped = 0;
    rows.push(row(line));
  });
  if (skipped === 1) rows.push(row(all[all.length - 1]));
  else if (skipped) rows.push(gap(skipped));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "difference" },
    h(
      "table",
      { class: "diff" },
      h(
        "thead",
        { class: "unseen" },
        h(
          "tr",
          null,
          ["line before", "line after", "change", "text"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h("tbody", null, rows),
    ),
  );
}

const SIGN = { same: " ", old: "−", new: "+" };

function row(line) {
  return h(
    "tr",
    { class: `diff-${line.kind}` },
    h("td", { class: "number" }, line.before ?? ""),
    h("td", { class: "number" }, line.after ?? ""),
    h("td", { class: "sign" }, SIGN[line.kind]),
    h("td", null, h("code", null, visible(line.text))),
  );
}

function gap(skipped) {
  return h("tr", { class: "diff-gap" }, h("td", { colspan: "4" }, `${skipped} unchanged lines`));
}
