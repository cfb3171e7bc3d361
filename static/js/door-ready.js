// "Ready for the doors?": the phone tries what it will need, and says what works.
import { asCopy } from "./copies.js";
import { read } from "./door/codes.js";
import { fill, keepPage, listed, page, renew, state, store, tick, upload } from "./door/phone.js";
import { say } from "./signals.js";

const view = document.getElementById("ready"), verdict = document.getElementById("verdict");
const line = (name) => view.querySelector(`[data-check="${name}"]`);
const SECONDS_APART = 30;

class Found extends Error {}

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
    await store.know("test", "kept");
    if ((await store.fact("test")) !== "kept") throw new Error();
    await navigator.storage.persist?.();
    const { quota, usage } = await navigator.storage.estimate();
    return `${Math.round((quota - usage) / 1e6)} MB`;
  },
  async copy() {
    await tick();
    await renew();
    await keepPage();
    const kept = await caches.open(`door-${page.dataset.event}`);
    await fetch(asCopy(page.dataset.page)).then((answer) => answer.ok && !answer.redirected && kept.put(page.dataset.page, answer), () => {}); // an older copy does
    if (!(await kept.match(page.dataset.page)) || !state.listed || !(await navigator.serviceWorker.getRegistration(page.dataset.page))) throw new Error();
    return fill(verdict.dataset.listed, { guests: await store.fact("valid"), listed: listed() });
  },
  async clock() {
    await upload();
    const seconds = Math.round(Math.abs(state.ahead) / 1000);
    if (seconds > SECONDS_APART) throw new Found(fill(verdict.dataset.seconds, { seconds }));
    return fill(verdict.dataset.seconds, { seconds });
  },
  async sample() {
    const picture = await createImageBitmap(await (await fetch(view.dataset.sample)).blob());
    const { BarcodeDetector, prepareZXingModule } = window.BarcodeDetector ? window : window.BarcodeDetectionAPI;
    prepareZXingModule?.({ overrides: { locateFile: () => view.dataset.reader } });
    const [code] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
    const claim = await read(code.rawValue, JSON.parse(page.dataset.keys));
    if (claim.problem || claim.event !== 0) throw new Error(claim.problem);
    return "";
  },
};

async function look(name) {
  const one = line(name);
  one.dataset.state = "trying";
  try {
    one.querySelector("[data-says]").textContent = await checks[name]();
    one.dataset.state = "good";
  } catch (problem) {
    one.querySelector("[data-says]").textContent = problem instanceof Found ? problem.message : ""; // the browser's own words are for programmers
    one.dataset.state = "bad";
  }
}

async function all() {
  verdict.textContent = verdict.dataset.trying;
  await Promise.all(Object.keys(checks).map(look));
  await conclude();
}

const waitsForPress = (states) => line("sound").dataset.state === "trying" && states.filter((state) => state === "trying").length === 1;

async function conclude() {
  const states = [...view.querySelectorAll("[data-check]")].map((one) => one.dataset.state);
  const ready = states.every((state) => state === "good");
  verdict.textContent = verdict.dataset[ready ? "ready" : states.includes("bad") ? "not" : waitsForPress(states) ? "press" : "trying"];
  if (ready) await fetch(page.dataset.readings, { method: "POST", headers: { "X-Door-Key": await store.fact("key") }, body: JSON.stringify({ readings: [], ready }) });
}

line("sound").querySelector("[data-press]").addEventListener("click", async () => {
  line("sound").dataset.state = (await say("admitted")) ? "good" : "bad";
  await conclude();
});
document.getElementById("again").addEventListener("click", all);
all();
