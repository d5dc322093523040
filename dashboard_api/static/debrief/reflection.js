// The reflection is saved as it is typed. What could not be saved stays in this browser until it is.

import { _ } from "../shared/words.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("reflection"));
const saying = /** @type {HTMLElement} */ (document.getElementById("saving"));
const revision = /** @type {HTMLInputElement} */ (form.elements.namedItem("revision"));
const fields = [...form.querySelectorAll("textarea")];
const KEY = `reflection-${form.dataset.draft}`;
const WAIT_MS = 900;
const RETRY_MS = 10_000;

/** @typedef {Record<string, string>} Answers */
const answers = () => /** @type {Answers} */ (Object.fromEntries(fields.map((field) => [field.name, field.value])));
const isSame = (/** @type {Answers} */ one, /** @type {Answers} */ other) => fields.every(({ name }) => (one[name] ?? "") === (other[name] ?? ""));
const other = (/** @type {string} */ name) => /** @type {HTMLElement} */ (form.querySelector(`.other[data-of="${name}"]`));

/** @type {Answers} */
let saved = JSON.parse(form.dataset.saved ?? "{}");
let timer = 0;
let isSaving = false;
/** Whether another window saved something else: then only the person saves, who has seen it. */
let isDisputed = fields.some(({ name }) => !other(name).hidden);
/** The revision on which what is typed stands: an older one than the saved one while the two differ. */
let read = isDisputed ? -1 : Number(revision.value);

/** A page of the browser's, or one that blocks storage, keeps no draft. */
function keepDraft() {
  if (!isDisputed) read = Number(revision.value);
  try {
    if (isSame(answers(), saved)) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify({ answers: answers(), revision: read }));
  } catch { /* without a draft the words are still in the fields */ }
}

function readDraft() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

function mirror() {
  for (const { name, value } of fields) {
    /** @type {HTMLElement} */ (form.querySelector(`.typed[data-of="${name}"]`)).textContent = value;
  }
}

/** Shows what another window saved, beside what is in the fields. @param {Answers} theirs */
function dispute(theirs) {
  isDisputed = false;
  for (const { name, value } of fields) {
    const isOther = theirs[name] !== value;
    isDisputed ||= isOther;
    other(name).hidden = !isOther;
    /** @type {HTMLElement} */ (other(name).querySelector(".text")).textContent = theirs[name] || _("nothing");
    other(name).dataset.text = theirs[name];
  }
  if (isDisputed) saying.textContent = _("Not saved yet: you saved this page in another window meanwhile. Take what stands there, or press Save to keep what is in the fields.");
}

async function save() {
  clearTimeout(timer);
  const sent = answers();
  if (isSaving || isSame(sent, saved)) return;
  isSaving = true;
  saying.textContent = _("Saving …");
  try {
    const answer = await fetch(form.action, {
      method: "PUT", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...sent, revision: Number(revision.value) }),
    });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) {
      saved = sent;
      revision.value = `${said.revision}`;
      for (const { name } of fields) other(name).hidden = true;
      isDisputed = false;
      saying.textContent = _("Saved.");
    } else if (answer.status === 409) {
      revision.value = `${said.now.revision}`;
      saved = said.now;
      dispute(said.now);
    } else {
      const why = said.detail ?? _("the server reported an error.");
      saying.textContent = _("Not saved: {why} Your words stay in this browser.", { why });
      if (answer.status >= 500) later(RETRY_MS);
    }
  } catch {
    saying.textContent = _("Not saved: the server does not answer. Your words stay in this browser, and are sent when it does.");
    later(RETRY_MS);
  }
  isSaving = false;
  keepDraft();
  if (!isSame(answers(), sent) && !isDisputed) later(WAIT_MS);
}

/** @param {number} ms */
function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(save, ms);
}

form.addEventListener("input", () => {
  mirror();
  keepDraft();
  if (!isDisputed) later(WAIT_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isSame(answers(), saved)) saying.textContent = _("Saved.");
  save();
});
form.addEventListener("click", (event) => {
  const holder = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest(".take")?.closest(".other") ?? null);
  const field = fields.find(({ name }) => name === holder?.dataset.of);
  if (!holder || !field) return;
  field.value = holder.dataset.text ?? holder.querySelector(".text")?.textContent ?? "";
  holder.hidden = true;
  field.focus();
  isDisputed = fields.some(({ name }) => !other(name).hidden);
  mirror();
  keepDraft();
  if (!isDisputed) save();
});
addEventListener("online", () => { if (!isDisputed) save(); });

const draft = readDraft();
if (draft && !isSame(draft.answers, saved)) {
  const isOlder = draft.revision !== Number(revision.value);
  const theirs = saved;
  for (const field of fields) field.value = draft.answers[field.name] ?? field.value;
  mirror();
  if (isOlder) {
    read = draft.revision;
    dispute(theirs);
  } else later(0);
}
const print = /** @type {HTMLButtonElement} */ (document.getElementById("print"));
print.hidden = false;
print.addEventListener("click", () => window.print());
