// Guess before reveal: the teacher marks where the room drifted on an empty timeline. Loaded when it
// is needed. Meanwhile the stage holds a lesson without values, and the list no suggestion.

import { parseSeconds, positionText } from "../timeline/text.js";
import { timeAxis } from "../lessons/lanes.js";
import { _, ngettext, pgettext } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {{start: number, end: number}} Span */

const STEP_S = 10;
const NEW_S = 60;
const SHORTEST_S = 5;

/** @param {string} id */
const part = (id) => /** @type {any} */ (document.getElementById(id));

/** A lesson of this length of which nothing is known. @param {number} length @param {Stage} stage */
function blank(length, stage) {
  const none = { step_s: 30, least: [], mean: [], most: [] };
  return {
    lesson: "", from_s: 0, length_s: length, clock_s: stage.data?.clock_s ?? 0, is_running: false, level_s: 30,
    movement: { ...none, low: [], high: [] }, noise: { ...none, quiet: [], loud: [] }, zone_step_s: 10,
    zones: [], gaps: [], plan: [], activities: [], summary: [],
  };
}

/** Draws the guess over the lanes, from what the server says of it. @param {HTMLElement} over @param {Stage} stage */
export function guessBands(over, stage) {
  const holder = document.createElement("div");
  holder.className = "guess-bands";
  holder.setAttribute("aria-hidden", "true");
  over.prepend(holder);
  const draw = () => {
    const spans = JSON.parse(part("guess-result")?.dataset.spans ?? "[]");
    holder.replaceChildren(...spans.map(([start, end]) => band({ start, end }, stage)).filter(Boolean));
  };
  stage.on("view", draw);
  document.body.addEventListener("htmx:afterSettle", draw);
  draw();
}

/** @param {Span} span @param {Stage} stage */
function band({ start, end }, stage) {
  const [a, b] = [Math.max(0, stage.x(start)), Math.min(1, stage.x(end))];
  if (b <= a) return null;
  const drawn = document.createElement("div");
  drawn.className = "guess-band";
  drawn.style.left = `${a * 100}%`;
  drawn.style.width = `${(b - a) * 100}%`;
  return drawn;
}

/**
 * @param {HTMLElement} main
 * @param {Stage} stage
 * @param {number} length of the lesson, in seconds
 * @param {() => Promise<void>} reveal loads what was measured, and the moments
 */
export function guessMode(main, stage, length, reveal) {
  const [view, lane, line, list, settling, said] = ["guess", "guess-lane", "guess-line", "guess-spans", "guess-settling", "guess-said"].map(part);
  /** @type {Span[]} */
  let spans = [];

  const start = () => {
    main.classList.add("is-guessing");
    view.hidden = false;
    stage.isGuessing = true;
    // It may still have what a zone measured.
    part("live-region").textContent = "";
    stage.setData(blank(length, stage));
    stage.setView(0, length);
    withoutSuggestions();
    refills.observe(part("moments-view"), { childList: true, subtree: true });
    draw();
  };
  /** What the list holds of the system's goes: it is fetched again afterwards. */
  const withoutSuggestions = () => {
    if (!stage.isGuessing) return;
    for (const item of document.querySelectorAll("#moment-list .suggested, #moment-list .routine, #moment-list .further")) item.remove();
  };
  const refills = new MutationObserver(withoutSuggestions);

  const end = async () => {
    view.hidden = true;
    refills.disconnect();
    stage.isGuessing = false;
    main.classList.remove("is-guessing");
    await reveal();
  };

  const draw = () => {
    lane.replaceChildren(...spans.map((span) => band(span, stage)).filter(Boolean), line);
    list.replaceChildren(...spans.map(row));
  };
  /** Puts the stretches in order, those that touch as one. @param {number | null} at whose field gets the focus */
  const change = (at = null) => {
    const wanted = at === null ? null : spans[at];
    spans.sort((one, other) => one.start - other.start);
    /** @type {Span[]} */
    const apart = [];
    for (const span of spans) {
      const last = apart[apart.length - 1];
      if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
      else apart.push(span);
    }
    spans = apart;
    draw();
    const now = wanted ? spans.findIndex((span) => span.start <= wanted.start && span.end >= wanted.end) : -1;
    if (now >= 0) /** @type {HTMLElement} */ (list.children[now].querySelector("input")).focus();
  };

  /** @param {Span} span @param {number} at */
  const row = (span, at) => {
    const item = document.createElement("li");
    const number = at + 1;
    item.append(field(span, at, "start"), field(span, at, "end"));
    item.append(button(_("Remove"), _("Remove stretch {number}", { number }), () => {
      spans.splice(at, 1);
      change();
      part("guess-add").focus();
    }));
    return item;
  };
  /** @param {Span} span @param {number} at @param {"start" | "end"} edge */
  const field = (span, at, edge) => {
    const number = at + 1;
    const name = edge === "start" ? _("Stretch {number} from", { number }) : _("Stretch {number} to", { number });
    const set = (/** @type {number} */ value) => {
      const second = Math.round(value);
      if (edge === "start") span.start = Math.min(Math.max(0, second), span.end - SHORTEST_S);
      else span.end = Math.max(Math.min(length, second), span.start + SHORTEST_S);
      lane.replaceChildren(...spans.map((each) => band(each, stage)).filter(Boolean), line);
      input.value = positionText(span[edge]);
    };
    const input = document.createElement("input");
    input.className = "number";
    input.inputMode = "numeric";
    input.size = 7;
    input.value = positionText(span[edge]);
    input.setAttribute("aria-label", name);
    input.addEventListener("change", () => {
      const value = parseSeconds(input.value);
      if (value === null) input.value = positionText(span[edge]);
      else { set(value); change(at); }
    });
    const label = document.createElement("span");
    label.className = "soft small";
    label.textContent = edge === "start" ? _("{number}. from", { number }) : pgettext("the end of a stretch", "to");
    const stepper = document.createElement("span");
    stepper.className = "stepper";
    stepper.append(label, button("−", ngettext("{name}: {n} second earlier", "{name}: {n} seconds earlier", STEP_S, { name }), () => set(span[edge] - STEP_S)), input,
      button("+", ngettext("{name}: {n} second later", "{name}: {n} seconds later", STEP_S, { name }), () => set(span[edge] + STEP_S)));
    return stepper;
  };
  const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => void} */ act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = text.length > 1 ? "quiet small" : "square";
    made.textContent = text;
    made.setAttribute("aria-label", name);
    made.addEventListener("click", act);
    return made;
  };

  const second = (/** @type {PointerEvent} */ event) => {
    const box = lane.getBoundingClientRect();
    return Math.round(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * length);
  };
  /** @type {number | null} */
  let from = null;
  lane.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    from = second(event);
    lane.setPointerCapture(event.pointerId);
  });
  lane.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (from === null) return;
    const to = second(event);
    const drawn = band({ start: Math.min(from, to), end: Math.max(from, to) }, stage);
    lane.replaceChildren(...spans.map((span) => band(span, stage)).filter(Boolean), line, ...(drawn ? [drawn] : []));
  });
  lane.addEventListener("pointerup", (/** @type {PointerEvent} */ event) => {
    if (from === null) return;
    const to = second(event);
    if (Math.abs(to - from) >= SHORTEST_S) spans.push({ start: Math.min(from, to), end: Math.max(from, to) });
    else stage.seek(to);
    from = null;
    change();
  });
  lane.addEventListener("pointercancel", () => { from = null; draw(); });

  part("guess-add").addEventListener("click", () => {
    const at = Math.min(Math.floor(stage.cursor), Math.max(0, length - NEW_S));
    spans.push({ start: at, end: Math.min(length, at + NEW_S) });
    change(spans.length - 1);
  });
  for (const step of /** @type {NodeListOf<HTMLElement>} */ (view.querySelectorAll("[data-by]"))) {
    step.addEventListener("click", () => {
      const value = parseSeconds(settling.value || "0:00") ?? 0;
      settling.value = positionText(Math.min(length, Math.max(0, value + Number(step.dataset.by))));
    });
  }
  const send = async (/** @type {string} */ where, /** @type {URLSearchParams} */ body) => {
    try {
      const answer = await fetch(view.dataset.address + where, { method: "POST", headers: { "HX-Request": "true" }, body });
      const text = await answer.text();
      if (answer.ok) return text;
      said.textContent = _("Not saved: {why}", { why: JSON.parse(text).detail });
    } catch {
      said.textContent = _("Not saved: the server does not answer. Your guess is still here; try again.");
    }
    return null;
  };
  part("guess-begins").addEventListener("change", (/** @type {Event} */ event) => {
    const { checked } = /** @type {HTMLInputElement} */ (event.target);
    send("/begin", new URLSearchParams({ is_on: `${checked}` }));
  });
  part("guess-leave").addEventListener("click", async () => {
    await end();
    part("guess-open").focus();
  });
  part("guess-compare").addEventListener("click", async () => {
    const guessed = parseSeconds(settling.value);
    if (settling.value.trim() && guessed === null) {
      said.textContent = _("Enter how long settling in took as minutes and seconds, such as 4:30.");
      settling.focus();
      return;
    }
    const body = new URLSearchParams({ settling: guessed === null ? "" : positionText(guessed) });
    for (const span of spans) {
      body.append("start", positionText(span.start));
      body.append("end", positionText(span.end));
    }
    const text = await send("", body);
    if (text === null) return;
    said.textContent = "";
    part("guess-result").outerHTML = text;
    /** @type {any} */ (window).htmx?.process(part("guess-result"));
    part("guess-open").textContent = _("Guess again");
    await end();
    part("guess-result").focus();
  });

  stage.on("cursor", () => { line.style.left = `${(stage.cursor / length) * 100}%`; });
  timeAxis(part("guess-axis"), stage);
  return { start };
}
