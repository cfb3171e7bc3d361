// Tells of a lost connection after a few seconds, at once where the numbers are old already, until it is back.
const line = document.getElementById("connection");
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const clock = new Intl.DateTimeFormat(document.documentElement.lang, CLOCK);
let waiting, heard;

function showMessage() {
  const words = line.dataset[navigator.onLine ? "paused" : "offline"];
  line.textContent = words.replace("{time}", clock.format(heard ?? Date.now()));
}
function onLost() {
  waiting ??= setTimeout(showMessage, 3000);
}
function onBack() {
  waiting = clearTimeout(waiting);
  line.textContent = "";
}

document.addEventListener("socket:lost", ({ detail }) => {
  heard = detail.heard;
  onLost();
  if (detail.isOld) showMessage();
});
document.addEventListener("socket:open", onBack);
addEventListener("offline", onLost);
addEventListener("online", () => {
  if (document.documentElement.dataset.connection !== "lost") onBack();
  else if (line.textContent) showMessage();
});
