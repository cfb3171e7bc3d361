// Live numbers. The event's socket pushes snippets; each takes the place of the element with its id, where the page has one.
// (htmx's own out-of-band swap would write an error to the console for every number that this page doesn't show.)
const root = document.documentElement;
const forms = new Intl.PluralRules(root.lang);
let told, asking, quiet;

document.addEventListener("htmx:wsBeforeMessage", (event) => {
  event.preventDefault();
  const pushed = [...new DOMParser().parseFromString(event.detail.message, "text/html").body.children];
  const fresh = pushed.filter((element) => !(document.getElementById(element.id) ?? element).isEqualNode(element));
  for (const element of fresh) {
    document.getElementById(element.id).replaceWith(element);
    document.querySelectorAll(`[data-plural="${element.id}"]`).forEach((words) => agree(words, Number(element.value)));
  }
  if (fresh.length) tell(), say();
});

// "1 spot left", "2 spots left": the words that this language puts after this number.
function agree(words, number) {
  words.textContent = words.dataset[forms.select(number)] ?? words.dataset.other;
}

// Those who hear the page get one sentence, once a minute at most, with the numbers as they are then.
function say() {
  quiet ??= setTimeout(() => {
    quiet = undefined;
    document.querySelectorAll("[data-sentence]").forEach((line) => {
      line.textContent = line.dataset.sentence.replace(/\{([a-z-]+)\}/g, (_, name) => document.getElementById(`live-${name}`)?.value ?? "");
    });
  }, 60_000);
}

// Parts of the page that show more than numbers ask for themselves on "numbers": once a second at most, and not everybody at once.
function tell() {
  told ??= setTimeout(() => {
    told = undefined;
    document.body.dispatchEvent(new CustomEvent("numbers", { bubbles: true }));
  }, 1000 + 1000 * Math.random());
}

// What this page did itself came with its numbers, which change nothing any more when the socket brings them.
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.requestConfig.verb === "post" && tell());

// Without the socket they ask every ten seconds, until htmx has connected again.
function lost() {
  root.dataset.connection = "lost";
  asking ??= setInterval(tell, 10_000);
}
document.addEventListener("htmx:wsError", lost);
document.addEventListener("htmx:wsOpen", () => {
  delete root.dataset.connection;
  asking = clearInterval(asking);
});

// After a restart thousands come back: each at a moment of its own, and none long after the server is there again.
const pause = (retries) => 500 + Math.random() * Math.min(2500 * 2 ** retries, 15_000);
htmx.config.wsReconnectDelay = pause;
document.addEventListener("htmx:wsClose", ({ target, detail }) => {
  lost();
  // 1001: the server restarts. The one such case in which htmx doesn't come back by itself.
  if (detail.event.code === 1001) setTimeout(() => target.isConnected && detail.socketWrapper.reconnect(), pause(0));
});
