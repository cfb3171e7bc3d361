// What this phone keeps of one event's door. Whoever reads it finds no name: guests are sealed, readings are codes.
const ready = (request) => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });

// What the server is told of a reading.
export const sent = ({ nonce, code, at, let_in, undo }) => (undo ? { nonce, undo } : { nonce, code, at, let_in });

export async function openStore(event) {
  const opening = indexedDB.open(`door-${event}`, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("facts");
    opening.result.createObjectStore("guests", { keyPath: "id" });
    opening.result.createObjectStore("inside", { keyPath: "id" });
    opening.result.createObjectStore("readings", { keyPath: "number", autoIncrement: true });
  };
  const database = await ready(opening);
  const read = (store, ask) => ready(ask(database.transaction(store).objectStore(store)));
  // Kept when this is done: a tab that is killed a moment later loses nothing.
  const write = (store, change) => new Promise((done, fail) => {
    const changes = database.transaction(store, "readwrite", { durability: "strict" });
    let request;
    changes.oncomplete = () => done(request?.result);
    changes.onabort = changes.onerror = () => fail(changes.error ?? request?.error);
    request = change(changes.objectStore(store));
  });
  // All but the scans that wait, and what sends them; whether nothing is left.
  async function forgetAll() {
    const waiting = (await read("readings", (readings) => readings.getAll())).filter((reading) => !reading.open);
    const sending = waiting.length ? ["key", "readings"] : [], facts = await read("facts", (facts) => facts.getAllKeys());
    await write("facts", (store) => facts.filter((name) => !sending.includes(name)).forEach((name) => store.delete(name)));
    await write("guests", (guests) => guests.clear());
    await write("inside", (inside) => inside.clear());
    if (!waiting.length) await write("readings", (readings) => readings.clear());
    database.close();
    return !waiting.length;
  }
  return {
    forgetAll,
    fact: (name) => read("facts", (facts) => facts.get(name)),
    know: (name, value) => write("facts", (facts) => facts.put(value, name)),
    guest: (id) => read("guests", (guests) => guests.get(id)),
    guests: () => read("guests", (guests) => guests.count()),
    keepGuests: (entries) => write("guests", (guests) => entries.forEach(([id, sealed]) => guests.put({ id, sealed }))),
    forgetGuests: () => write("guests", (guests) => guests.clear()),
    inside: (id) => read("inside", (inside) => inside.get(id)),
    letIn: (id, at) => write("inside", (inside) => inside.put({ id, at })),
    letOut: (id) => write("inside", (inside) => inside.delete(id)),
    readings: () => read("readings", (readings) => readings.getAll()),
    keep: (reading) => write("readings", (readings) => readings.put(reading)),
    forget: (numbers) => write("readings", (readings) => numbers.forEach((number) => readings.delete(number))),
  };
}
