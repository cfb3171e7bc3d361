// Reconnects the page's socket after a close, and gives it up when it falls silent. A connection that died without a
// close (sleep, another network, a router that forgot it) looks open for ever; but the server sends every heartbeat.
const root = document.documentElement;
const heartbeat = 1000 * (document.querySelector("[ws-connect]")?.dataset.heartbeat ?? 15);
const RECONNECT_CODES = [1001, 1006, 1011, 1012, 1013]; // the server restarts, the network fails, the database is away
let socket, silence, retry, reconnect, retries = 0, heard = Date.now();

htmx.createWebSocket = (address) => {
  socket = new WebSocket(address);
  socket.addEventListener("message", listen);
  waitForMore();
  return socket;
};

function listen() {
  heard = Date.now();
  waitForMore();
}

function waitForMore() {
  clearTimeout(silence);
  silence = setTimeout(giveUp, 2.5 * heartbeat);
}

// As if it had closed: the close of a dead connection can take minutes.
function giveUp() {
  const { onclose } = socket;
  socket.onopen = socket.onclose = socket.onerror = null;
  socket.close();
  onclose(new CloseEvent("close", { code: 1006 }));
}

// htmx's own timer can't be hurried, so it waits for ever, and this file comes back.
htmx.config.wsReconnectDelay = () => 2 ** 31 - 1;

document.addEventListener("htmx:wsClose", ({ detail }) => {
  clearTimeout(silence);
  announceState("lost");
  if (!RECONNECT_CODES.includes(detail.event.code)) return;
  reconnect = detail.socketWrapper.reconnect;
  // After a restart thousands come back: each at a moment of its own, and none long after the server is there again.
  retry = setTimeout(comeBack, 500 + Math.random() * Math.min(2500 * 2 ** retries++, 15_000));
});

function comeBack() {
  retry = clearTimeout(retry);
  reconnect();
}

document.addEventListener("htmx:wsOpen", () => {
  retries = 0;
  announceState("open");
});

function announceState(state) {
  root.dataset.connection = state;
  document.dispatchEvent(new CustomEvent(`socket:${state}`, { detail: { heard, isOld: isOld() } }));
}

// Somebody looks at the page again, or the network is back: after a long silence there is nothing to wait for.
const isOld = () => Date.now() - heard > 2 * heartbeat;
function reconnectIfOld() {
  if (!socket || document.hidden || !isOld()) return;
  if (!retry && socket.readyState <= WebSocket.OPEN) giveUp();
  if (retry) comeBack();
}
document.addEventListener("visibilitychange", reconnectIfOld);
addEventListener("online", reconnectIfOld);
addEventListener("focus", reconnectIfOld);
addEventListener("pageshow", ({ persisted }) => persisted && reconnectIfOld());
