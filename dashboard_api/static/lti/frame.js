// In a learning platform's page: waits for the window that its link opens, and returns what was
// chosen there to the platform, whose own pages expect it in this very frame.

const EACH_MS = 1500;
const main = document.querySelector("[data-frame]");
const link = main.querySelector("a");

function show(name) {
  for (const each of main.querySelectorAll("[data-waits]")) each.hidden = true;
  main.querySelector(`[data-${name}]`).hidden = false;
}

function giveBack({ return_url: address, token }) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = address;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "JWT";
  field.value = token;
  form.append(field);
  document.body.append(form);
  form.submit();
}

async function ask() {
  let answer;
  try {
    answer = await fetch(`/lti/frame/${main.dataset.frame}`, { cache: "no-store" });
  } catch {
    setTimeout(ask, EACH_MS);
    return;
  }
  if (answer.status === 404) {
    show("over");
    return;
  }
  const found = answer.ok ? await answer.json() : { is_done: false };
  if (!found.is_done) {
    setTimeout(ask, EACH_MS);
    return;
  }
  show("done");
  if (found.token) giveBack(found);
}

link.addEventListener("click", () => setTimeout(ask, EACH_MS), { once: true });
