// Resolves a scanned code to a verdict: the server's, or this device's own when the server does not answer in time.
import { verifyCode } from "./ticket-code.js";
import { formatTime, fillIn, listAge, serverTime, page, sendScan, state, store, updateStatus, sync } from "./device.js";

const keys = JSON.parse(page.dataset.keys);
const wording = (outcome, name) => document.getElementById(`verdict-${outcome}`).dataset[name] ?? "";

// {outcome: admitted | already_used | refused | unverified, guest, code, entered, by, message, unverified, here, nonce}
export async function resolveScan(text) {
  const scan = { nonce: crypto.randomUUID(), code: text.slice(0, 500), at: serverTime(), let_in: false, open: true };
  scan.number = await store.saveScan(scan);
  if (!state.away) {
    try {
      const verdict = await sendScan(scan);
      await store.deleteScans([scan.number]);
      if (verdict.outcome === "admitted") await rememberCheckIn(text, scan);
      updateStatus();
      return verdict;
    } catch { // no answer in time: this device decides
      updateStatus();
    }
  }
  const verdict = await resolveOffline(text);
  if (verdict.outcome === "admitted") await admitUnverified(scan, verdict);
  else if (verdict.outcome !== "unverified") await store.deleteScans([scan.number]);
  updateStatus();
  return { ...verdict, nonce: scan.nonce, scan };
}

async function rememberCheckIn(text, { at }) {
  const code = await verifyCode(text, keys).catch(() => ({})); // a browser without Ed25519 asks the server every time
  if (code.id) await store.saveCheckIn(code.id, at);
}

// Admits the guest on this device's own word; the scan waits to be sent.
export async function admitUnverified(scan, { id }) {
  Object.assign(scan, { let_in: true, open: false });
  await store.saveScan(scan);
  if (id) await store.saveCheckIn(id, scan.at);
  updateStatus();
}

export async function discardScan(scan) {
  await store.deleteScans([scan.number]);
}

// What can be known without the server. A typed code, and a genuine one newer than the list, are for door staff to
// judge.
async function resolveOffline(text) {
  const typed = text.replace(/[\s-]/g, "").toUpperCase();
  if (/^[0-9A-Z]{8}$/.test(typed)) return { outcome: "unverified", message: wording("unverified", "typed") };
  const code = await verifyCode(text, keys);
  if (code.problem) return { outcome: "refused", message: wording("refused", code.problem) };
  const isOurs = code.event === Number(page.dataset.event);
  if (!isOurs) return { outcome: "refused", message: wording("refused", "wrong_event") };
  const entry = await store.getGuest(code.id);
  const guest = entry ? await code.open(entry.sealed) : {};
  const facts = { guest: guest.guest, code: guest.code, id: code.id };
  if (guest.void) return { outcome: "refused", message: guest.void, ...facts };
  const here = await store.getCheckIn(code.id);
  if (here) return { outcome: "already_used", entered: formatTime(here.at), here: true, ...facts };
  if (guest.used) return { outcome: "already_used", entered: formatTime(guest.used), by: guest.by, ...facts };
  const unlisted = fillIn(wording("unverified", "unlisted"), { listed: listAge() });
  if (!entry) return { outcome: "unverified", message: unlisted, ...facts };
  return { outcome: "admitted", unverified: true, ...facts };
}

// Takes back a check-in. A scan that was never sent is deleted; of any other the server is told.
export async function undoCheckIn({ nonce, text }) {
  const code = await verifyCode(text, keys).catch(() => ({}));
  if (code.id) await store.deleteCheckIn(code.id);
  const waiting = (await store.getScans()).filter((scan) => scan.nonce === nonce);
  await store.deleteScans(waiting.map((scan) => scan.number));
  await store.saveScan({ nonce, undo: true });
  await sync();
  return { outcome: "undone" };
}
