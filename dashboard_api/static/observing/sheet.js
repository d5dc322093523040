// The observers' sheet: says which zone to look at, and takes an answer for each look.

import { LessonClock } from "../shared/clock.js";
import { looksSender } from "./looks.js";
import { Outbox } from "../shared/outbox.js";
import { turnAt } from "./rota.js";
import { _, ngettext } from "../shared/words.js";

const TICK_MS = 200;
const ASK_EVERY_MS = 60000;
/** Answers are taken from so long before a look's end until the next look begins. */
const EARLY_S = 5;
const BUZZ_MS = 60;
const SOON_MS = 3000;
const ASK_AGAIN_MS = 5000;

const get = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = get("main");
const { zones, look_s, every_s, observer, said, coded } = JSON.parse(main.dataset.plan ?? "{}");
const plan = { zones, look_s, every_s };
const address = `/lessons/${encodeURIComponent(main.dataset.lesson ?? "")}`;
const clock = new LessonClock(Number(main.dataset.nowMs));
const form = /** @type {HTMLFormElement} */ (get("answers"));
const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("button"));
const bar = /** @type {HTMLProgressElement} */ (get("left"));

/** What this phone knows to be coded: second → answer. @type {Map<number, string>} */
const answers = new Map(said);
let length = Number(main.dataset.lengthS);
let tally = coded;
let refused = 0;
let isPaused = true;
let hasBegun = false;
let buzzedAt = -1;
let askedClockAt = 0;
let drawn = "";

/** @type {Outbox<import("./looks.js").Look>} */
const outbox = new Outbox(
  `roomtone.looks.${main.dataset.lesson}.${observer}`,
  looksSender(`${address}/looks`, observer, (reply, askedAt, heardAt) => {
    refused += Object.keys(reply.refused).length;
    hearClock(reply, askedAt, heardAt);
  }),
  () => drawLink(),
);
for (const look of outbox.waiting) note(look.start_s, look.answer);

function hearClock(
  /** @type {{ lesson_ms: number, length_s: number }} */ reply,
  /** @type {number} */ askedAt,
  /** @type {number} */ heardAt,
) {
  clock.hear(reply.lesson_ms, askedAt, heardAt);
  length = reply.length_s;
}

async function askClock() {
  const askedAt = performance.now();
  askedClockAt = askedAt;
  try {
    const answer = await fetch(`${address}/coding/clock`, { headers: { "Roomtone-Person": observer }, signal: AbortSignal.timeout(8000) });
    const heardAt = performance.now();
    if (answer.ok) hearClock(await answer.json(), askedAt, heardAt);
    outbox.heard(answer.status, askedAt);
  } catch {
    outbox.heard(0, askedAt); // the clock goes on by itself
  }
}

/** Note on the phone what was said of a look; the tally counts looks with an answer. */
function note(/** @type {number} */ start, /** @type {string | null} */ answer) {
  tally += Number(answer !== null) - Number(answers.has(start));
  if (answer === null) answers.delete(start);
  else answers.set(start, answer);
}

function say(/** @type {number} */ start, /** @type {string | null} */ answer) {
  note(start, answer);
  outbox.add({ start_s: start, answer, said_ms: Math.max(0, Math.round(clock.now())) });
  draw();
}

/** The last look with an answer. */
function last() {
  const starts = [...answers.keys()];
  return starts.length ? Math.max(...starts) : null;
}

/** @typedef {{ phase: string, zone: string, text: string, left: number, of: number, next: string,
 *   open: number | null }} View  `open` is the look that can be answered, by its second. */

/** @returns {View} */
function view() {
  const second = clock.now() / 1000;
  const turn = turnAt(plan, second, length);
  const nothing = { left: 0, of: 0, next: "", open: null };
  if (outbox.state === "gone") {
    return { phase: "over", zone: _("Thank you"), text: _("This sheet is closed"), ...nothing };
  }
  if (second < 0) {
    const next = _("First: {zone}", { zone: plan.zones[0] });
    return { ...nothing, phase: "wait", zone: minutes(-second), text: _("The lesson begins in"), next };
  }
  if (!turn) return { phase: "over", zone: _("Thank you"), text: _("No more looks"), ...nothing };
  if (isPaused) {
    const text = hasBegun ? _("Paused. The looks continue without you") : _("You and the other observers look at the same zone at the same time");
    return { ...nothing, phase: "paused", zone: hasBegun ? _("Paused") : _("Ready?"), text };
  }
  const following = turnAt(plan, turn.start + every_s, length);
  const next = following ? _("Next: {zone}", { zone: following.zone }) : _("This is the last look");
  const open = second >= turn.end - EARLY_S ? turn.start : null;
  if (second < turn.end) {
    return { phase: "look", zone: turn.zone, text: _("Look at"), left: turn.end - second, of: look_s, next, open };
  }
  const left = turn.start + every_s - second;
  const text = answers.has(turn.start) ? _("Saved. Rest your eyes") : _("Answer for");
  return { phase: "answer", zone: turn.zone, text, left, of: every_s - look_s, next, open };
}

function draw() {
  const now = view();
  main.querySelector("#turn")?.setAttribute("data-phase", now.phase);
  bar.hidden = get("count").hidden = now.of === 0;
  if (now.of) {
    bar.value = now.left / now.of;
    get("count").textContent = _("{n} s", { n: Math.ceil(now.left) });
  }
  const state = JSON.stringify([now.phase, now.text, now.zone, now.next, now.open, isPaused, [...answers], tally]);
  if (state === drawn) return;
  drawn = state;
  get("phase").textContent = now.text;
  get("zone").textContent = now.zone;
  get("next").textContent = now.next;
  const answered = now.open === null ? undefined : answers.get(now.open);
  for (const button of buttons) {
    button.disabled = now.open === null || answered !== undefined;
    button.setAttribute("aria-pressed", String(button.value === answered));
  }
  form.hidden = isPaused || now.phase === "over" || now.phase === "wait";
  drawEnd(now.phase);
  get("tally").textContent = ngettext("{n} look coded", "{n} looks coded", tally);
}

function drawEnd(/** @type {string} */ phase) {
  const start = last();
  get("undo-form").hidden = start === null;
  if (start !== null) {
    const words = [...buttons].find((one) => one.value === answers.get(start))?.firstElementChild;
    const zone = turnAt(plan, start, length)?.zone ?? "";
    get("undo").textContent = _("Undo {zone}: {answer}", { zone, answer: words?.textContent?.toLowerCase() ?? "" });
  }
  get("pause").hidden = phase === "over";
  get("pause").textContent = !isPaused ? _("Pause") : hasBegun ? _("Continue") : _("Begin");
  get("pause").classList.toggle("main", isPaused);
}

function drawLink() {
  const count = outbox.waiting.length;
  const kept = outbox.isInMemory
    ? ngettext("{n} look is kept in this page alone: leave it open", "{n} looks are kept in this page alone: leave it open", count)
    : ngettext("{n} look is kept on this phone", "{n} looks are kept on this phone", count);
  const link = get("link-state");
  link.dataset.state = outbox.state;
  const texts = {
    sent: _("Everything is on the server."),
    sending: _("{kept} and on the way.", { kept }),
    away: count
      ? _("The server can’t be reached. {kept}, and will be sent. Carry on looking.", { kept })
      : _("The server can’t be reached. Carry on: looks are kept on this phone."),
    out: `${count ? _("You are signed out. {kept}.", { kept }) : _("You are signed out.")} `,
    gone: `${count ? _("This sheet is not open to you any more. Nothing is sent. {kept}.", { kept }) : _("This sheet is not open to you any more.")} `,
  };
  const lost = refused ? ` ${ngettext("{n} look was not taken: no look of this lesson begins then.", "{n} looks were not taken: no look of this lesson begins then.", refused)}` : "";
  const text = texts[outbox.state] + lost;
  if (link.dataset.text === text) return; // a screen reader need not hear it again
  link.dataset.text = text;
  link.textContent = text;
  if (outbox.state === "out") link.append(signIn());
  if (outbox.state === "gone" && count) link.append(forget());
  link.hidden = false;
}

function signIn() {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = _("Sign in again");
  return link;
}

function forget() {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = _("Remove them from this phone");
  button.addEventListener("click", () => outbox.clear());
  return button;
}

function minutes(/** @type {number} */ second) {
  const whole = Math.ceil(second);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The screen stays on while looks go on; where the browser can't do that, the phone's own time rules. */
async function stayAwake() {
  try {
    if (!isPaused) await navigator.wakeLock?.request("screen");
  } catch {
    // Low battery, or not allowed.
  }
}

function tick() {
  draw();
  if (!clock.isSure && performance.now() - askedClockAt > ASK_AGAIN_MS) askClock();
  const second = clock.now() / 1000;
  const turn = isPaused ? null : turnAt(plan, second, length);
  if (turn && turn.start !== buzzedAt && second < turn.start + SOON_MS / 1000) {
    buzzedAt = turn.start;
    navigator.vibrate?.(BUZZ_MS); // the next look, while the eyes are on the class
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
  const open = view().open;
  if (chosen && open !== null && !answers.has(open)) say(open, chosen.value);
});
get("undo-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const start = last();
  if (start !== null) say(start, null);
});
get("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  hasBegun = true;
  stayAwake();
  draw();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  stayAwake();
  askClock();
});

get("turn").setAttribute("aria-live", "polite");
drawLink();
draw();
setInterval(tick, TICK_MS);
setInterval(askClock, ASK_EVERY_MS);
askClock();
outbox.send();
