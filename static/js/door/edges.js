// A code that was cut out without its white edge can't be told from a dark ground. What is bright in the middle of the camera's picture is
// drawn once more, with a white edge around it.
const SMALL = 240, MARGIN = 0.12, TOO_FLAT = 40;
const canvas = () => Object.assign(document.createElement("canvas"), { width: SMALL, height: SMALL }).getContext("2d", { willReadFrequently: true });
let glance, drawn;

export function edged(video) {
  glance ??= canvas();
  drawn ??= canvas();
  const side = Math.min(video.videoWidth, video.videoHeight);
  const left = (video.videoWidth - side) / 2, top = (video.videoHeight - side) / 2;
  glance.drawImage(video, left, top, side, side, 0, 0, SMALL, SMALL);
  const found = bright(glance.getImageData(0, 0, SMALL, SMALL).data);
  if (!found) return undefined;
  const scale = side / SMALL, [width, height] = [found.width * scale, found.height * scale];
  const margin = Math.max(width, height) * MARGIN;
  Object.assign(drawn.canvas, { width: width + 2 * margin, height: height + 2 * margin });
  drawn.fillStyle = "#fff";
  drawn.fillRect(0, 0, drawn.canvas.width, drawn.canvas.height);
  drawn.drawImage(video, left + found.x * scale, top + found.y * scale, width, height, margin, margin, width, height);
  return drawn.canvas;
}

// The smallest rectangle around all that is brighter than the middle between the darkest and the brightest.
function bright(data) {
  let darkest = 255, brightest = 0;
  for (let at = 1; at < data.length; at += 4) {
    darkest = Math.min(darkest, data[at]);
    brightest = Math.max(brightest, data[at]);
  }
  if (brightest - darkest < TOO_FLAT) return undefined;
  let [x, y, right, bottom] = [SMALL, SMALL, 0, 0];
  for (let at = 1, number = 0; at < data.length; at += 4, number += 1) {
    if (data[at] < (darkest + brightest) / 2) continue;
    const column = number % SMALL, row = Math.floor(number / SMALL);
    [x, right] = [Math.min(x, column), Math.max(right, column)];
    [y, bottom] = [Math.min(y, row), Math.max(bottom, row)];
  }
  return { x, y, width: right - x + 1, height: bottom - y + 1 };
}
