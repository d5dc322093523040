// The live page's times: they count back from now, or from when the last data came.

import { Stage } from "../timeline/stage.js";
import { clockText, positionText } from "../timeline/text.js";
import { _ } from "../shared/words.js";

export class LiveStage extends Stage {
  /** While the page is paused or hears nothing, the end of the data is not now. */
  isOld = false;
  /** The time of day at the end of the data, in seconds. */
  endClock = 0;

  /** The axis, the list of gaps and the zones all say a time with this. @param {number} t */
  timeText(t) {
    const ago = this.length - t;
    if (ago <= 0) return this.isOld ? clockText(this.endClock) : _("now");
    const length = positionText(ago);
    return this.isOld ? _("{length} earlier", { length }) : _("{length} ago", { length });
  }

  /** Says all times again. @param {boolean} isOld */
  setOld(isOld) {
    if (isOld === this.isOld) return;
    this.isOld = isOld;
    if (this.data) this.setData(this.data);
  }
}

/** Labels at whole minutes. @param {HTMLElement} holder @param {LiveStage} stage */
export function liveAxis(holder, stage) {
  stage.on("data", () => {
    const span = stage.length;
    const step = holder.clientWidth < 480 ? 120 : 60;
    const labels = [];
    for (let ago = Math.floor(span / step) * step; ago >= 0; ago -= step) {
      const label = document.createElement("span");
      label.textContent = stage.timeText(span - ago);
      label.style.left = `${(1 - ago / span) * 100}%`;
      if (!ago) label.className = "at-end";
      else if (ago === span) label.className = "at-edge";
      labels.push(label);
    }
    holder.replaceChildren(...labels);
  });
}
