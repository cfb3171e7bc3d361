// What the door's answers sound and feel like. The switch is kept on this phone.
const toggle = document.querySelector("[data-sound]");
const tones = { ok: [660, 990], used: [440, 440], invalid: [196, 147], unsure: [440, 330] };
const shakes = { ok: [60], used: [120, 80, 120], invalid: [400], unsure: [120, 80, 120] };
let context;

const isOn = () => localStorage.getItem("door-sound") !== "off";
const show = () => toggle.setAttribute("aria-pressed", String(isOn()));

export function say(answer) {
  if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(shakes[answer]); // browsers complain about shaking who touched nothing
  if (!isOn() || !tones[answer]) return false;
  context ??= new AudioContext();
  tones[answer].forEach((pitch, number) => {
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
