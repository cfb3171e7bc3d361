// The door's camera: a code in view is sent once, its answer fills the phone, and the camera goes on by itself.
import { draw } from "./door/answers.js";
import { edged } from "./door/edges.js";
import { letIn, meet, takeBack, turnAway } from "./door/meet.js";
import { state } from "./door/phone.js";
import { say } from "./signals.js";

const view = document.getElementById("scanner");
const camera = view.querySelector(".door__camera");
const video = camera.querySelector("video");
const says = document.getElementById("camera-says");
const start = view.querySelector("[data-camera]");
const zoom = document.getElementById("zoom");
const torch = document.querySelector("[data-torch]");
const turn = document.querySelector("[data-turn]");
const form = view.querySelector(".door__ask");
const tip = view.querySelector(".door__tip");
const bar = document.querySelector(".door__bar");
const result = document.getElementById("result");
const last = document.getElementById("last-scan");
const field = document.getElementById("code");

// How long an answer stays, in milliseconds; and how long the same code must be out of view before it counts again.
const stays = { admitted: 1200, already_used: 4000, refused: 4000, undone: 2000 };
const out = 2500, undoable = 10_000;
// After so long without a code the tip helps; every so many looks go beyond what the camera shows.
const PATIENCE = 5000, EVERY = 4;

let facing = "environment", stream, reader, shown, seen = "", seenAt = 0, sending = false, later, waitsSince = 0, looks = 0;

function makeReader() {
  if (window.BarcodeDetector) return new window.BarcodeDetector({ formats: ["qr_code"] });
  const { BarcodeDetector, prepareZXingModule } = window.BarcodeDetectionAPI;
  prepareZXingModule({ overrides: { locateFile: () => view.dataset.reader } });
  return new BarcodeDetector({ formats: ["qr_code"] });
}

async function open() {
  says.textContent = "";
  stream?.getTracks().forEach((track) => track.stop());
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 720 } } });
  } catch (problem) {
    const why = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing" };
    says.textContent = says.dataset[why[problem.name] ?? "busy"];
    return;
  }
  reader ??= makeReader();
  video.srcObject = stream;
  await video.play();
  camera.hidden = false;
  view.classList.add("door__view--camera");
  type(location.hash === "#code");
  waitsSince = performance.now();
  const can = stream.getVideoTracks()[0].getCapabilities?.() ?? {};
  torch.hidden = !can.torch;
  zoom.parentElement.hidden = !can.zoom;
  if (can.zoom) Object.assign(zoom, { min: can.zoom.min, max: Math.min(can.zoom.max, 5), step: can.zoom.step || 0.1, value: can.zoom.min });
  turn.hidden = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput").length < 2;
  stayAwake();
  look();
}

const stayAwake = () => navigator.wakeLock?.request("screen").catch(() => {}); // a phone that saves its battery may say no

// Whoever looked at something else meanwhile has lost both the lock on the screen and, on some phones, the camera.
document.addEventListener("visibilitychange", () => {
  if (document.hidden || camera.hidden) return;
  if (stream.active && stream.getVideoTracks()[0].readyState === "live") stayAwake();
  else open();
});

// The code is typed on a sheet over the camera's picture. Without a camera the form is the page.
function type(wanted) {
  form.hidden = !wanted;
  field.value = "";
  bar.querySelector("[aria-current]").removeAttribute("aria-current");
  bar.querySelector(wanted ? "[data-type]" : "[data-scan]").setAttribute("aria-current", "page");
  if (wanted) field.focus();
}

bar.addEventListener("click", (event) => {
  const link = event.target.closest("[data-scan], [data-type]");
  if (!link || (camera.hidden && link.matches("[data-scan]"))) return;
  event.preventDefault();
  if (camera.hidden) field.focus();
  else type(link.matches("[data-type]"));
});
form.querySelector("[data-close]").addEventListener("click", () => type(false));

async function look() {
  if (!stream?.active) return;
  if (!sending && !result.children.length && !document.hidden) {
    const text = await codeInView();
    if (text) sight(text);
    tell(!text && performance.now() - waitsSince > PATIENCE ? tip.dataset.away : tip.dataset.point);
  } else waitsSince = performance.now();
  video.requestVideoFrameCallback ? video.requestVideoFrameCallback(look) : setTimeout(look, 50);
}

async function codeInView() {
  const read = async (picture) => (picture ? (await reader.detect(picture).catch(() => []))[0]?.rawValue : undefined); // between two frames there is nothing to see
  looks += 1;
  return (await read(video)) ?? (looks % EVERY ? undefined : read(edged(video)));
}

// Said once, not with every frame.
function tell(words) {
  if (tip.textContent.trim() !== words) tip.textContent = words;
}

function sight(text) {
  waitsSince = performance.now();
  const again = text === seen && performance.now() - seenAt < out;
  [seen, seenAt] = [text, performance.now()];
  if (!again) send(text);
}

async function send(text) {
  sending = true;
  try {
    show(await meet(text), text);
  } finally {
    sending = false;
  }
}

function show(answer, text) {
  clearTimeout(later);
  const section = draw(answer, result);
  say(answer.outcome);
  shown = { answer, text };
  section.querySelector("[data-let-in]")?.addEventListener("click", async () => {
    await letIn(answer.reading, answer);
    show({ ...answer, outcome: "admitted", unverified: true }, text);
  });
  if (stays[answer.outcome]) later = setTimeout(goOn, stays[answer.outcome]);
}

// The answer makes room for the next guest; taking it back stays in reach for a while.
function goOn() {
  const { answer, text } = shown ?? {};
  const undo = answer?.outcome === "admitted" && result.querySelector("[data-take-back]");
  if (answer?.outcome === "unverified" && answer.reading.open) turnAway(answer.reading);
  shown = undefined;
  result.replaceChildren();
  if (camera.hidden) handOver();
  else type(false);
  seenAt = performance.now();
  last.replaceChildren(...(undo ? [undo] : []));
  if (undo) {
    undo.addEventListener("click", () => back(answer, text));
    setTimeout(() => undo.remove(), undoable);
  }
}

async function back(answer, text) {
  last.replaceChildren();
  show(await takeBack({ nonce: answer.nonce, text }), text);
}

result.addEventListener("click", (event) => {
  clearTimeout(later);
  if (event.target.closest("[data-next]")) goOn();
  else if (event.target.closest("[data-take-back]")) back(shown.answer, shown.text);
  else if (!camera.hidden && event.target.closest("a[data-focus]")) {
    event.preventDefault(); // "Next" is the camera, which is here already
    goOn();
  }
});

// A scanner on the USB port types like a very fast person, also while the last answer still stands there. Its Enter presses no button.
let typed = "", keys = 0;
document.addEventListener("keydown", (event) => {
  if (event.target === field) keys += 1;
  if (event.target.closest("input")) return;
  if (event.key === "Enter" && typed.length > 7) {
    event.preventDefault();
    send(typed);
  }
  if (typed && event.key === "/") event.preventDefault(); // some browsers search by it
  typed = event.key.length === 1 ? typed + event.key : "";
});

// The answer went away in the middle of a reading: the field has the rest, and gets what came before.
function handOver() {
  [field.value, keys, typed] = [typed, typed.length, ""];
  field.focus();
}

// A whole QR code, key by key, was read by a scanner and is a scan. What somebody pasted or wrote asks the server whose it is; without a
// connection the phone says what it can.
form.addEventListener("htmx:beforeRequest", (event) => {
  const scanned = field.value.length > 100 && keys >= field.value.length;
  keys = 0;
  if (!state.away && !scanned) return;
  event.preventDefault();
  send(field.value);
  field.value = "";
});

start.addEventListener("click", open);
turn.addEventListener("click", () => {
  facing = facing === "environment" ? "user" : "environment";
  open();
});
torch.addEventListener("click", () => {
  const on = torch.getAttribute("aria-pressed") !== "true";
  torch.setAttribute("aria-pressed", String(on));
  stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] });
});

zoom.addEventListener("input", () => stream.getVideoTracks()[0].applyConstraints({ advanced: [{ zoom: Number(zoom.value) }] }));

start.disabled = !navigator.mediaDevices;
// Who has allowed it once is not asked for a press again.
navigator.permissions?.query({ name: "camera" }).then((allowed) => allowed.state === "granted" && !result.children.length && open(), () => {});
