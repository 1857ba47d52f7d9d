// One held call: exactly what would run, what is known about it, and the decision.
import { get, offers, post, Problem } from "./api.js";
import { block, language } from "./code.js";
import { h, icon, put } from "./dom.js";
import { button, copier, empty, facts, failed, loading, notice, pill, say, section } from "./part.js";
import { fromBrowser, refusal, sign } from "./passkey.js";
import { bytes, count, duration, hash, marked, moment, unescaped, visible, who } from "./text.js";
import { statement } from "./statement.js";
import { left } from "./view-approvals.js";

const seconds = (number) => duration(number * 1000);

// Ends that a word of the log does not explain.
const ENDS = {
  let_go_under_breakglass: "it went ahead under break-glass, which two administrators entered; nobody approved it",
  not_granted: "the database said that it was approved, and not enough people said so to a gateway",
  withdrawn: "whoever asked does not want it any more",
};

// Values at least this long, or of several lines, get a block of their own.
const BLOCK = 60;

// Draws approval `id` into `place` and keeps it up to date; what somebody has typed stays.
export function held(place, id, { me, decided }) {
  const state = { reason: "", record: null, gone: false, busy: false };
  put(place, loading(8));

  async function refresh() {
    try {
      const record = await get(`approvals/${id}`);
      if (state.gone || state.busy) return;
      const before = state.record;
      state.record = record;
      // Only what changed is drawn: a reason that is being typed must not lose its place.
      if (JSON.stringify(before) !== JSON.stringify(record)) draw();
    } catch (error) {
      if (!state.gone) put(place, failed(error, refresh));
    }
  }

  function draw() {
    const typing =
      document.activeElement?.matches?.("[data-reason]") && place.contains(document.activeElement);
    const record = state.record;
    const history = h("div");
    put(
      place,
      h(
        "article",
        { class: "held", "aria-label": "held call" },
        top(record),
        doubts(record),
        theCall(record),
        found(record),
        asked(record, me),
        votes(record),
        offers("approvals/{id}/history") && section("Before this", history),
        binding(record),
      ),
      decision(),
    );
    if (typing) place.querySelector("[data-reason]")?.focus();
    if (offers("approvals/{id}/history")) past(history, record);
  }

  function decision() {
    const record = state.record;
    if (record.state !== "pending" && record.state !== "approved") return null;
    if (!record.may_decide) {
      return h(
        "footer",
        { class: "decide" },
        h(
          "p",
          { class: "soft" },
          icon("lock"),
          " ",
          visible(record.may_not_decide_because ?? "you cannot decide this call"),
        ),
        emergency(record, me),
      );
    }
    const required = record.terms?.reason === "required";
    const signed = record.terms?.passkey === "required";
    const without = signed && !me.passkeys?.registered;
    const problem = h("div", { class: "decide-problem" });
    const reason = h("textarea", {
      rows: "1",
      maxlength: "1000",
      "data-reason": true,
      value: state.reason,
      "aria-label": "reason",
      placeholder: required ? "Reason (required)" : "Reason (required to reject)",
      oninput: (event) => (state.reason = event.target.value),
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && record.state === "pending")
          decide("approve");
      },
    });
    const words = signed ? [icon("key"), "Approve with passkey"] : [icon("check"), "Approve"];
    const approve = button(words, () => decide("approve"), {
      class: "primary",
      disabled: without,
      "data-approve": true,
    });
    const reject = button([icon("cross"), "Reject"], () => decide("reject"), {
      class: "danger",
      "data-reject": true,
    });

    async function decide(verdict) {
      const text = state.reason.trim();
      if (!text && (verdict === "reject" || required)) {
        put(
          problem,
          notice(
            "hold",
            verdict === "reject" ? "Say why: whoever asked will read it." : "This policy wants a reason.",
          ),
        );
        reason.focus();
        return;
      }
      state.busy = approve.disabled = reject.disabled = true;
      put(problem);
      try {
        const body = text ? { reason: text } : {};
        if (signed && verdict === "approve") body.passkey = await sign(id);
        const after = await post(`approvals/${id}/${verdict}`, body);
        say(verdict === "approve" ? "Approved. It is on record." : "Rejected. It is on record.", "good");
        state.reason = "";
        state.record = after;
        state.busy = false;
        if (!state.gone) draw();
        decided();
      } catch (error) {
        put(
          problem,
          fromBrowser(error) ? notice("hold", refusal(error)) : notice("bad", visible(error.message)),
        );
        state.busy = approve.disabled = reject.disabled = false;
        if (error instanceof Problem && error.status === 409) refresh();
      }
    }

    return h(
      "footer",
      { class: "decide" },
      problem,
      without && record.state === "pending" && wanting(me),
      h(
        "div",
        { class: "decide-row" },
        reason,
        h("div", { class: "decide-buttons" }, reject, record.state === "pending" && approve),
      ),
    );
  }

  refresh();
  return { refresh, close: () => (state.gone = true) };
}

// For an administrator who sees that nobody decides: break-glass for this person, server and tool.
function emergency(record, me) {
  const { requester, target } = record;
  const person = requester.kind === "human" && !requester.actors.length && requester.id !== me.id;
  if (record.state !== "pending" || !person || !me.permissions.includes("breakglass.enter")) return null;
  const wish = { propose: "", people: requester.id, servers: record.server };
  if (target?.kind === "tool" || target?.kind === "prompt") wish.tools = target.name;
  return h(
    "p",
    { class: "soft" },
    "Nobody who may decide can be reached? ",
    h("a", { href: `#/breakglass?${new URLSearchParams(wish)}`, "data-emergency": true }, "Propose break-glass for it"),
    ".",
  );
}

// What somebody without a passkey does first.
function wanting(me) {
  const where = me.passkeys?.available
    ? [h("a", { href: "#/account" }, "Register one"), " first."]
    : "Browsers have none at this address of numbers: open the console by its name.";
  return notice("hold", "This policy wants your approval signed with a passkey. ", where);
}

function top(record) {
  const agreed = `${record.approved_by} of ${record.terms?.quorum ?? 1} agreed`;
  return h(
    "header",
    { class: "held-top" },
    h("a", { class: "up", href: "#/approvals", "aria-label": "back to the list" }, icon("back")),
    h(
      "div",
      { class: "held-title" },
      h("h2", null, h("code", null, visible(record.target?.name ?? record.method))),
      h(
        "p",
        null,
        h("span", { class: "soft" }, "on "),
        visible(record.server),
        h("span", { class: "soft" }, ", asked for by "),
        h("b", null, visible(who(record.requester))),
        h("span", { class: "soft" }, " at "),
        moment(record.requested),
      ),
    ),
    h(
      "div",
      { class: "held-state" },
      pill(record.state),
      record.state === "pending" && left(record.decide_by),
      record.state === "approved" && record.use_by && left(record.use_by),
      h("span", { class: "soft" }, agreed),
    ),
  );
}

// Every warning about the call in one place above it, so that none is met too late.
function doubts(record) {
  const warned = record.call.values.filter((value) => value.warnings?.length);
  const out = [];
  if (record.ended_because) {
    const why = ENDS[record.ended_because] ?? record.ended_because.replaceAll("_", " ");
    out.push(notice("hold", "Ended: ", visible(why)));
  }
  if (warned.length) {
    out.push(
      notice(
        "bad",
        h("b", null, "It may not be what it looks like. "),
        warned.map((value) =>
          h("p", null, h("code", null, unescaped(value.pointer)), " ", visible(value.warnings.join("; "))),
        ),
      ),
    );
  }
  return out;
}

function theCall(record) {
  const { call } = record;
  const hint = record.statement?.language;
  return section(
    "Exactly what would run",
    call.values.length
      ? h(
          "dl",
          { class: "call" },
          call.values.map((value) => argument(value, hint)),
        )
      : empty("It has no arguments"),
    call.left_out > 0 &&
      notice(
        "bad",
        `${count(call.left_out, "more value")} do not fit here. Read the call with `,
        h("code", null, "countersign approvals show"),
        " before you decide.",
      ),
  );
}

function argument(value, hint) {
  const name = value.pointer.replace(/^\/arguments(?=\/|$)/, "") || value.pointer || "/";
  const lang = value.kind === "string" ? language(value.text, hint) : null;
  const long = value.text.length > BLOCK || value.text.includes("\\n") || lang === "sql" || lang === "shell";
  const doubtful = value.warnings?.some((warning) => warning.includes("letters"));
  const shown =
    value.kind === "string" && long
      ? block(value.text, lang, { escaped: true, doubtful })
      : h(
          "code",
          { class: `value value-${value.kind}` },
          unescaped(value.text, doubtful ? marked : undefined),
        );
  return h(
    "div",
    { class: long ? "call-block" : "call-line" },
    h(
      "dt",
      null,
      h("code", null, unescaped(name)),
      value.default && h("span", { class: "tag" }, "default of the schema"),
    ),
    h(
      "dd",
      null,
      shown,
      value.sha256 &&
        h("p", { class: "soft" }, `Folded: ${bytes(value.bytes)} in all, SHA-256 `, hash(value.sha256, 64)),
      value.warnings?.map((warning) => h("p", { class: "warned" }, icon("warning"), visible(warning))),
    ),
  );
}

function found(record) {
  if (!record.statement) return null;
  return section("What the classifier found", statement(record.statement));
}

function asked(record, me) {
  const { terms } = record;
  const groups = (terms?.approvers ?? []).map((list) => list.join(" or ")).join(", and ");
  const texts = h("div");
  if (offers("policies") && me.permissions.includes("policies.read")) policyTexts(texts, record.policies);
  return section(
    "What policy asked",
    facts([
      ["Held by", record.policies.map((id) => h("span", { class: "tag" }, visible(id)))],
      [
        "Who must agree",
        `${count(terms?.quorum ?? 1, "person", "people")}${groups ? ` of ${groups}` : ""}, not who asked`,
      ],
      [
        "In time",
        terms && `${seconds(terms.decide_within_s)} to decide, ${seconds(terms.use_within_s)} to use it`,
      ],
      ["Reason", terms?.reason === "required" ? "required" : "if you wish"],
      terms?.passkey === "required" && ["Signature", "with a passkey, over exactly this call"],
      ["Asked by", identity(record.requester)],
    ]),
    texts,
  );
}

function identity(identity) {
  return h(
    "span",
    null,
    visible(who(identity)),
    " ",
    h("span", { class: "soft" }, visible(identity.id)),
    identity.email &&
      identity.email !== who(identity) && [" ", h("span", { class: "soft" }, visible(identity.email))],
    " ",
    h("span", { class: "tag" }, identity.kind),
    identity.client && h("span", { class: "soft" }, " through ", visible(identity.client)),
    identity.owner && h("span", { class: "soft" }, " for ", visible(identity.owner)),
    identity.actors?.length > 0 && h("span", { class: "soft" }, " by ", visible(identity.actors.join(", "))),
  );
}

async function policyTexts(place, ids) {
  const set = await get("policies").catch(() => null);
  const mine = set?.policies.filter((policy) => ids.includes(policy.id)) ?? [];
  if (!mine.length) return;
  put(
    place,
    h(
      "details",
      null,
      h("summary", null, "Text of the policies"),
      mine.map((policy) => block(policy.text, "cedar")),
    ),
  );
}

function votes(record) {
  if (!record.votes.length) return null;
  return section(
    "Who decided",
    h(
      "ul",
      { class: "votes" },
      record.votes.map((vote) =>
        h(
          "li",
          null,
          pill(vote.verdict),
          h("b", null, visible(who(vote.who))),
          moment(vote.at),
          vote.passkey && h("span", { class: "tag" }, "signed with a passkey"),
          vote.reason && h("q", null, unescaped(vote.reason)),
        ),
      ),
    ),
  );
}

async function past(place, record) {
  try {
    const { caller, target, approvals } = await get(`approvals/${record.id}/history`);
    const line = (name, one) => [
      name,
      h(
        "span",
        null,
        count(one.calls, "call"),
        one.denied ? `, ${one.denied} denied` : "",
        one.last && h("span", { class: "soft" }, ", the last ", moment(one.last)),
      ),
    ];
    const others = approvals.filter((other) => other.id !== record.id);
    put(
      place,
      facts([line("This caller", caller), line("This target", target)]),
      others.length > 0 &&
        h(
          "ul",
          { class: "votes" },
          others.map((other) =>
            h(
              "li",
              null,
              pill(other.state),
              h("a", { href: `#/approvals/${other.id}` }, visible(who(other.requester))),
              moment(other.requested),
            ),
          ),
        ),
    );
  } catch (error) {
    put(
      place,
      h("p", { class: "soft" }, error instanceof Problem ? visible(error.message) : "not available"),
    );
  }
}

function binding(record) {
  return section(
    "What the approval is bound to",
    facts([
      ["Binding", [hash(record.binding, 24), copier(record.binding, "the binding")]],
      ["Call", [hash(record.call.sha256, 24), ` ${bytes(record.call.bytes)}`]],
      ["Definition", record.definition && hash(record.definition, 24)],
      ["Policy set", hash(record.policy_set, 24)],
      ["Approval", h("code", null, record.id)],
    ]),
    h(
      "p",
      { class: "soft" },
      "Any difference in caller, server, tool definition, arguments or policies is another request. ",
      "It runs once.",
    ),
  );
}
