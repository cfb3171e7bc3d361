// What this device stores of one event's check-in. No name can be read from it: guests are sealed, scans are codes.
const requestDone = (request) =>
  new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });

// What the server is told of a scan.
export const scanPayload = ({ nonce, code, at, let_in, undo }) =>
  undo ? { nonce, undo } : { nonce, code, at, let_in };

export async function openStore(event) {
  const opening = indexedDB.open(`door-${event}`, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("facts");
    opening.result.createObjectStore("guests", { keyPath: "id" });
    opening.result.createObjectStore("inside", { keyPath: "id" });
    opening.result.createObjectStore("readings", { keyPath: "number", autoIncrement: true });
  };
  const database = await requestDone(opening);
  const read = (store, ask) => requestDone(ask(database.transaction(store).objectStore(store)));
  // Kept when this is done: a tab that is killed a moment later loses nothing.
  const write = (store, change) => new Promise((done, fail) => {
    const changes = database.transaction(store, "readwrite", { durability: "strict" });
    let request;
    changes.oncomplete = () => done(request?.result);
    changes.onabort = changes.onerror = () => fail(changes.error ?? request?.error);
    request = change(changes.objectStore(store));
  });
  // Deletes all but the scans that wait and what sends them. Returns whether nothing is left.
  async function clearUnlessWaiting() {
    const waiting = (await read("readings", (readings) => readings.getAll())).filter((scan) => !scan.open);
    const needed = waiting.length ? ["key", "readings"] : [];
    const names = await read("facts", (facts) => facts.getAllKeys());
    const done = names.filter((name) => !needed.includes(name));
    await write("facts", (facts) => done.forEach((name) => facts.delete(name)));
    await write("guests", (guests) => guests.clear());
    await write("inside", (inside) => inside.clear());
    if (!waiting.length) await write("readings", (readings) => readings.clear());
    database.close();
    return !waiting.length;
  }
  return {
    clearUnlessWaiting,
    getSetting: (name) => read("facts", (facts) => facts.get(name)),
    setSetting: (name, value) => write("facts", (facts) => facts.put(value, name)),
    getGuest: (id) => read("guests", (guests) => guests.get(id)),
    saveGuests: (entries) => write("guests", (guests) => entries.forEach(([id, sealed]) => guests.put({ id, sealed }))),
    clearGuests: () => write("guests", (guests) => guests.clear()),
    getCheckIn: (id) => read("inside", (inside) => inside.get(id)),
    saveCheckIn: (id, at) => write("inside", (inside) => inside.put({ id, at })),
    deleteCheckIn: (id) => write("inside", (inside) => inside.delete(id)),
    getScans: () => read("readings", (readings) => readings.getAll()),
    saveScan: (scan) => write("readings", (readings) => readings.put(scan)),
    deleteScans: (numbers) => write("readings", (readings) => numbers.forEach((number) => readings.delete(number))),
  };
}
