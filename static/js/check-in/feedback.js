// Plays the sound and the vibration of a verdict. The switch is stored on this device.
const toggle = document.querySelector("[data-sound]");
const tones = { admitted: [660, 990], already_used: [440, 440], refused: [196, 147], unverified: [440, 330] };
const shakes = { admitted: [60], already_used: [120, 80, 120], refused: [400], unverified: [120, 80, 120] };
let context;

const isOn = () => localStorage.getItem("door-sound") !== "off";
const show = () => toggle.setAttribute("aria-pressed", String(isOn()));

export function playFeedback(outcome) {
  // Browsers complain about vibrating for somebody who touched nothing.
  if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(shakes[outcome]);
  if (!isOn() || !tones[outcome]) return false;
  context ??= new AudioContext();
  tones[outcome].forEach((pitch, number) => {
    const tone = new OscillatorNode(context, { frequency: pitch });
    const begin = context.currentTime + number * 0.16;
    tone.connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.13);
  });
  return true;
}

if (toggle) {
  toggle.disabled = false;
  show();
  toggle.addEventListener("click", () => {
    localStorage.setItem("door-sound", isOn() ? "off" : "on");
    show();
  });
}
