"use strict";

// Draws a photo, its saliency map or both, in the colours that the gallery's data brings.
const heat = (() => {
  let palettes = {}, opacity = [0, 1];

  // given: by name 256 times red, green, blue in base64; range: opacity of level 0, and what 255 adds.
  function prepare(given, range) {
    palettes = Object.fromEntries(Object.entries(given).map(([name, text]) => [name, atob(text)]));
    opacity = range;
  }

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
      const level = Math.round(map.levels[k] * scale);
      for (let c = 0; c < 3; c++) pixels.data[4 * k + c] = palette.charCodeAt(3 * level + c);
      pixels.data[4 * k + 3] = over ? 255 * opacity[0] + level * opacity[1] : 255;
    }
    ink.putImageData(pixels, 0, 0);
    context.drawImage(small, ...place);
  }

  return { paint, prepare };
})();
