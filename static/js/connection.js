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

// htmx comes back, after a random while, from what it takes for a fault. A web process that stops to make room for a newer one says
// "going away" (1001), which it takes for the end: it hears "restart" (1012) instead.
const connect = htmx.createWebSocket;
htmx.createWebSocket = (address) => {
  const socket = connect(address);
  socket.addEventListener("close", (event) => {
    if (event.code !== 1001) return;
    event.stopImmediatePropagation();
    socket.dispatchEvent(new CloseEvent("close", { code: 1012, reason: event.reason }));
  });
  return socket;
};
