// The live page: the last five minutes, updated by Server-Sent Events.

import { noiseChart, ribbonChart } from "../timeline/charts.js";
import { legend } from "../timeline/legend.js";
import { LiveEvents } from "./events.js";
import { Stage } from "../timeline/stage.js";
import { clockText, lengthText, positionText } from "../timeline/text.js";
import { zoneLanes } from "../timeline/zones.js";

/** Its times count back from now, as on the axis. */
class LiveStage extends Stage {
  /** @param {number} t */
  timeText(t) {
    return `${positionText(this.length - t)} ago`;
  }
}

const id = (/** @type {string} */ name) => /** @type {any} */ (document.getElementById(name));
const main = id("main");
const stage = new LiveStage();
let isPaused = false;
let trouble = "";

ribbonChart(id("ribbon"), stage);
noiseChart(id("noise"), stage);
zoneLanes(id("zones"), id("zone-names"), id("live-region"), stage);
legend({ legend: id("legend"), summary: id("summary"), gaps: id("gaps") }, stage);

function axis(/** @type {number} */ span) {
  const step = id("axis").clientWidth < 480 ? 120 : 60;
  const labels = [];
  for (let ago = Math.floor(span / step) * step; ago >= 0; ago -= step) {
    const label = document.createElement("span");
    label.textContent = ago ? `${positionText(ago)} ago` : "now";
    label.style.left = `${(1 - ago / span) * 100}%`;
    if (!ago) label.className = "at-end";
    else if (ago === span) label.className = "at-edge";
    labels.push(label);
  }
  id("axis").replaceChildren(...labels);
}

function write(/** @type {string} */ name, /** @type {string} */ text) {
  const part = id(name);
  // A screen reader would read the same text again.
  if (part.textContent !== text) part.textContent = text;
}

function kitRow(/** @type {any} */ kit) {
  const row = document.createElement("tr");
  const cells = [
    kit.words,
    kit.last_seen_s == null ? "never" : `${lengthText(kit.last_seen_s)} ago`,
    `${kit.seats_sensed} of ${kit.seats}`,
    kit.hubs.join(", "),
    kit.waiting ? `${kit.waiting} seat-seconds` : "nothing",
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
  stage.setData({
    ...live, lesson: "", from_s: 0, length_s: live.span_s, is_running: true, level_s: 1,
    activities: [], summary: [],
  });
  axis(live.span_s);
  id("sentence").dataset.state = live.state;
  write("sentence", live.sentence);
  write("now-movement", live.words.movement ?? "–");
  write("now-times", live.words.times ?? "compared with its own normal");
  write("now-noise", live.words.noise ?? "–");
  write("now-lesson", live.lesson?.title ?? "No lesson now");
  write("now-passed", live.lesson ? `${lengthText(live.lesson.passed_s)} so far` : "nothing is sensed between lessons");
  write("clock", clockText(live.clock_s));
  id("lesson-link").hidden = !live.lesson;
  if (live.lesson) id("lesson-link").href = `/lessons/${encodeURIComponent(live.lesson.id)}`;
  if (live.kit.length) id("kit").replaceChildren(...live.kit.map(kitRow));
  document.body.dataset.updates = `${Number(document.body.dataset.updates ?? 0) + 1}`;
}

function showLink() {
  write("link", isPaused ? "Paused" : trouble || "Live");
}

new LiveEvents(`/rooms/${encodeURIComponent(main.dataset.room)}/live/events`, {
  live: (data) => {
    trouble = "";
    showLink();
    if (!isPaused) show(data);
  },
  trouble: (text) => {
    trouble = text;
    showLink();
  },
}).run();

id("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  id("pause").setAttribute("aria-pressed", `${isPaused}`);
  id("pause").textContent = isPaused ? "Resume" : "Pause";
  main.classList.toggle("is-paused", isPaused);
  showLink();
});
