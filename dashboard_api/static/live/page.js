// The live page: the last five minutes, updated by Server-Sent Events.

import { noiseChart, ribbonChart } from "../timeline/charts.js";
import { legend } from "../timeline/legend.js";
import { LiveEvents } from "./events.js";
import { LiveStage, liveAxis } from "./stage.js";
import { clockText, lengthText } from "../timeline/text.js";
import { zoneLanes } from "../timeline/zones.js";
import { _ } from "../shared/words.js";

const id = (/** @type {string} */ name) => /** @type {any} */ (document.getElementById(name));
const main = id("main");
const stage = new LiveStage();
stage.endClock = Number(main.dataset.clock);
let isPaused = false;
let isAway = false;
let trouble = "";
/** The newest data, also those that came during a pause. @type {any} */
let latest = null;

ribbonChart(id("ribbon"), stage);
noiseChart(id("noise"), stage);
zoneLanes(id("zones"), id("zone-names"), id("live-region"), stage);
legend({ legend: id("legend"), summary: id("summary"), gaps: id("gaps") }, stage);
liveAxis(id("axis"), stage);

function write(/** @type {string} */ name, /** @type {string} */ text) {
  const part = id(name);
  // A screen reader would read the same text again.
  if (part.textContent !== text) part.textContent = text;
}

function headline(/** @type {string} */ state, /** @type {string} */ sentence, /** @type {string[]} */ more) {
  id("sentence").dataset.state = state;
  write("sentence", sentence);
  const parts = [...id("more").children].map((part) => part.textContent);
  if (parts.join("\n") === more.join("\n")) return;
  id("more").replaceChildren(...more.map((text) => {
    const part = document.createElement("p");
    part.textContent = text;
    return part;
  }));
}

function kitRow(/** @type {any} */ kit) {
  const row = document.createElement("tr");
  const cells = [
    kit.words,
    kit.last_seen_s == null ? _("never") : _("{length} ago", { length: lengthText(kit.last_seen_s) }),
    _("{sensed} of {seats}", { sensed: kit.seats_sensed, seats: kit.seats }),
    kit.hubs.join(", "),
    kit.waiting ? _("{waiting} seat-seconds", { waiting: kit.waiting }) : _("nothing"),
  ];
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = kit.node;
  row.append(name, ...cells.map((text) => {
    const cell = document.createElement("td");
    cell.className = "number";
    cell.textContent = text;
    return cell;
  }));
  for (const sentence of kit.notices) {
    const notice = document.createElement("p");
    notice.className = "small notice";
    notice.textContent = sentence;
    row.cells[1].append(notice);
  }
  return row;
}

function show(/** @type {any} */ live) {
  stage.endClock = live.clock_s;
  stage.setData({
    ...live, lesson: "", from_s: 0, length_s: live.span_s, is_running: true, level_s: 1,
    activities: [], summary: [],
  });
  headline(live.state, live.sentence, live.more);
  write("now-movement", live.words.movement ?? "–");
  write("now-times", live.words.times ?? _("compared with its own normal"));
  write("now-noise", live.words.noise ?? "–");
  write("now-lesson", live.lesson?.title ?? _("No lesson now"));
  write("now-passed", live.lesson ? _("{length} so far", { length: lengthText(live.lesson.passed_s) }) : _("nothing is sensed between lessons"));
  write("clock", clockText(live.clock_s));
  for (const [link, part] of [["lesson-link", ""], ["plan-link", "/plan"]]) {
    id(link).hidden = !live.lesson;
    if (live.lesson) id(link).href = `/lessons/${encodeURIComponent(live.lesson.id)}${part}`;
  }
  showPause(live);
  if (live.kit.length) id("kit").replaceChildren(...live.kit.map(kitRow));
  document.body.dataset.updates = `${Number(document.body.dataset.updates ?? 0) + 1}`;
}

/** The button pauses the lesson that the page shows, or ends the pause. */
function showPause(/** @type {any} */ live) {
  const form = id("sensing");
  form.hidden = !live.lesson;
  form.elements.lesson.value = live.lesson?.id ?? "";
  form.elements.is_on.value = `${!live.is_paused}`;
  write("pause-sensing", live.is_paused ? _("Resume sensing") : _("Pause sensing"));
}

/** What is not new any more is grey, and says from when it is. */
function showAge() {
  stage.setOld(isPaused || isAway);
  main.classList.toggle("is-old", isPaused || isAway);
  const isFed = !["silent", "not_received", "paused"].includes(latest?.state);
  write("link", isPaused ? _("Held") : isAway ? _("Not live") : trouble || (isFed ? _("Live") : _("Nothing new")));
  id("old").hidden = !(isPaused || isAway);
  write("old-clock", clockText(stage.endClock));
}

/** What to say, and what to do, when nothing comes from the server. */
function awayText(/** @type {string} */ state, /** @type {string} */ reason) {
  const time = clockText(stage.endClock).slice(0, 5);
  if (state === "refused") return _("This page has not been live since {time}: {reason}", { time, reason });
  if (state === "busy") {
    return _("The server answers, but has had no data to show since {time}. This page goes on by itself. If this lasts, ask the person who runs the server to look at “roomtone doctor”.", { time });
  }
  return _("This page has heard nothing from the server since {time}; it tries again by itself. Check this computer’s network connection. If that is fine, ask the person who runs the server to look at “roomtone dashboard”.", { time });
}

new LiveEvents(`/rooms/${encodeURIComponent(main.dataset.room)}/live/events`, {
  live: (data) => {
    latest = data;
    trouble = "";
    if (!isPaused) show(data);
    showAge();
  },
  trouble: (reason) => {
    trouble = reason ? _("Not live: {reason}", { reason }) : _("Connecting again");
    showAge();
  },
  state: (state, reason) => {
    isAway = state !== "live";
    if (isAway) headline("away", awayText(state, reason), []);
    else headline(latest.state, latest.sentence, latest.more);
    showAge();
  },
}).run();

id("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  id("pause").setAttribute("aria-pressed", `${isPaused}`);
  id("pause").textContent = isPaused ? _("Continue") : _("Hold this view");
  if (!isPaused && latest && !isAway) show(latest);
  showAge();
});
