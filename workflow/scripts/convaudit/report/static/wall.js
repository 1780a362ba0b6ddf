"use strict";

// The wall of tiles, one for each image in order. Only the rows in sight have tiles.
const wall = (() => {
  const CELL = 148, GAP = 14, TEXT = 62;
  // Browsers end an element at some 17 million pixels; beyond this, scrolling is geared.
  const TALLEST = 12e6;
  const BAR = 70;  // pixels of the bar at the top
  const REST = 140, BUDGET = 4;  // ms: after so long nobody scrolls; a frame's time for drawing
  const FAST = 300;  // pixels a frame
  const { form, percent, truthOf, valueOf, shardOf, need, sheetOf } = images;
  const grid = document.getElementById("grid");
  const tiles = new Map();  // by place in the order
  // What the page does when a tile is pressed.
  const on = { opened() {} };

  // Tiles lie on a lane at the place of their row. While somebody scrolls, the browser moves lane
  // and page as one, pixel by pixel, and only new rows are drawn. Where a page can't be as tall as
  // its rows, the lane slips along it: at once when the scroll bar leaps, and in a rest by what
  // brings the scroll bar back to its share of the rows.
  const lane = document.createElement("div");
  let here = 0, perRow = 1, cell = CELL, high = CELL + TEXT, full = 0, tall = 0, start = 0;
  let slip = 0, anchor = 0, last = 0, flying = false, rest = 0, due = 0, spare = [];
  grid.append(lane);

  const offset = () => scrollY - start;

  // From the page's pixels to the rows' and back; the first and the last screen are never geared.
  function rowsAt(place) {
    const end = tall - innerHeight;
    if (full === tall || place <= 0) return place;
    return place < end ? place * (full - innerHeight) / end : place + full - tall;
  }

  function pageAt(real) {
    const end = full - innerHeight;
    if (full === tall || real <= 0) return real;
    return real < end ? real * (tall - innerHeight) / end : real - full + tall;
  }

  function layout() {
    const wide = grid.clientWidth;
    perRow = Math.max(1, Math.round((wide + GAP) / (CELL + GAP)));
    cell = Math.floor((wide - GAP * (perRow - 1)) / perRow);
    high = cell + TEXT;
    grid.style.setProperty("--cell", `${cell}px`);
    full = Math.ceil(images.order.length / perRow) * high;
    tall = Math.min(full, TALLEST);
    grid.style.height = `${tall}px`;
    start = grid.getBoundingClientRect().top + scrollY;
    clear();
    leap();
    draw();
  }

  function clear() {
    tiles.clear();
    spare = [];
    lane.replaceChildren();
  }

  // Puts the rows where the scroll bar is.
  function leap() {
    last = offset();
    slipTo(rowsAt(last) - last);
  }

  function slipTo(value) {
    slip = value;
    const top = last + slip;
    if (Math.abs(top - anchor) > 1e6) { anchor = Math.floor(top / high) * high; clear(); }
    lane.style.transform = `translateY(${anchor - slip}px)`;
  }

  // Puts the scroll bar where the rows are.
  function goTo(real) {
    scrollTo(0, start + pageAt(real));
    last = offset();
    slipTo(full === tall ? 0 : real - last);
  }

  function scrolled() {
    const place = offset();
    if (place === last) return;
    flying = Math.abs(place - last) > FAST;
    if (Math.abs(place - last) > innerHeight || place <= 0 || place >= tall - innerHeight) leap();
    else last = place;
    images.scrolling = true;
    clearTimeout(rest);
    rest = setTimeout(settle, REST);
    draw();
  }

  function settle() {
    images.scrolling = false;
    flying = false;
    if (full !== tall) goTo(last + slip);
    draw();
    const focused = document.activeElement;
    lane.append(...[...tiles].sort(([a], [b]) => a - b).map(([, tile]) => tile.element));
    if (lane.contains(focused)) focused.focus({ preventScroll: true });
  }

  function draw() {
    if (!images.columns) return;
    const real = last + slip, rows = Math.ceil(innerHeight / high) + 3;
    const first = Math.max(0, Math.floor(real / high) - 1) * perRow;
    const end = Math.min(images.order.length, first + rows * perRow);
    for (const [at, tile] of tiles) {
      if (at < first || at >= end) { spare.push(tile); tiles.delete(at); }
    }
    for (let at = first; at < end; at++) {
      if (!tiles.has(at)) tiles.set(at, setTile(spare.pop() ?? makeTile(), at));
    }
    for (const tile of spare.splice(0)) tile.element.remove();
    for (const [at, { element }] of tiles) {
      const mine = at === here;
      if (element.tabIndex === (mine ? 0 : -1)) continue;
      element.tabIndex = mine ? 0 : -1;
      element.toggleAttribute("data-here", mine);
    }
    images.forget();
    soon();
  }

  function makeTile() {
    const element = document.createElement("button"), drawing = document.createElement("canvas");
    const said = document.createElement("b"), scored = document.createElement("span");
    element.type = "button";
    element.tabIndex = -1;
    drawing.width = drawing.height = cell * Math.min(2, Math.ceil(devicePixelRatio));
    element.append(drawing, said, scored);
    lane.append(element);
    return { element, drawing, said, scored, context: drawing.getContext("2d") };
  }

  function setTile(tile, at) {
    const i = images.order[at], truth = truthOf(i), { element } = tile, { columns } = images;
    const x = (at % perRow) * (cell + GAP), y = Math.floor(at / perRow) * high - anchor;
    Object.assign(tile, { i, shard: shardOf(i), filled: false });
    element.className = `tile ${truth}`;
    element.style.transform = `translate(${x}px, ${y}px)`;
    delete element.dataset.filled;
    tile.context.clearRect(0, 0, tile.drawing.width, tile.drawing.height);
    tile.said.textContent = columns.names[columns.predicted[i]];
    tile.scored.textContent = percent(columns.probability[i])
      + (truth === "wrong" ? ` ✗ true: ${columns.names[columns.label[i]]}` : "");
    element.onclick = () => { here = at; on.opened(); };
    return tile;
  }

  function soon() {
    due ||= requestAnimationFrame(fill);
  }

  // Fills tiles for as long as a frame may take, and asks for what they lack. What flies by is not
  // filled: nobody would see it.
  function fill() {
    due = 0;
    if (flying) return;
    const until = performance.now() + BUDGET;
    for (const tile of tiles.values()) {
      if (tile.filled) continue;
      fillTile(tile);
      if (performance.now() > until) { soon(); return; }
    }
  }

  function fillTile(tile) {
    const shard = need(tile.shard), { columns } = images;
    if (!shard) return;
    const row = tile.i - columns.starts[tile.shard];
    tile.element.title = shard.paths[row];
    const sheet = sheetOf(shard, row);
    if (sheet === undefined) return;
    const { width, height } = tile.drawing, zoom = width / columns.sprite.side;
    const [top, left, tall, wide] = columns.picture.map((side) => side * zoom);
    tile.context.clearRect(0, 0, width, height);
    paint(tile.context, [left, top, wide, tall], cut(sheet, row), mapOf(shard, row, shard.maps), tile.i);
    tile.filled = true;
    tile.element.dataset.filled = "";
  }

  // The photo of a row on its sheet.
  function cut(sheet, row) {
    const { picture: [top, left, height, width], sprite } = images.columns, at = row % sprite.sheet;
    const x = (at % sprite.columns) * sprite.side + left, y = Math.floor(at / sprite.columns) * sprite.side + top;
    return sheet && { source: sheet, x, y, width, height };
  }

  function mapOf({ height, width }, at, maps) {
    const cells = height * width;
    return { height, width, levels: maps.subarray(at * cells, (at + 1) * cells) };
  }

  function paint(context, place, picture, map, i, view = valueOf("view")) {
    const scale = form.elements.common.checked ? images.columns.strength[i] / 65535 : 1;
    heat.paint(context, place, picture, map, view, valueOf("colours"), scale);
  }

  function repaint() {
    for (const tile of tiles.values()) tile.filled = false;
    soon();
  }

  // Scrolls no farther than the image in hand needs to be in sight.
  function goToHere() {
    const top = Math.floor(here / perRow) * high, real = last + slip;
    if (top < real + BAR) goTo(top - BAR);
    else if (top + high > real + innerHeight) goTo(top + high - innerHeight + 10);
    draw();
  }

  // Back to the first row, where another choice begins.
  function goToTop() {
    if (scrollY > start) goTo(-BAR);
    draw();
  }

  addEventListener("scroll", scrolled, { passive: true });
  addEventListener("resize", () => images.columns && layout());

  return {
    on, layout, draw, soon, repaint, goToHere, goToTop, paint, cut, mapOf,
    // The place in the order of the image that keys move from and that is open.
    get here() { return here; },
    set here(at) { here = at; },
    get perRow() { return perRow; },
    focus: () => tiles.get(here)?.element.focus({ preventScroll: true }),
  };
})();
