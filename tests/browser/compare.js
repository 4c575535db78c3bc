// How far a screenshot is from a small picture kept of it. Both are PNGs as base64; without a kept one the small
// picture is made. Differences are of 0 to 255, the mean of a block of 4 by 4 small pixels.
async ({ shot, kept, width }) => {
  const load = async (data) => createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
  const drawn = (image, w, h) => {
    const canvas = new OffscreenCanvas(w, h), brush = canvas.getContext("2d", { willReadFrequently: true });
    brush.imageSmoothingQuality = "high";
    brush.drawImage(image, 0, 0, w, h);
    return [canvas, brush.getImageData(0, 0, w, h).data];
  };
  // In steps of 8, which nobody sees: half the bytes.
  const coarse = (data) => data.map((v, i) => (i % 4 === 3 ? 255 : Math.round(v / 8) * 8));
  const full = await load(shot), height = Math.round((full.height / full.width) * width);
  const [canvas, fine] = drawn(full, width, height), now = coarse(fine);
  if (!kept) {
    canvas.getContext("2d").putImageData(new ImageData(now, width, height), 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    return { png: btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), "")) };
  }
  const before = await load(kept), [, then] = drawn(before, before.width, before.height);
  if (before.width !== width || before.height !== height) return { size: [width, height], kept: [before.width, before.height] };
  let worst = 0, at = [0, 0];
  for (let y = 0; y < height; y += 4) for (let x = 0; x < width; x += 4) {
    let sum = 0, n = 0;
    for (let j = y; j < Math.min(y + 4, height); j++) for (let i = x; i < Math.min(x + 4, width); i++) {
      for (let c = 0; c < 3; c++) sum += Math.abs(now[4 * (j * width + i) + c] - then[4 * (j * width + i) + c]);
      n += 3;
    }
    if (sum / n > worst) [worst, at] = [sum / n, [x, y]];
  }
  return { worst, at };
}
