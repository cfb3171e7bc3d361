// Scans codes with the camera, a USB scanner or the keyboard, shows each verdict, and goes on to the next guest.
import { renderVerdict } from "./verdict.js";
import { addQuietZone } from "./quiet-zone.js";
import { admitUnverified, resolveScan, undoCheckIn, discardScan } from "./resolve-scan.js";
import { state } from "./device.js";
import { playFeedback } from "./feedback.js";

const view = document.getElementById("scanner");
const camera = view.querySelector(".check-in__camera");
const video = camera.querySelector("video");
const cameraStatus = document.getElementById("camera-status");
const start = view.querySelector("[data-camera]");
const zoom = document.getElementById("zoom");
const torch = document.querySelector("[data-torch]");
const turn = document.querySelector("[data-turn]");
const form = view.querySelector(".check-in__ask");
const tip = view.querySelector(".check-in__tip");
const bar = document.querySelector(".check-in__bar");
const result = document.getElementById("result");
const last = document.getElementById("last-scan");
const field = document.getElementById("code");

// In milliseconds: how long a verdict stays, and how long a code must be out of view before it counts again.
const SHOWN_FOR = { admitted: 1200, already_used: 4000, refused: 4000, undone: 2000 };
const OUT_OF_VIEW = 2500, UNDO_FOR = 10_000;
// After so long without a code the tip helps; every so many frames the picture is searched once more.
const PATIENCE = 5000, EVERY = 4;
// The page's words for what keeps the camera shut; anything else is called busy.
const FAILURES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
};

let facing = "environment", stream, reader, frames = 0, waitsSince = 0; // the camera
let shown, later, seen = "", seenAt = 0, sending = false; // the verdict and its code

function makeReader() {
  if (window.BarcodeDetector) return new window.BarcodeDetector({ formats: ["qr_code"] });
  const { BarcodeDetector, prepareZXingModule } = window.BarcodeDetectionAPI;
  prepareZXingModule({ overrides: { locateFile: () => view.dataset.reader } });
  return new BarcodeDetector({ formats: ["qr_code"] });
}

async function open() {
  cameraStatus.textContent = "";
  stream?.getTracks().forEach((track) => track.stop());
  try {
    const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: facing }, ...size } });
  } catch (problem) {
    cameraStatus.textContent = cameraStatus.dataset[FAILURES[problem.name] ?? "busy"];
    return;
  }
  reader ??= makeReader();
  video.srcObject = stream;
  await video.play();
  camera.hidden = false;
  view.classList.add("check-in__view--camera");
  showCodeForm(location.hash === "#code");
  waitsSince = performance.now();
  const can = stream.getVideoTracks()[0].getCapabilities?.() ?? {};
  torch.hidden = !can.torch;
  zoom.parentElement.hidden = !can.zoom;
  if (can.zoom) {
    const { min, max, step } = can.zoom;
    Object.assign(zoom, { min, max: Math.min(max, 5), step: step || 0.1, value: min });
  }
  const devices = await navigator.mediaDevices.enumerateDevices();
  turn.hidden = devices.filter((device) => device.kind === "videoinput").length < 2;
  stayAwake();
  scanFrame();
}

// A phone that saves its battery may refuse.
const stayAwake = () => navigator.wakeLock?.request("screen").catch(() => {});

// A page that was in the background has lost the lock on the screen and, on some phones, the camera.
document.addEventListener("visibilitychange", () => {
  if (document.hidden || camera.hidden) return;
  if (stream.active && stream.getVideoTracks()[0].readyState === "live") stayAwake();
  else open();
});

// The code is typed on a sheet over the camera's picture. Without a camera the form is the page.
function showCodeForm(wanted) {
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
  else showCodeForm(link.matches("[data-type]"));
});
form.querySelector("[data-close]").addEventListener("click", () => showCodeForm(false));

async function scanFrame() {
  if (!stream?.active) return;
  if (!sending && !result.children.length && !document.hidden) {
    const text = await codeInView();
    if (text) onCode(text);
    showTip(!text && performance.now() - waitsSince > PATIENCE ? tip.dataset.away : tip.dataset.point);
  } else waitsSince = performance.now();
  video.requestVideoFrameCallback ? video.requestVideoFrameCallback(scanFrame) : setTimeout(scanFrame, 50);
}

async function codeInView() {
  // Between two frames there is no picture to read.
  const read = async (picture) => (picture ? (await reader.detect(picture).catch(() => []))[0]?.rawValue : undefined);
  frames += 1;
  return (await read(video)) ?? (frames % EVERY ? undefined : read(addQuietZone(video)));
}

// Said once, not with every frame.
function showTip(words) {
  if (tip.textContent.trim() !== words) tip.textContent = words;
}

function onCode(text) {
  waitsSince = performance.now();
  const again = text === seen && performance.now() - seenAt < OUT_OF_VIEW;
  [seen, seenAt] = [text, performance.now()];
  if (!again) submit(text);
}

async function submit(text) {
  sending = true;
  try {
    show(await resolveScan(text), text);
  } finally {
    sending = false;
  }
}

function show(verdict, text) {
  clearTimeout(later);
  const section = renderVerdict(verdict, result);
  playFeedback(verdict.outcome);
  shown = { verdict, text };
  section.querySelector("[data-let-in]")?.addEventListener("click", async () => {
    await admitUnverified(verdict.scan, verdict);
    show({ ...verdict, outcome: "admitted", unverified: true }, text);
  });
  if (SHOWN_FOR[verdict.outcome]) later = setTimeout(showNext, SHOWN_FOR[verdict.outcome]);
}

// Makes room for the next guest; the undo button stays in reach for a while.
function showNext() {
  const { verdict, text } = shown ?? {};
  const undoButton = verdict?.outcome === "admitted" && result.querySelector("[data-take-back]");
  if (verdict?.outcome === "unverified" && verdict.scan.open) discardScan(verdict.scan);
  shown = undefined;
  result.replaceChildren();
  if (camera.hidden) restoreTyped();
  else showCodeForm(false);
  seenAt = performance.now();
  last.replaceChildren(...(undoButton ? [undoButton] : []));
  if (undoButton) {
    undoButton.addEventListener("click", () => undo(verdict, text));
    setTimeout(() => undoButton.remove(), UNDO_FOR);
  }
}

async function undo(verdict, text) {
  last.replaceChildren();
  show(await undoCheckIn({ nonce: verdict.nonce, text }), text);
}

result.addEventListener("click", (event) => {
  clearTimeout(later);
  if (event.target.closest("[data-next]")) showNext();
  else if (event.target.closest("[data-take-back]")) undo(shown.verdict, shown.text);
  else if (!camera.hidden && event.target.closest("a[data-focus]")) {
    event.preventDefault(); // "Next" is the camera, which is here already
    showNext();
  }
});

// A USB scanner types like a very fast person, also while the last verdict is still shown. Its Enter presses no button.
let typed = "", keys = 0;
document.addEventListener("keydown", (event) => {
  if (event.target === field) keys += 1;
  if (event.target.closest("input")) return;
  if (event.key === "Enter" && typed.length > 7) {
    event.preventDefault();
    submit(typed);
  }
  if (typed && event.key === "/") event.preventDefault(); // some browsers search by it
  typed = event.key.length === 1 ? typed + event.key : "";
});

// The verdict went away in the middle of a scan: the field has the rest, and gets what came before.
function restoreTyped() {
  [field.value, keys, typed] = [typed, typed.length, ""];
  field.focus();
}

// A whole QR code, key by key, comes from a scanner and is a scan. For a code that was pasted or typed the server is
// asked whose it is; without a connection this device answers.
form.addEventListener("htmx:beforeRequest", (event) => {
  const scanned = field.value.length > 100 && keys >= field.value.length;
  keys = 0;
  if (!state.away && !scanned) return;
  event.preventDefault();
  submit(field.value);
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

zoom.addEventListener("input", () => {
  stream.getVideoTracks()[0].applyConstraints({ advanced: [{ zoom: Number(zoom.value) }] });
});

start.disabled = !navigator.mediaDevices;
// Who has allowed the camera once does not have to press again.
navigator.permissions?.query({ name: "camera" }).then(
  ({ state: permission }) => permission === "granted" && !result.children.length && open(),
  () => {},
);
