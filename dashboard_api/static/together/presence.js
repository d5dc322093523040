// Who is in the debrief, as a list of names.

/** @typedef {{number: number, name: string, role: "teacher" | "coach", leads: boolean, follows: boolean}} Person */

/**
 * @param {HTMLElement} list @param {DOMStringMap} words @param {Person[]} people @param {number} you
 */
export function showPeople(list, words, people, you) {
  list.replaceChildren(...people.map((person) => {
    const item = document.createElement("li");
    item.classList.toggle("leads", person.leads);
    const name = document.createElement("b");
    name.textContent = person.name;
    const role = person.role === "teacher" ? words.roleTeacher : words.roleCoach;
    const does = person.leads ? words.leads : person.follows ? words.follows : words.alone;
    const rest = document.createElement("span");
    rest.textContent = `${person.number === you ? `(${words.you}) ` : ""}${role}, ${does}`;
    item.append(name, " ", rest);
    item.title = item.textContent ?? "";
    return item;
  }));
}

/** What has changed among the others, in one sentence; empty if nobody came or went. @param {Person[]} before @param {Person[]} now @param {number} you @param {DOMStringMap} words */
export function news(before, now, you, words) {
  const others = (/** @type {Person[]} */ people) => people.filter((each) => each.number !== you);
  const names = (/** @type {Person[]} */ some, /** @type {Person[]} */ among) =>
    others(some).filter((each) => !among.some((other) => other.name === each.name)).map((each) => each.name);
  const [come, gone] = [names(now, before), names(before, now)];
  const [sentence = "", who] = come.length ? [words.here, come] : [words.gone, gone];
  return who.length ? sentence.replace("{names}", () => who.join(", ")) : "";
}
