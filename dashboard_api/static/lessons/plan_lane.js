// The phases of the lesson's plan, and below them how they came.

import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../timeline/stage.js").Planned} Planned */

/** @param {HTMLElement} holder @param {HTMLElement} label @param {HTMLElement} ranLabel @param {Stage} stage */
export function planLane(holder, label, ranLabel, stage) {
  const draw = () => {
    const plan = stage.data?.plan ?? [];
    const hasRan = plan.some((phase) => phase.began_s !== null);
    holder.hidden = label.hidden = !plan.length;
    ranLabel.hidden = !hasRan;
    holder.classList.toggle("has-ran", hasRan);
    holder.replaceChildren(...plan.flatMap((phase) => [planned(phase, stage), ran(phase, stage)]).filter((part) => part !== null));
  };
  stage.on("data", draw);
  stage.on("view", draw);
}

/** @param {Planned} phase @param {Stage} stage */
function planned(phase, stage) {
  const part = box("planned", phase.start_s, phase.end_s, stage);
  if (!part) return null;
  part.textContent = phase.name;
  part.classList.toggle("is-absent", phase.is_absent);
  part.setAttribute("role", "listitem");
  part.setAttribute("aria-label", _("{phase}, planned {start} to {end}. {words}", {
    phase: phase.name, start: stage.timeText(phase.start_s), end: stage.timeText(phase.end_s), words: phase.words,
  }));
  return part;
}

/** How it came; of one whose end is not known only its beginning. @param {Planned} phase @param {Stage} stage */
function ran(phase, stage) {
  const { began_s: began, ended_s: ended, over_s: over, name } = phase;
  if (began === null) return null;
  const part = box("ran", began, ended ?? began + 1, stage);
  if (!part) return null;
  part.setAttribute("aria-hidden", "true");
  part.textContent = name;
  if (ended === null) {
    part.classList.add("is-open");
    part.style.width = "max-content";
  } else if (over !== null && over >= 60) {
    const [start, shown] = [Math.max(began, stage.from), Math.min(ended, stage.to)];
    const from = Math.max(0, (ended - over - start) / (shown - start));
    if (from >= 1) return part;
    const more = document.createElement("i");
    more.className = "over-plan";
    more.style.left = `${from * 100}%`;
    more.style.right = "0";
    const words = document.createElement("b");
    words.textContent = _("{n} min over", { n: Math.round(over / 60) });
    more.append(words);
    part.append(more);
  }
  return part;
}

/** @param {string} kind @param {number} start @param {number} end @param {Stage} stage */
function box(kind, start, end, stage) {
  const [a, b] = [Math.max(0, stage.x(start)), Math.min(1, stage.x(end))];
  if (b <= a) return null;
  const part = document.createElement("div");
  part.className = kind;
  part.style.left = `${a * 100}%`;
  part.style.width = `calc(${(b - a) * 100}% - 2px)`;
  return part;
}
