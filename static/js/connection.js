// A lost connection shows after a few seconds, and heals by itself: htmx keeps trying the socket, the browser knows of the network.
const line = document.getElementById("connection");
let waiting;

function lost() {
  waiting ??= setTimeout(() => (line.textContent = line.dataset[navigator.onLine ? "paused" : "offline"]), 3000);
}
function back() {
  waiting = clearTimeout(waiting);
  line.textContent = "";
}

document.addEventListener("htmx:wsClose", lost);
document.addEventListener("htmx:wsError", lost);
document.addEventListener("htmx:wsOpen", back);
addEventListener("offline", lost);
addEventListener("online", () => document.documentElement.dataset.connection === "lost" || back());
