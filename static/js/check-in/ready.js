// The page "Ready for the doors?": tries everything a check-in device needs, and shows what works.
import { copyRequest } from "../copy-request.js";
import { verifyCode } from "./ticket-code.js";
import { fillIn, cachePage, listAge, page, refreshOfflineList, state, store, sync, uploadScans } from "./device.js";
import { playFeedback } from "./feedback.js";

const view = document.getElementById("ready"), readiness = document.getElementById("readiness");
const rowOf = (name) => view.querySelector(`[data-check="${name}"]`);
const SECONDS_APART = 30;

class CheckFailed extends Error {}

// Each says in words what it found, or throws.
const checks = {
  async camera() {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" } } });
    const [track] = stream.getVideoTracks();
    const { width, height } = track.getSettings();
    track.stop();
    return `${width} × ${height}`;
  },
  async storage() {
    await store.setSetting("test", "kept");
    if ((await store.getSetting("test")) !== "kept") throw new Error();
    await navigator.storage.persist?.();
    const { quota, usage } = await navigator.storage.estimate();
    return `${Math.round((quota - usage) / 1e6)} MB`;
  },
  async copy() {
    await sync();
    await refreshOfflineList();
    await cachePage();
    const cache = await caches.open(`door-${page.dataset.event}`);
    const address = page.dataset.page, answer = await fetch(copyRequest(address)).catch(() => undefined);
    if (answer?.ok && !answer.redirected) await cache.put(address, answer); // without it, an older copy does
    const worker = await navigator.serviceWorker.getRegistration(address);
    if (!(await cache.match(address)) || !state.listed || !worker) throw new Error();
    return fillIn(readiness.dataset.listed, { guests: await store.getSetting("valid"), listed: listAge() });
  },
  async clock() {
    await uploadScans();
    const seconds = Math.round(Math.abs(state.ahead) / 1000);
    if (seconds > SECONDS_APART) throw new CheckFailed(fillIn(readiness.dataset.seconds, { seconds }));
    return fillIn(readiness.dataset.seconds, { seconds });
  },
  async sample() {
    const picture = await createImageBitmap(await (await fetch(view.dataset.sample)).blob());
    const { BarcodeDetector, prepareZXingModule } = window.BarcodeDetector ? window : window.BarcodeDetectionAPI;
    prepareZXingModule?.({ overrides: { locateFile: () => view.dataset.reader } });
    const [code] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
    const claim = await verifyCode(code.rawValue, JSON.parse(page.dataset.keys));
    if (claim.problem || claim.event !== 0) throw new Error(claim.problem);
    return "";
  },
};

async function runCheck(name) {
  const one = rowOf(name);
  one.dataset.state = "trying";
  try {
    one.querySelector("[data-says]").textContent = await checks[name]();
    one.dataset.state = "good";
  } catch (problem) {
    // The browser's own words are for programmers.
    one.querySelector("[data-says]").textContent = problem instanceof CheckFailed ? problem.message : "";
    one.dataset.state = "bad";
  }
}

async function runAll() {
  readiness.textContent = readiness.dataset.trying;
  await Promise.all(Object.keys(checks).map(runCheck));
  await conclude();
}

const waitsForPress = (states) =>
  rowOf("sound").dataset.state === "trying" && states.filter((state) => state === "trying").length === 1;

async function conclude() {
  const states = [...view.querySelectorAll("[data-check]")].map((one) => one.dataset.state);
  const ready = states.every((state) => state === "good");
  const open = waitsForPress(states) ? "press" : "trying";
  readiness.textContent = readiness.dataset[ready ? "ready" : states.includes("bad") ? "not" : open];
  if (!ready) return;
  const headers = { "X-Door-Key": await store.getSetting("key") };
  await fetch(page.dataset.readings, { method: "POST", headers, body: JSON.stringify({ readings: [], ready }) });
}

rowOf("sound").querySelector("[data-press]").addEventListener("click", async () => {
  rowOf("sound").dataset.state = (await playFeedback("admitted")) ? "good" : "bad";
  await conclude();
});
document.getElementById("again").addEventListener("click", runAll);
runAll();
