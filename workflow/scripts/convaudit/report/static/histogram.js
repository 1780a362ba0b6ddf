"use strict";

// How many images have which value of a property, to see where to cut. What is kept is dark.
const histogram = (() => {
  const BARS = 40, place = document.getElementById("histogram");
  const [drawing, low, high] = place.children;
  const colours = getComputedStyle(document.documentElement);
  let edges = [0, 0], pick = () => {};

  // values: Float32Array, NaN where unknown; picked: called with the value that was clicked on and
  // whether it is the greatest that is kept, else the least.
  function draw(values, least, most, picked) {
    const counts = new Uint32Array(BARS);
    let from = Infinity, to = -Infinity;
    for (const value of values) if (Number.isFinite(value)) { from = Math.min(from, value); to = Math.max(to, value); }
    place.hidden = !(from < to);
    if (place.hidden) return;
    for (const value of values) {
      if (Number.isFinite(value)) counts[Math.min(BARS - 1, Math.floor((value - from) / (to - from) * BARS))]++;
    }
    [edges, pick] = [[from, to], picked];
    const top = Math.max(...counts), { width, height } = drawing, context = drawing.getContext("2d");
    context.clearRect(0, 0, width, height);
    counts.forEach((count, bar) => {
      const [start, end] = [bar, bar + 1].map((at) => from + (to - from) * at / BARS);
      // A bar that is not empty is seen.
      const tall = count ? Math.max(2, count / top * height) : 0;
      context.fillStyle = colours.getPropertyValue(end >= least && start <= most ? "--right" : "--edge");
      context.fillRect(bar * width / BARS, height - tall, width / BARS - 1, tall);
    });
    low.textContent = +from.toPrecision(4);
    high.textContent = +to.toPrecision(4);
  }

  drawing.onclick = (event) => {
    const at = event.offsetX / drawing.clientWidth;
    pick(+(edges[0] + (edges[1] - edges[0]) * at).toPrecision(4), event.shiftKey);
  };

  return { draw, hide: () => { place.hidden = true; } };
})();
