// Gives a QR code that was cut out without its white edge that edge back, so that it can be read on a dark ground: what
// is bright in the middle of the camera's picture is drawn once more, upright, with white around it.
const SMALL = 480, MARGIN = 0.12, TOO_FLAT = 40;
// How bright the code's light parts are at least, between the picture's darkest and brightest: most grounds are darker.
const BRIGHT = 0.65;
const STEP = Math.PI / 180; // a degree
const square = () => Object.assign(document.createElement("canvas"), { width: SMALL, height: SMALL });
const canvas = () => square().getContext("2d", { willReadFrequently: true });
let glance, drawn;

export function addQuietZone(video) {
  glance ??= canvas();
  drawn ??= canvas();
  const side = Math.min(video.videoWidth, video.videoHeight);
  const left = (video.videoWidth - side) / 2, top = (video.videoHeight - side) / 2;
  glance.drawImage(video, left, top, side, side, 0, 0, SMALL, SMALL);
  const points = outline(glance.getImageData(0, 0, SMALL, SMALL).data);
  if (!points.length) return undefined;
  const { angle, x, y, width, height } = rectangle(points);
  const scale = side / SMALL, margin = Math.max(width, height) * scale * MARGIN;
  Object.assign(drawn.canvas, { width: width * scale + 2 * margin, height: height * scale + 2 * margin });
  drawn.fillStyle = "#fff";
  drawn.fillRect(0, 0, drawn.canvas.width, drawn.canvas.height);
  drawn.beginPath();
  drawn.rect(margin, margin, width * scale, height * scale);
  drawn.clip();
  drawn.translate(margin - x * scale, margin - y * scale);
  drawn.rotate(-angle);
  drawn.drawImage(video, -left, -top);
  return drawn.canvas; // its next size resets what was clipped and turned
}

// The first and the last bright point of each row, as [x, y]; none where the picture is too flat to show a code.
function outline(data) {
  let darkest = 255, brightest = 0;
  for (let at = 1; at < data.length; at += 4) {
    darkest = Math.min(darkest, data[at]);
    brightest = Math.max(brightest, data[at]);
  }
  if (brightest - darkest < TOO_FLAT) return [];
  const least = darkest + (brightest - darkest) * BRIGHT, points = [];
  for (let row = 0; row < SMALL; row += 1) {
    const bright = (column) => data[(row * SMALL + column) * 4 + 1] >= least;
    let first = 0, last = SMALL - 1;
    while (first < SMALL && !bright(first)) first += 1;
    if (first === SMALL) continue;
    while (!bright(last)) last -= 1;
    for (const x of [first, last + 1]) points.push([x, row], [x, row + 1]);
  }
  return points;
}

// The smallest rectangle around the points: how far it is turned, and where it lies when turned back.
function rectangle(points) {
  let best;
  for (let angle = -Math.PI / 4; angle < Math.PI / 4; angle += STEP) {
    const cos = Math.cos(angle), sin = Math.sin(angle);
    let [x, y, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [across, down] of points) {
      const u = across * cos + down * sin, v = down * cos - across * sin;
      if (u < x) x = u;
      if (u > right) right = u;
      if (v < y) y = v;
      if (v > bottom) bottom = v;
    }
    const [width, height] = [right - x, bottom - y];
    if (!best || width * height < best.width * best.height) best = { angle, x, y, width, height };
  }
  return best;
}
