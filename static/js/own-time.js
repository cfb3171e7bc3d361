// Where the reader's clock shows another hour than the event's, both are said. The event's own comes first, always.
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(language, { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

for (const room of document.querySelectorAll(".own-time")) {
  const { start, end, words } = room.dataset;
  const from = new Date(start), until = new Date(end);
  // The text of an ISO moment is what the clock on the wall says there.
  if (clock.format(from) === start.slice(11, 16)) continue;
  const elsewhere = from.getDate() !== Number(start.slice(8, 10));
  const time = `${(elsewhere ? day : clock).format(from)}–${clock.format(until)}`;
  room.textContent = ` (${words.replace("{time}", time)})`;
}
