"use strict";

// Draws a photo, its heat or both. Colours are those of Matplotlib's maps, from ten stops each.
const heat = (() => {
  const STOPS = {
    inferno: ["000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4"],
    viridis: ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"],
    cividis: ["00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838"],
    jet: ["000080", "0000f1", "004cff", "00b0ff", "29ffce", "7dff7a", "ceff29", "ffc400", "ff6800", "800000"],
  };
  const palettes = Object.fromEntries(Object.entries(STOPS).map(([name, stops]) => {
    const rgb = stops.map((s) => [0, 2, 4].map((at) => parseInt(s.slice(at, at + 2), 16)));
    return [name, Array.from({ length: 256 }, (_, level) => {
      const at = level / 255 * (rgb.length - 1), low = Math.min(rgb.length - 2, Math.floor(at));
      return rgb[low].map((v, i) => v + (rgb[low + 1][i] - v) * (at - low));
    })];
  }));
  const small = document.createElement("canvas"), ink = small.getContext("2d", { willReadFrequently: true });
  let pixels = new ImageData(1, 1);

  // levels: height x width of 0..255; picture: {source, x, y, width, height} or null;
  // place: where both come to lie on the canvas, as x, y, width, height.
  function paint(context, place, picture, map, view, colours, scale) {
    if (view !== "heat" && picture) {
      context.drawImage(picture.source, picture.x, picture.y, picture.width, picture.height, ...place);
    }
    if (view === "photo") return;
    if (small.width !== map.width || small.height !== map.height) {
      small.width = map.width;
      small.height = map.height;
      pixels = new ImageData(map.width, map.height);
    }
    const palette = palettes[colours], over = view === "overlay" && picture;
    for (let k = 0; k < map.levels.length; k++) {
      const level = Math.round(map.levels[k] * scale), [r, g, b] = palette[level];
      pixels.data[4 * k] = r;
      pixels.data[4 * k + 1] = g;
      pixels.data[4 * k + 2] = b;
      pixels.data[4 * k + 3] = over ? 36 + level * 0.66 : 255;
    }
    ink.putImageData(pixels, 0, 0);
    context.drawImage(small, ...place);
  }

  return { paint };
})();
