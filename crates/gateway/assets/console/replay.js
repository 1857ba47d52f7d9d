// One session: its calls in order, and a replay of them at the pace at which they were made.
import { get, offers, post } from "./api.js";
import { h, icon, put } from "./dom.js";
import { button, crumbs, empty, facts, head, into, notice, pill, say } from "./part.js";
import { dialog } from "./keys.js";
import { callRow } from "./view-sessions.js";
import { callParts } from "./view-call.js";
import { count, duration, moment, visible, who } from "./text.js";

const SPEEDS = [0.5, 1, 2, 4, 8, 16];
// Waits longer than this are cut to it, if the reader wishes, in milliseconds.
const WAIT_MAX = 3000;

export function recording(root, id, place) {
  const body = h("div", { class: "fill" });
  const titled = h("span", null, "…");
  const may = offers("sessions/{id}/end") && place.me.permissions.includes("sessions.end");
  const ender = button("End this session", () => end(id, load), {
    class: "danger",
    hidden: true,
    "data-end": true,
  });
  put(root, head(crumbs("#/sessions", "Sessions", titled), null, ender), body);
  let player = null;
  const draw = ({ session, calls }) => {
    put(titled, visible(who(session.person)));
    ender.hidden = !may || Boolean(session.ended);
    player?.pause();
    if (!calls.length) return empty("This session has no calls");
    player = new Player(session, calls, place);
    return player.nodes();
  };
  const load = () => into(body, () => all(id), draw);
  load();
  return {
    close: () => player?.pause(),
    keys: { " ": () => player?.toggle(), ",": () => player?.pace(-1), ".": () => player?.pace(1) },
    // `#/sessions/ID?call=ID` chooses a call.
    move(next) {
      if (next.parts[1] !== id || !player) return false;
      if (next.query.call) player.choose(next.query.call);
      return true;
    },
  };
}

// Asks why, then ends the session for good.
function end(id, done) {
  const problem = h("div");
  const reason = h("textarea", { name: "reason", required: true, maxlength: "1024", rows: 3 });
  const send = h("button", { type: "submit", class: "danger", "data-send": true }, "End it");
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      await post(`sessions/${id}/end`, { reason: reason.value });
      box.close();
      say("The session is ended. It is on record.", "good");
      done();
    } catch (error) {
      send.disabled = false;
      put(problem, notice("bad", visible(error.message)));
    }
  };
  const box = dialog(
    "End this session",
    h(
      "form",
      { class: "order", onsubmit: submit },
      h(
        "p",
        null,
        "What is open in it ends at every gateway, and whatever comes later is refused. This cannot be undone.",
      ),
      h("label", null, h("span", null, "Why"), reason),
      problem,
      h("div", { class: "inline-form" }, send),
    ),
  );
}

// Every call of the session, page by page.
async function all(id) {
  const first = await get(`sessions/${id}`);
  const { session, calls } = first;
  for (let next = first.next; next;) {
    const page = await get(`sessions/${id}`, { after: next });
    calls.push(...page.calls);
    next = page.next;
  }
  return { session, calls };
}

class Player {
  constructor(session, calls, place) {
    this.session = session;
    this.calls = calls;
    this.speed = 1;
    this.at = 0;
    this.running = false;
    this.seen = new Map();
    this.chosen = null;
    this.line = timeline(calls);
    this.place = place;
  }

  get length() {
    return this.line.length;
  }

  nodes() {
    this.rows = this.calls.map((call) => this.row(call));
    this.detail = h("div", { class: "split-detail" });
    this.knob = h("input", {
      type: "range",
      min: 0,
      max: Math.max(1, Math.ceil(this.length)),
      step: 1,
      value: 0,
      "aria-label": "position in the session",
      oninput: (event) => {
        this.pause();
        this.seek(Number(event.target.value));
      },
    });
    this.clock = h("output", { class: "clock" });
    this.button = h("button", {
      type: "button",
      class: "primary",
      "data-play": true,
      onclick: () => this.toggle(),
    });
    this.pacer = h(
      "select",
      { "aria-label": "speed", onchange: (event) => this.setSpeed(Number(event.target.value)) },
      SPEEDS.map((speed) => h("option", { value: speed, selected: speed === 1 }, `${speed}×`)),
    );
    const skip = h("input", {
      type: "checkbox",
      checked: true,
      onchange: (event) => this.cut(event.target.checked),
    });
    const lasted = new Date(this.session.last) - new Date(this.session.began);
    const tick = this.ticks();
    const over = this.session.ending && last(this.session.ending);
    this.paint();
    const wanted = this.place.query.call ?? this.calls[0].call;
    this.choose(wanted);
    return [
      facts([
        [
          "Person",
          h(
            "span",
            null,
            visible(who(this.session.person)),
            " ",
            h("span", { class: "soft" }, visible(this.session.person?.id ?? "")),
          ),
        ],
        ["Began", moment(this.session.began)],
        ["Lasted", duration(lasted)],
        ["Ended", this.session.ending && ended(this.session.ending)],
        ["Calls", `${this.calls.length}${this.session.denied ? `, ${this.session.denied} denied` : ""}`],
      ]),
      h(
        "div",
        { class: "player", role: "group", "aria-label": "replay" },
        this.button,
        this.clock,
        h("div", { class: "track" }, tick, this.knob),
        this.pacer,
        h("label", { class: "check" }, skip, "shorten waits"),
      ),
      h(
        "div",
        { class: "split" },
        h(
          "div",
          { class: "scroll split-list", tabindex: "0", role: "region", "aria-label": "calls" },
          h(
            "table",
            { class: "table rows" },
            h(
              "thead",
              null,
              h(
                "tr",
                null,
                ["At", "Call", "Server", "Decision", "Outcome", "Took", "Masked"].map((name) =>
                  h("th", { scope: "col" }, name),
                ),
              ),
            ),
            h("tbody", null, this.rows, over),
          ),
        ),
        this.detail,
      ),
    ];
  }

  row(call) {
    const [at, name, ...rest] = callRow(call);
    const link = h(
      "a",
      {
        class: "row-link",
        href: `#/sessions/${this.session.id}?call=${call.call}`,
        "data-row": call.call,
        onclick: (event) => {
          event.preventDefault();
          this.pause();
          this.choose(call.call);
        },
      },
      name,
    );
    return h(
      "tr",
      { "data-call": call.call },
      h("td", null, at),
      h("td", null, link),
      rest.map((cell) => h("td", null, cell)),
    );
  }

  // A mark on the track for each call.
  ticks() {
    const box = h("div", { class: "ticks", "aria-hidden": "true" });
    this.line.starts.forEach((start, at) => {
      const call = this.calls[at];
      const mark = h("i", {
        class:
          call.effect === "deny" || call.refusal
            ? "tick tick-bad"
            : call.effect === "hold"
              ? "tick tick-hold"
              : "tick",
      });
      mark.style.insetInlineStart = `${this.length ? (start / this.length) * 100 : 0}%`;
      box.append(mark);
    });
    if (this.session.ending) box.append(h("i", { class: "tick tick-bad tick-end" }));
    return box;
  }

  toggle() {
    if (this.running) this.pause();
    else this.play();
  }

  play() {
    if (this.at >= this.length) this.seek(0);
    this.running = true;
    this.before = performance.now();
    const step = (now) => {
      if (!this.running) return;
      this.seek(this.at + (now - this.before) * this.speed);
      this.before = now;
      if (this.at >= this.length) this.pause();
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
    this.paint();
  }

  pause() {
    this.running = false;
    cancelAnimationFrame(this.frame);
    this.paint();
  }

  pace(by) {
    const at = SPEEDS.indexOf(this.speed) + by;
    this.setSpeed(SPEEDS[Math.min(Math.max(at, 0), SPEEDS.length - 1)]);
    say(`${this.speed}×`);
  }

  setSpeed(speed) {
    this.speed = speed;
    this.pacer.value = String(speed);
  }

  // Shortens long waits, or plays them as they were.
  cut(short) {
    const share = this.length ? this.at / this.length : 0;
    this.line = timeline(this.calls, short ? WAIT_MAX : Infinity);
    this.knob.max = Math.max(1, Math.ceil(this.length));
    this.knob.parentElement.querySelector(".ticks").replaceWith(this.ticks());
    this.seek(share * this.length);
  }

  seek(at) {
    this.at = Math.min(Math.max(at, 0), this.length);
    const current = this.line.starts.findLastIndex((start) => start <= this.at);
    if (current >= 0 && this.calls[current].call !== this.chosen) this.choose(this.calls[current].call);
    this.paint();
  }

  paint() {
    put(this.button, icon(this.running ? "pause" : "play"), this.running ? "Pause" : "Replay");
    this.knob.value = this.at;
    put(this.clock, `${duration(this.at)} of ${duration(this.length)}`);
    this.line.starts.forEach((start, at) => {
      const begun = this.at >= start || (!this.running && this.at === 0);
      const done = this.at >= this.line.ends[at] || (!this.running && this.at === 0);
      this.rows[at].classList.toggle("is-ahead", !begun);
      this.rows[at].classList.toggle("is-open", begun && !done);
    });
    const at = this.calls.findIndex((call) => call.call === this.chosen);
    if (this.parts) this.parts.reveal(!this.running || this.at >= this.line.ends[at]);
  }

  choose(id) {
    this.chosen = id;
    const call = this.calls.find((one) => one.call === id);
    if (!call) return;
    for (const row of this.rows) {
      const current = row.dataset.call === id;
      row.classList.toggle("is-current", current);
      row.querySelector("a").setAttribute("aria-current", String(current));
      if (current && this.running) row.scrollIntoView({ block: "nearest" });
    }
    this.parts = null;
    if (!this.place.me.permissions.includes("recordings.read")) {
      put(
        this.detail,
        empty("Contents are for auditors", "Policy lets you see that calls were made, not what was in them."),
      );
      return;
    }
    put(this.detail);
    into(
      this.detail,
      () => this.fetch(id),
      (whole) => {
        this.parts = callParts(whole);
        this.paint();
        return this.parts.nodes;
      },
    );
  }

  // Looking at a recording is recorded itself: each call is asked for once.
  fetch(id) {
    if (!this.seen.has(id)) {
      const asked = get(`calls/${id}`);
      asked.catch(() => this.seen.delete(id));
      this.seen.set(id, asked);
    }
    return this.seen.get(id);
  }
}

// Who ended the session, when and why: the last step of its story.
function ended({ at, by, index, reason }) {
  return h(
    "span",
    { "data-ended": true },
    moment(at),
    " by an administrator ",
    Number.isInteger(index) && h("a", { class: "proof", href: `#/log/${index}` }, `leaf ${index}`),
    by && h("span", { class: "soft" }, " ", visible(by)),
    reason && [": ", visible(reason)],
  );
}

// The same as the last row among the calls.
function last({ at }) {
  return h(
    "tr",
    null,
    h("td", null, moment(at, { millis: true, date: false })),
    h("td", { colspan: 6 }, pill("deny", "ended"), " by an administrator"),
  );
}

// When each call begins and ends in the replay, in milliseconds from its start. Stretches in which nothing
// happens are shortened to `wait`.
export function timeline(calls, wait = WAIT_MAX) {
  const points = [];
  calls.forEach((call, at) => {
    const begin = new Date(call.at).getTime();
    points.push(
      { time: begin, at, kind: "starts" },
      { time: begin + (call.took_us ?? 0) / 1000, at, kind: "ends" },
    );
  });
  points.sort((left, right) => left.time - right.time);
  const line = { starts: [], ends: [], length: 0 };
  let played = 0;
  let before = points[0]?.time ?? 0;
  for (const point of points) {
    played += Math.min(point.time - before, wait);
    before = point.time;
    line[point.kind][point.at] = played;
  }
  line.length = played;
  return line;
}
