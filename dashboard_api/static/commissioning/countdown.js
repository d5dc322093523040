// How long the code of this page is still valid.
const left = document.getElementById("left");
document.getElementById("left-line").hidden = false;
const ends = performance.now() + Number(left.dataset.left) * 1000;

function show() {
  const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
  left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (seconds === 0) {
    document.getElementById("expired").hidden = false;
    document.getElementById("code").classList.add("over");
    clearInterval(timer);
  }
}

const timer = setInterval(show, 250);
show();
