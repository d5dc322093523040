// Notes during a visit, on a phone: each has the time at which one began to write, by the server's clock. Without a
// network the page goes on; what is saved waits in the browser.

import { LessonClock } from "../shared/clock.js";
import { showClosed } from "../moments/closed.js";
import { Drafts } from "../moments/drafts.js";
import { NoteInterface } from "../moments/interface.js";
import { kindsAndTags } from "../moments/note_fields.js";
import { noteOutbox } from "../moments/note_outbox.js";
import { positionText } from "../timeline/text.js";
import { showWaiting, wordsOf } from "../moments/waiting.js";
import { _ } from "../shared/words.js";

const TICK_MS = 500;
const ASK_EVERY_MS = 60000;
const ASK_AGAIN_MS = 5000;
const WORDS = new Map([["observation", _("Observation")], ["question", _("Question")], ["strength", _("Strength")], ["suggestion", _("Suggestion")]]);

const get = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = get("main");
const { lesson = "", person = "" } = main.dataset;
const starts = Number(main.dataset.startsMs);
const ends = Number(main.dataset.endsMs);
/** Milliseconds of UTC. */
const clock = new LessonClock(Number(main.dataset.nowMs));
const server = new NoteInterface(lesson, person);
const drafts = new Drafts(lesson, person);
const form = /** @type {HTMLFormElement} */ (get("visit"));
const words = /** @type {HTMLTextAreaElement} */ (get("words"));
const choice = kindsAndTags(form);
/** When the note was begun; null while there is none. @type {number | null} */
let began = null;
let askedClockAt = 0;

let draw = () => {};
/** What waited on the lesson's page is sent from here too, but is no note of the visit. */
const outbox = noteOutbox(lesson, server, ({ body }) => {
  if (body.began_utc_ms !== undefined) keep(body);
}, () => {
  if (outbox.state === "gone") close();
  else draw();
});
draw = showWaiting(get("waiting"), get("note-link"), outbox);

function close() {
  const texts = [...outbox.items.map(wordsOf), ...Object.values(drafts.all()).map((draft) => draft.note ?? draft)];
  showClosed(main, texts.filter((text) => String(text).trim()), () => {
    outbox.clear();
    drafts.clear();
  });
}

async function askClock() {
  const askedAt = performance.now();
  askedClockAt = askedAt;
  const answer = await server.ask("GET", `${server.page}/visit/clock`);
  if (answer.status === 200) clock.hear(answer.body.utc_ms, askedAt, performance.now());
  if (NoteInterface.isClosed(answer)) close();
  else outbox.heard(answer.status, askedAt);
}

/** A time as minutes and seconds of the lesson. @param {number} ms */
function place(ms) {
  if (ms < starts) return _("before the lesson");
  return ms > ends ? _("after the lesson") : positionText((ms - starts) / 1000);
}

function drawTime() {
  const now = clock.now();
  const time = place(now);
  get("lesson-time").textContent = now < starts || now > ends ? _("Now: {time}", { time }) : _("Now: {time} in the lesson", { time });
  get("note-time").textContent = began === null ? _("Begin to write: the note has that time.") : _("This note: {time}", { time: place(began) });
}

/** @param {Record<string, any>} body a note that the server has now */
function keep(body) {
  get("none-kept").hidden = true;
  const line = document.createElement("li");
  const part = (/** @type {string} */ tag, /** @type {string} */ name, /** @type {string} */ text) => {
    const made = document.createElement(tag);
    made.className = name;
    made.textContent = text;
    return made;
  };
  const kind = part("span", "kind-word", WORDS.get(body.note_kind) ?? "");
  kind.prepend(part("span", `glyph ${body.note_kind}`, ""));
  line.append(part("span", "number", place(body.began_utc_ms)), " ", kind);
  for (const tag of body.tags) line.append(" ", part("span", "tag", tag.label));
  line.append(part("p", "note", body.note));
  get("kept").prepend(line);
}

/** Something was typed or chosen: the note has begun. */
function changed() {
  if (began === null) began = Math.round(clock.now());
  const { kind, tags } = choice.get();
  const isEmpty = !words.value.trim() && !tags.length && kind === "observation";
  if (isEmpty) began = null;
  drafts.put("visit", isEmpty ? null : { note: words.value, kind, tags, began });
  drawTime();
}

/** @param {{note: string, kind: string, tags: {id: string, label: string}[], began: number | null}} draft */
function fill(draft) {
  words.value = draft.note;
  choice.set(draft.kind, draft.tags);
  began = draft.began;
  drawTime();
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);
get("now").addEventListener("click", () => {
  began = Math.round(clock.now());
  const draft = drafts.get("visit");
  if (draft) drafts.put("visit", { ...draft, began });
  drawTime();
  words.focus();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { kind, tags } = choice.get();
  const at = began ?? Math.round(clock.now());
  const body = { note: words.value, note_kind: kind, tags, began_utc_ms: at };
  outbox.add({ what: "note", place: place(at), body });
  drafts.put("visit", null);
  fill({ note: "", kind: "observation", tags: [], began: null });
  words.focus();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) askClock();
});

fill(drafts.get("visit") ?? { note: "", kind: "observation", tags: [], began: null });
form.hidden = false;
setInterval(() => {
  if (!main.contains(form)) return;
  drawTime();
  if (!clock.isSure && performance.now() - askedClockAt > ASK_AGAIN_MS) askClock();
}, TICK_MS);
setInterval(() => {
  if (main.contains(form)) askClock();
}, ASK_EVERY_MS);
askClock();
outbox.send();
