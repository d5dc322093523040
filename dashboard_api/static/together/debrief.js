// A debrief with the page open on both sides: one playhead that either leads, and who is here.

import { Agenda } from "./agenda.js";
import { changes } from "./changes.js";
import { Drive } from "./drive.js";
import { Link } from "./link.js";
import { news, showPeople } from "./presence.js";

const REPORT_MS = 1000;
/** Who leads and plays on says so at least this often; in between the others know where that is. */
const QUIET_MS = 5000;
/** Somebody who drags the playhead does not report each pixel. */
const SEEKS_MS = 100;
const NOTE_MS = 6000;
const VIDEO_EVENTS = ["play", "pause", "playing", "waiting", "seeked", "ratechange", "ended"];

/**
 * @param {HTMLElement} main
 * @param {{stage: import("../timeline/stage.js").Stage, player: import("../lessons/player.js").Player,
 *   video: {open: () => Promise<void>, lineUp: () => Promise<void>}, ask: () => void, scored: () => void, left: () => void,
 *   signedOut: (why: {title: string, text: string, link: string, address: string}) => void}} parts
 *   `ask` looks for what has changed, and whether the lesson is still open; `scored` for estimates
 */
export function debrief(main, { stage, player, video, ask, scored, signedOut, left }) {
  const id = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (main.querySelector(`#${name}`));
  const bar = id("together");
  const words = bar.dataset;
  const { lesson = "", person = "" } = main.dataset;
  let you = 0;
  /** Of the newest playhead that came on this connection. */
  let revision = 0;
  /** @type {import("./presence.js").Person[]} */
  let people = [];
  let hasLeader = true;
  let isLost = true;
  let reportTimer = 0;
  let seekTimer = 0;
  let reportedAt = -QUIET_MS;
  /** Something that has just happened stands there for a while. */
  let note = { text: "", until: 0 };
  const over = new AbortController();
  const { signal } = over;

  const link = new Link(lesson, () => ({ person, known: known(), has_led: leads() }));
  const drive = new Drive(stage, player, () => link.now(), () => draw());
  const agenda = new Agenda(main, {
    turn: (step) => link.send({ type: "turn", step }), now: () => link.now(), said: (text) => draw(text),
  }, signal);
  const leads = () => people.some((each) => each.number === you && each.leads);

  /** What the server may have forgotten. */
  const known = () => {
    if (leads()) {
      const { at_ms: _, ...now } = drive.report();
      return { ...now, age_ms: 0, ...agenda.known() };
    }
    const { head } = drive;
    const now = link.now();
    if (!head || now === null) return null;
    return { ...agenda.known(), position_s: head.position_s, is_playing: head.is_playing, rate: head.rate, age_ms: Math.min(600000, Math.max(0, now - head.at_ms)) };
  };

  const report = () => {
    clearTimeout(seekTimer);
    seekTimer = 0;
    reportedAt = performance.now();
    const now = drive.report();
    link.move(now);
    if (leads()) drive.head = { revision: drive.head?.revision ?? 0, ...now, at_ms: now.at_ms ?? 0 };
  };
  /** Each message may be the one that a link holds up, with all that come behind it. */
  const reportNews = () => {
    if (performance.now() - reportedAt >= QUIET_MS || drive.isElsewhere()) report();
  };
  const soon = () => {
    const wait = SEEKS_MS - (performance.now() - reportedAt);
    if (wait <= 0) report();
    else seekTimer ||= setTimeout(report, wait);
  };
  /** Who leads reports; who moves where nobody leads begins to. */
  const moved = () => {
    if (drive.isMoving) return;
    if (leads() || !hasLeader) soon();
    else if (drive.isFollowing) lookAlone();
  };
  const lookAlone = () => {
    drive.follow(false);
    link.send({ type: "follow", is_on: false });
    draw();
  };
  const follow = () => {
    drive.follow(true);
    link.send({ type: "follow", is_on: true });
    draw();
  };

  /** @param {string} [text] something that has just happened, instead of how things are */
  const draw = (text = "") => {
    if (text) note = { text, until: performance.now() + NOTE_MS };
    const isLeading = leads();
    const hasPicture = player.isReady && player.covers(stage.cursor);
    bar.classList.toggle("is-lost", isLost);
    id("together-lead").hidden = isLeading;
    id("together-follow").hidden = isLeading || !hasLeader;
    id("together-follow").setAttribute("aria-pressed", `${drive.isFollowing}`);
    id("together-start").hidden = !drive.isBlocked;
    id("together-play").hidden = !isLeading || hasPicture;
    id("together-play").setAttribute("aria-pressed", `${Boolean(drive.head?.is_playing)}`);
    const how = isLost ? (people.length ? words.lost : words.connecting)
      : drive.isBlocked ? words.blocked
      : isLeading ? words.youLead
      : !hasLeader ? words.nobody
      : drive.isFollowing ? words.youFollow : words.youLookAlone;
    const isNews = !isLost && performance.now() < note.until;
    say((isNews ? note.text : how) ?? "");
  };
  const say = (/** @type {string} */ text) => {
    // A status that is written again would be read again.
    if (id("together-said").textContent !== text) id("together-said").textContent = text;
  };

  link.addEventListener("welcome", (event) => {
    you = /** @type {CustomEvent} */ (event).detail.you;
    revision = 0;
    const wasLost = isLost && people.length > 0;
    isLost = false;
    // A new connection follows, as far as the server knows.
    if (wasLost && !leads() && !drive.isFollowing) link.send({ type: "follow", is_on: false });
    if (wasLost) ask();
    draw(wasLost ? words.back : "");
  });
  link.addEventListener("people", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    const [before, hadLed] = [people, leads()];
    people = detail.people;
    hasLeader = detail.has_leader;
    const isNew = !before.length;
    drive.isLeading = leads();
    if (leads()) {
      drive.follow(false);
      if (!hadLed || isNew) report();
    } else if (hadLed || isNew) drive.follow(true);
    showPeople(id("together-people"), words, people, you);
    draw(isNew ? "" : news(before, people, you, words));
  });
  link.addEventListener("playhead", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    // It comes on two connections.
    if ((leads() && people.length) || detail.revision < revision) return;
    revision = detail.revision;
    drive.head = detail;
    drive.look();
  });
  const take = changes(main, { stage, player, ask, scored, video });
  link.addEventListener("changed", (event) => take(/** @type {CustomEvent} */ (event).detail.parts));
  link.addEventListener("agenda", (event) => agenda.heard(/** @type {CustomEvent} */ (event).detail));
  link.addEventListener("clock", () => {
    drive.look();
    agenda.draw();
  });
  link.addEventListener("lost", () => {
    isLost = true;
    draw();
    // Whether the lesson is open at all, the page's own request finds out.
    ask();
  });
  link.addEventListener("ended", (event) => {
    const why = /** @type {CustomEvent} */ (event).detail;
    stop();
    if (why === "out") {
      const { outTitle: title = "", outText: text = "", outLink = "" } = words;
      signedOut({ title, text, link: outLink, address: `/sign-in?next=${encodeURIComponent(location.pathname)}` });
    }
    else if (why === "gone") ask();
    else {
      bar.classList.add("is-lost");
      say((why === "full" ? words.full : words.over) ?? "");
    }
  });

  stage.addEventListener("seek", moved, { signal });
  stage.addEventListener("toggle", () => { if (!drive.isBlocked) moved(); }, { signal });
  stage.addEventListener("refused", () => drive.refused(), { signal });
  document.addEventListener("click", () => drive.unblock(), { signal });
  for (const kind of VIDEO_EVENTS) {
    drive.video.addEventListener(kind, () => {
      if (leads()) reportNews();
      draw();
    }, { signal });
  }

  id("together-lead").onclick = () => {
    drive.follow(false);
    link.send({ type: "lead" });
  };
  const key = () => {
    if (leads() || !hasLeader) return;
    if (drive.isFollowing) lookAlone();
    else follow();
  };
  id("together-follow").onclick = key;
  id("together-play").onclick = () => {
    const now = drive.report();
    drive.head = { revision: 0, ...now, is_playing: !now.is_playing, rate: 1, at_ms: now.at_ms ?? 0 };
    report();
    draw();
  };
  id("together-link").onclick = async () => {
    const address = `${location.origin}${location.pathname}#together`;
    try {
      await navigator.clipboard.writeText(address);
      draw(words.copied);
    } catch {
      // Browsers keep the clipboard from pages without HTTPS.
      history.replaceState(null, "", "#together");
      draw(words.inBar);
    }
  };
  const stop = () => {
    clearInterval(reportTimer);
    clearTimeout(seekTimer);
    drive.stop();
    over.abort();
  };
  id("together-leave").onclick = () => {
    stop();
    link.leave();
    bar.hidden = true;
    main.classList.remove("is-together");
    if (location.hash === "#together") history.replaceState(null, "", location.pathname);
    left();
  };

  bar.hidden = false;
  main.classList.add("is-together");
  draw();
  drive.run();
  reportTimer = setInterval(() => {
    if (leads() && player.isPlaying) reportNews();
    draw();
    agenda.draw();
  }, REPORT_MS);
  link.run();
  return { key, leave: () => id("together-leave").click() };
}
