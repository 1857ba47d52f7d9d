// Evidence packages: a period is chosen, the gateway makes it, an auditor takes it away and checks it elsewhere.
import { get, post } from "./api.js";
import { h, icon, put } from "./dom.js";
import { command, copier, empty, head, into, notice, pill, say, section, table } from "./part.js";
import { bytes, coded, count, hash, moment, visible } from "./text.js";

export function evidence(root, place) {
  const list = h("div", { class: "fill" });
  const side = h("div", { class: "split-detail pad" });
  put(
    root,
    head("Evidence", "a period as a file that anybody can check"),
    h("div", { class: "split" }, list, side),
  );
  put(side, order(), checking(null));

  const load = () =>
    into(
      list,
      () => get("evidence"),
      (found) => {
        put(side.lastChild, ...checking(found.key).childNodes);
        if (!found.packages.length)
          return empty("No package waits", "Choose a period: it is made beside the calls, and waits here to be fetched.");
        return [
          table(
            ["Period", "State", ["Exceptions", "right"]],
            found.packages.map(row),
            { label: "evidence packages", name: "packages" },
          ),
          h("p", { class: "soft pad" }, `A package goes by itself ${count(found.kept_hours, "hour")} after it was asked for.`),
        ];
      },
    );

  function order() {
    const problem = h("div");
    const samples = h("div", { class: "form" });
    const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    const field = (label, input) => h("label", { class: "field" }, h("span", null, label), input);
    const submit = async (event) => {
      event.preventDefault();
      put(problem);
      const given = Object.fromEntries(new FormData(form));
      const body = { from: given.from, to: given.to, sealed: given.sealed === "on" };
      if (given.epoch) body.epoch = Number(given.epoch);
      if (given.server) body.servers = given.server.split(/[\s,]+/).filter(Boolean);
      if (given.seed) body.sample = { n: Number(given.n), seed: given.seed, of: given.of };
      try {
        await post("evidence", body);
        say("The package is being made.", "good");
        load();
      } catch (error) {
        put(problem, notice("bad", coded(error.message)));
      }
    };
    put(
      samples,
      field("Seed", h("input", { name: "seed", placeholder: "no samples", autocomplete: "off", maxlength: 200 })),
      field("How many", h("input", { name: "n", type: "number", min: 1, max: 1000, value: 25 })),
      field(
        "Drawn from",
        h(
          "select",
          { name: "of" },
          ["privileged", "calls", "denials", "approvals"].map((name) => h("option", { value: name }, name)),
        ),
      ),
    );
    const from = h("input", { name: "from", type: "date", required: true, value: day(30) });
    const to = h("input", { name: "to", type: "date", required: true, value: day(-1) });
    const choose = (title, [first, end]) =>
      h("button", { type: "button", class: "small", onclick: () => ((from.value = first), (to.value = end)) }, title);
    const form = h(
      "form",
      { class: "evidence-order", onsubmit: submit },
      h("div", { class: "form" }, field("From", from), field("To, itself not in it", to)),
      h(
        "div",
        { class: "periods" },
        choose("Last month", months(-1, 0)),
        choose("Last quarter", quarter()),
        choose("This quarter so far", [quarter()[1], day(-1)]),
      ),
      h(
        "fieldset",
        null,
        h("legend", null, "Samples"),
        h("p", { class: "soft" }, "The auditor's seed picks them. Nobody here can foresee which."),
        samples,
      ),
      h(
        "details",
        null,
        h("summary", null, "Less than all of it"),
        h(
          "div",
          { class: "form" },
          field("Servers", h("input", { name: "server", placeholder: "all", autocomplete: "off" })),
          field("Epoch of the log", h("input", { name: "epoch", type: "number", min: 1, placeholder: "each in the period" })),
        ),
        h(
          "label",
          { class: "check" },
          h("input", { type: "checkbox", name: "sealed" }),
          "Leave recorded messages of privileged calls out",
        ),
      ),
      problem,
      h("button", { type: "submit", class: "primary" }, "Make the package"),
    );
    return section("A new package", form);
  }

  load();
  return { event: (kind) => (kind === "evidence" || kind === "again") && load() };
}

// The first days of two months, counted from this one, in UTC.
function months(first, end) {
  const now = new Date();
  const of = (ahead) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 10);
  return [of(first), of(end)];
}

// The quarter before this one: its first day, and the first day after it.
function quarter() {
  const since = new Date().getUTCMonth() % 3;
  return months(-since - 3, -since);
}

function row(one) {
  const period = h("span", null, one.from.slice(0, 10), " to ", one.to.slice(0, 10));
  return [
    h(
      "span",
      null,
      h("b", null, period),
      one.epoch && h("span", { class: "tag" }, `epoch ${one.epoch}`),
      one.servers.length > 0 && h("small", { class: "soft" }, " ", visible(one.servers.join(", "))),
      one.samples > 0 && h("span", { class: "tag" }, count(one.samples, "sample")),
      !one.opened && h("span", { class: "tag" }, "sealed"),
      one.content && h("small", { class: "soft holds" }, told(one.content.populations)),
      h("small", { class: "soft holds" }, "asked for ", moment(one.created)),
    ),
    state(one),
    one.content?.exceptions ?? "",
  ];
}

// What an auditor asks for first.
function told(rows) {
  const parts = [
    ["calls", "call"],
    ["privileged", "privileged", "privileged"],
    ["denials", "denial"],
    ["approvals", "approval"],
  ];
  return parts.map(([name, one, many]) => count(rows[name] ?? 0, one, many)).join(" · ");
}

function state(one) {
  if (one.state === "running")
    return h(
      "span",
      { class: "making" },
      h("progress", { max: 100, value: one.percent, "aria-label": "made so far" }),
      // Every leaf was read; samples, policies and the report are being written.
      one.percent < 100 ? ` ${one.percent} %` : " finishing",
    );
  if (one.state === "failed") return h("span", null, pill("failing", "failed"), " ", h("small", null, coded(one.fault)));
  return h(
    "span",
    null,
    h(
      "a",
      { class: "button", href: `/api/v1/evidence/${one.id}/package`, download: true, "data-row": one.id },
      icon("download"),
      ` Download, ${bytes(one.content.bytes)}`,
    ),
    h(
      "small",
      { class: "soft holds" },
      "manifest ",
      hash(one.content.manifest, 12),
      copier(one.content.manifest, "manifest hash"),
    ),
  );
}

// How an auditor checks what they took away.
function checking(key) {
  const step = (title, ...rest) => h("li", null, h("b", null, title), h("p", null, rest));
  const own = `'${key ?? "..."}'`;
  return section(
    "How to check it",
    h(
      "ol",
      { class: "steps" },
      step(
        "Take the key by another way than the package.",
        "This page is one; a checkpoint in a log that somebody else keeps is a better one. ",
        key && command(key, "key"),
      ),
      step(
        "Run a verifier.",
        command(`countersign verify evidence.zip --key ${own}`),
        "Or with nothing but Python, by the script that is in the package:",
        command(`unzip -j evidence.zip verify/verify.py && python3 verify.py evidence.zip --key ${own}`),
      ),
      step(
        "Compare the manifest hash.",
        ["The log names it in ", h("code", null, "evidence.exported"), ", and the list here shows it."],
      ),
      step("Read report.html, then system-description.md.", "The second says what the package does not show."),
    ),
  );
}
