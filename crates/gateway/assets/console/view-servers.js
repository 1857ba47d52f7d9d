// Servers: whether they answer, what they offer, and whether it is what was pinned.
import { get, post } from "./api.js";
import { block } from "./code.js";
import { diff } from "./diff.js";
import { h, icon, put } from "./dom.js";
import { crumbs, empty, facts, head, into, notice, pill, say, section, table } from "./part.js";
import { coded, hash, moment, visible } from "./text.js";

export function servers(root, place) {
  if (place.parts[1]) return server(root, place.parts[1], place);
  const body = h("div", { class: "fill scroll-y pad" });
  put(root, head("Servers", "what this gateway stands in front of"), body);
  const load = () => into(body, () => get("servers"), draw);
  load();
  return { event: (kind) => (kind === "servers" || kind === "again") && load() };
}

function draw({ servers: all, issuers, gateways }) {
  return [
    all.length
      ? table(
          ["Server", "Health", "Last answer", "Transport", ["Tools", "right"], "Definitions"],
          all.map((one) => [
            h(
              "a",
              { class: "row-link", href: `#/servers/${encodeURIComponent(one.name)}`, "data-row": one.name },
              visible(one.name),
            ),
            h(
              "span",
              null,
              pill(one.health),
              one.since && h("span", { class: "soft" }, " since ", moment(one.since)),
              one.detail && h("span", { class: "soft" }, " ", coded(one.detail)),
            ),
            one.last_success ? moment(one.last_success) : h("span", { class: "soft" }, "none seen"),
            one.transport,
            one.tools,
            one.drifted
              ? pill("drifted", `${one.drifted} changed`)
              : h("span", { class: "soft" }, "as pinned"),
          ]),
          { label: "servers", name: "rows" },
        )
      : empty("No server is configured", "Servers stand in the configuration, under `servers`."),
    issuers?.length > 0 &&
      section(
        "Identity providers",
        table(
          ["Name", "Keys", "Fetched"],
          issuers.map((one) => [visible(one.name), pill(one.state), moment(one.fetched)]),
          { label: "identity providers" },
        ),
      ),
    gateways?.length > 0 &&
      section(
        "Gateways",
        table(
          ["Lane", "State", "Since"],
          gateways.map((one) => [
            one.lane,
            pill(one.alive ? "ok" : "expired", one.alive ? "running" : "ended"),
            moment(one.opened),
          ]),
          { label: "gateways" },
        ),
      ),
  ];
}

function server(root, name, place) {
  const list = h("div", { class: "fill" });
  const detail = h("div", { class: "split-detail" });
  const state = { tools: [], chosen: place.parts[2] };
  put(
    root,
    head(
      crumbs("#/servers", "Servers", visible(name)),
    ),
    h("div", { class: "split split-narrow" }, list, detail),
  );
  const key = (tool) => `${tool.kind}:${tool.name}`;

  const load = () =>
    into(
      list,
      () => get(`servers/${encodeURIComponent(name)}/tools`),
      ({ tools }) => {
        state.tools = tools;
        choose(
          state.chosen && tools.some((tool) => key(tool) === state.chosen)
            ? state.chosen
            : tools.length
              ? key(tools.find((tool) => tool.drift) ?? tools[0])
              : null,
        );
        if (!tools.length)
          return empty(
            "Nothing is known yet",
            "Definitions are learned when the server lists them to a caller.",
          );
        return table(
          ["Name", "Kind", "Definition"],
          tools.map((tool) => [
            h(
              "a",
              {
                class: "row-link",
                href: `#/servers/${encodeURIComponent(name)}/${encodeURIComponent(key(tool))}`,
                "data-row": key(tool),
                "aria-current": key(tool) === state.chosen ? "true" : null,
              },
              h("code", null, visible(tool.name)),
            ),
            tool.kind,
            h("span", null, pill(tool.drift ? "drifted" : tool.state), " ", hash(tool.hash, 8)),
          ]),
          { label: "definitions", name: "rows" },
        );
      },
    );

  function choose(wanted) {
    state.chosen = wanted;
    for (const link of list.querySelectorAll("[data-row]"))
      link.setAttribute("aria-current", String(link.dataset.row === wanted));
    const tool = state.tools.find((one) => key(one) === wanted);
    if (!tool) return put(detail, empty("Choose a definition"));
    put(detail, definition(name, tool, place.me, load));
  }

  load();
  return {
    move(next) {
      if (next.parts[1] !== name) return false;
      if (next.parts[2]) choose(next.parts[2]);
      return true;
    },
    event: (kind) => (kind === "servers" || kind === "again") && load(),
  };
}

const pretty = (definition) => JSON.stringify(definition, null, 2);

function definition(server, tool, me, load) {
  const { drift } = tool;
  return h(
    "article",
    { class: "pad" },
    h("h2", null, h("code", null, visible(tool.name))),
    facts([
      ["State", pill(drift ? "drifted" : tool.state)],
      ["First seen", moment(tool.first_seen)],
      ["Pinned", hash(tool.hash, 24)],
      ["Listed now", drift && hash(drift.hash, 24)],
      ["Changed", drift && moment(drift.since)],
    ]),
    drift &&
      section(
        "What changed",
        notice(
          "hold",
          "Until somebody accepts this definition, calls of this tool are judged as changed: policies can refuse them.",
        ),
        diff(pretty(tool.definition), pretty(drift.definition)) ??
          h("p", { class: "soft" }, "Only the order of members differs."),
        accept(server, tool, me, load),
      ),
    tool.definition?.description &&
      section("What it says of itself", h("p", { class: "said" }, visible(tool.definition.description))),
    section("Pinned definition", block(pretty(tool.definition), "json")),
  );
}

function accept(server, tool, me, load) {
  if (!me.permissions.includes("tools.accept")) {
    return h("p", { class: "soft" }, icon("lock"), " An administrator can accept it.");
  }
  const reason = h("input", {
    type: "text",
    "aria-label": "reason",
    placeholder: "Why this change is right",
    maxlength: "500",
    required: true,
  });
  const problem = h("div");
  const send = async (event) => {
    event.preventDefault();
    put(problem);
    try {
      const [where, what] = [server, tool.name].map(encodeURIComponent);
      const path = `servers/${where}/tools/${what}/accept?kind=${tool.kind}`;
      await post(path, { hash: tool.drift.hash, reason: reason.value.trim() });
      say("Accepted. The new definition is pinned, and it is on record.", "good");
      load();
    } catch (error) {
      put(problem, notice("bad", coded(error.message)));
      if (error.status === 409) load();
    }
  };
  return h(
    "form",
    { class: "inline-form", onsubmit: send },
    reason,
    h("button", { type: "submit", class: "primary" }, icon("check"), "Accept this definition"),
    problem,
  );
}
