// Adds the event's hours on the reader's clock where they differ from the event's own, which always come first.
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
const date = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short" });
const HOUR = 3600000;
// As in event_parts.py: an end by six and within twelve hours is that of the evening before.
const END_OF_NIGHT = 6, LONGEST_NIGHT = 12 * HOUR;

// "Sun 17:00" where it is another day, with the date from a week on; an end at midnight is 24:00 of the day before.
function ending(from, until) {
  const midnight = clock.format(until) === "00:00", last = new Date(until - midnight);
  const night = until.getHours() * 60 + until.getMinutes() <= END_OF_NIGHT * 60 && until - from <= LONGEST_NIGHT;
  if (last.toDateString() === from.toDateString() || night) return clock.format(until);
  return `${(until - from < 6 * 24 * HOUR ? weekday : date).format(last)} ${midnight ? "24:00" : clock.format(until)}`;
}

for (const room of document.querySelectorAll(".own-time")) {
  const { start, end, words } = room.dataset;
  const from = new Date(start), until = new Date(end);
  // The text of an ISO moment is what the clock on the wall says there.
  if (clock.format(from) === start.slice(11, 16) && clock.format(until) === end.slice(11, 16)) continue;
  const elsewhere = from.getDate() !== Number(start.slice(8, 10));
  const day = elsewhere ? `${weekday.format(from)} ` : "";
  const time = `${day}${clock.format(from)}–${ending(from, until)}`;
  room.textContent = ` (${words.replace("{time}", time)})`;
}
