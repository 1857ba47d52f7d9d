// What the classifier found in a statement, in words.
import { h } from "./dom.js";
import { facts } from "./part.js";
import { count, visible } from "./text.js";

const CLASSES = {
  read: ["plain", "reads"],
  session: ["plain", "changes this connection only"],
  write: ["hold", "changes rows"],
  ddl: ["hold", "creates or alters objects"],
  write_unbounded: ["bad", "changes every row"],
  ddl_destructive: ["bad", "destroys tables or data"],
  privilege: ["bad", "changes who may do what"],
  export: ["bad", "moves data out or in"],
  exec: ["bad", "runs code"],
  unknown: ["bad", "cannot be told"],
};

export function statement(found) {
  const classes = found.classes ?? (found.class ? [found.class] : []);
  const worst = CLASSES[found.class] ?? ["plain", found.class];
  const names = (list) => list?.length > 0 && list.map((name) => h("code", { class: "tag" }, visible(name)));
  return facts([
    ["Worst", h("span", { class: `pill pill-${worst[0]}` }, visible(worst[1]))],
    ["Statements", `${count(found.statements ?? 1, "statement")} of ${found.language}`],
    classes.length > 1 && [
      "All",
      classes.map((one) => h("span", { class: "tag" }, visible((CLASSES[one] ?? [0, one])[1]))),
    ],
    ["Reads", names(found.reads)],
    ["Writes", names(found.writes)],
    ["Functions", names(found.functions)],
    ["Notes", names(found.flags)],
  ]);
}
