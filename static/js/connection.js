// A lost connection shows after a few seconds, at once where the numbers are old already, and heals by itself.
const line = document.getElementById("connection");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
let waiting, heard;

function say() {
  const words = line.dataset[navigator.onLine ? "paused" : "offline"];
  line.textContent = words.replace("{time}", clock.format(heard ?? Date.now()));
}
function lost() {
  waiting ??= setTimeout(say, 3000);
}
function back() {
  waiting = clearTimeout(waiting);
  line.textContent = "";
}

document.addEventListener("socket:lost", ({ detail }) => {
  heard = detail.heard;
  lost();
  if (detail.isOld) say();
});
document.addEventListener("socket:open", back);
addEventListener("offline", lost);
addEventListener("online", () => {
  if (document.documentElement.dataset.connection !== "lost") back();
  else if (line.textContent) say();
});
