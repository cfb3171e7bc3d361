// Follows the live numbers that htmx puts on the page: their plural forms, what is read aloud, what asks for itself.
const forms = new Intl.PluralRules(document.documentElement.lang);
let changed = [], notifying, polling, announcing;

document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const fresh = detail.fragment.firstElementChild;
  if (!fresh?.id.startsWith("live-")) return;
  // A heartbeat repeats what the page shows.
  detail.shouldSwap = !detail.target.isEqualNode(fresh);
  if (detail.shouldSwap) changed.push(fresh.id);
});

document.addEventListener("htmx:wsAfterMessage", () => {
  changed.forEach(updatePlural);
  if (changed.length) notifySoon(), announceSoon();
  changed = [];
});

// "1 spot left", "2 spots left": the words that this language puts after this number.
function updatePlural(id) {
  const form = forms.select(Number(document.getElementById(id).value));
  document.querySelectorAll(`[data-plural="${id}"]`).forEach((words) => {
    words.textContent = words.dataset[form] ?? words.dataset.other;
  });
}

// Those who hear the page get one sentence, once a minute at most, with the numbers as they are then.
function announceSoon() {
  announcing ??= setTimeout(() => {
    announcing = undefined;
    const numberOf = (name) => document.getElementById(`live-${name}`)?.value ?? "";
    document.querySelectorAll("[data-sentence]").forEach((line) => {
      line.textContent = line.dataset.sentence.replace(/\{([a-z-]+)\}/g, (_, name) => numberOf(name));
    });
  }, 60_000);
}

// Parts of the page that show more than numbers ask for themselves on "numbers": once a second at most, and not all
// browsers at once.
function notifySoon() {
  notifying ??= setTimeout(() => {
    notifying = undefined;
    htmx.trigger(document.body, "numbers");
  }, 1000 + 1000 * Math.random());
}

// What this page did itself came with its numbers, which change nothing any more when the socket brings them.
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.requestConfig.verb === "post" && notifySoon());

// Without the socket they ask every ten seconds.
document.addEventListener("socket:lost", () => (polling ??= setInterval(notifySoon, 10_000)));
document.addEventListener("socket:open", () => (polling = clearInterval(polling)));
