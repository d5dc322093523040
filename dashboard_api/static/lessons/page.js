// The lesson page: connects its parts.

import { noiseChart, ribbonChart } from "../timeline/charts.js";
import { controls } from "./controls.js";
import { guessFirst } from "../debrief/begin.js";
import { hoverValues } from "./hover.js";
import { joining } from "./joining.js";
import { keys } from "./keys.js";
import { nextStep } from "../debrief/step.js";
import { activities, playhead, readout, timeAxis } from "./lanes.js";
import { legend } from "../timeline/legend.js";
import { marks } from "../moments/marks.js";
import { MomentList } from "../moments/list.js";
import { momentPanel } from "../moments/panel.js";
import { MomentPlay } from "./moment_play.js";
import { moreBelow } from "../moments/more_below.js";
import { notes } from "../moments/notes.js";
import { overview } from "./overview.js";
import { placeLink } from "./place_link.js";
import { planLane } from "./plan_lane.js";
import { planPart } from "../plans/plan.js";
import { Player } from "./player.js";
import { TimelineLoader } from "./timeline_loader.js";
import { spanEnds } from "../moments/span.js";
import { Stage } from "../timeline/stage.js";
import { tabs } from "../shared/tabs.js";
import { viewFields } from "./view_fields.js";
import { wireVideo } from "./video_form.js";
import { zoneLanes } from "../timeline/zones.js";

const id = (/** @type {string} */ name) => /** @type {any} */ (document.getElementById(name));
const main = id("main");
const stage = new Stage();

const player = new Player({
  video: id("video"), empty: id("no-video"), emptyText: id("no-video-text"), lineUp: id("line-up"),
  lineUpText: id("line-up-text"), notice: id("player-notice"), button: id("play"),
  controls: ["speed", "loop", "mute", "volume", "full-screen"].map(id),
}, stage);

overview(id("overview"), stage);
ribbonChart(id("ribbon"), stage);
noiseChart(id("noise"), stage);
zoneLanes(id("zones"), id("zone-names"), id("live-region"), stage);
activities(id("activities"), id("activities-label"), stage);
planLane(id("plan-lane"), id("plan-label"), id("plan-ran"), stage);
timeAxis(id("axis"), stage);
playhead(id("lanes"), id("playhead"), stage);
hoverValues(id("lanes"), stage);
readout({ position: id("readout-position"), length: id("lesson-length"), message: id("readout-text"), playhead: id("playhead") }, stage);
viewFields({ from: id("view-from"), to: id("view-to"), out: id("zoom-out"), in: id("zoom-in"), all: id("zoom-all") }, stage);
legend({ legend: id("legend"), summary: id("summary"), gaps: id("gaps") }, stage);

const beside = tabs(id("moments"));
const reveal = () => beside.show("tab-moments");
const list = new MomentList(id("moments-view"));
const panel = momentPanel(id("moments"), stage, list, reveal);
const written = notes(main, { stage, list, reveal, player, say: panel.say });
nextStep(id("step-view"), id("tab-step"));
spanEnds(id("over"), { stage, list, say: panel.say, notes: written });
marks(id("marks"), id("chosen"), stage, panel.open);
moreBelow(id("moments-view"), id("more-below"), stage);
const loader = new TimelineLoader(main.dataset.lesson, stage, id("readout-text"));
const guess = guessFirst(main, id("guess-open"), stage, loader);
planPart(id("plan-card"), stage, loader);
const video = wireVideo(main, player);
const together = joining(main, { stage, player, video, ask: written.saved, scored: () => loader.again(), signedOut: written.signedOut });
keys(id("help"), id("keys-on"), stage, { toggle: () => player.toggle(), isReady: () => player.isReady }, { go: panel.go, compose: written.compose }, guess, together);
id("help-open").addEventListener("click", () => document.getElementById("help") && id("help").showModal());

controls({
  video: id("video"), player: id("player"), speed: id("speed"), mute: id("mute"), volume: id("volume"),
  fullScreen: id("full-screen"),
});
new MomentPlay(player, id("loop"), stage).run();
player.run();
placeLink(id("copy-link"), id("controls-said"), stage, panel.openById);
const onServer = document.getElementById("lesson-video");
if (onServer) {
  document.getElementById("to-video")?.addEventListener("click", () => {
    beside.show("tab-video");
    id("tab-video").focus();
  });
  import("../video/upload.js").then(({ lessonVideo }) => lessonVideo(onServer, main.dataset.lesson, {
    ready: video.open,
    gone: () => player.close(),
    // What became of a file that was chosen here is news of another kind, and stays.
    said: (text) => { if (!player.isReady && !player.isLocal) id("no-video-text").textContent = text; },
  }));
}
// Before a guess nothing of what was measured is even loaded.
if (main.dataset.guess !== "start") loader.run();
