"use strict";

// The gallery of every image. Pages on disk may not fetch, so data comes as scripts that call
// convaudit.columns (all images, to filter and sort by) and convaudit.shard (when it is seen).
const convaudit = (() => {
  const CELL = 148, GAP = 14, TEXT = 62;
  // Browsers end an element at some 17 million pixels; beyond this, scrolling is geared.
  const TALLEST = 12e6;
  const CACHED = 64, AT_ONCE = 4;
  const BAR = 70;  // pixels of the bar at the top
  const REST = 140, BUDGET = 4;  // ms: after so long nobody scrolls; a frame's time for drawing
  const FAST = 300;  // pixels a frame
  const TYPES = { label: Uint16Array, predicted: Uint16Array, probability: Float32Array,
    strength: Uint16Array, concentration: Uint8Array, border: Uint8Array, region: Uint8Array,
    share: Uint16Array };
  // Columns to sort by that are read when they are asked for: each image's rank.
  const RANKS = ["path", "logit", "true_probability", "width", "height", "area", "aspect"];
  // What goes by its number begins with the first, all else with the greatest.
  const RISING = ["predicted", "label", "region"];
  const WAYS = { truth: ["wrong first", "wrong last"], path: ["A to Z", "Z to A"],
    order: ["first to last", "last to first"], predicted: ["first to last", "last to first"],
    label: ["first to last", "last to first"], region: ["top left to bottom right", "bottom right to top left"] };
  const FIELDS = ["name", "label", "predicted", "truth", "region", "share", "concentration", "from", "to",
    "mark", "property", "least", "most", "sort", "up", "view", "colours", "common"];
  const form = document.getElementById("filters");
  const grid = document.getElementById("grid");
  const box = document.getElementById("lightbox");
  const [canvas, original, stored] = box.querySelector(".stage").children;
  const defaults = {};
  const shards = new Map(), sheets = new Map(), loading = new Set(), failed = new Set(), tiles = new Map();
  let columns, order = new Uint32Array(0), here = 0, perRow = 1, waiting = [];

  function percent(share, digits = 1) {
    const step = 0.1 ** digits, text = (share * 100).toFixed(digits);
    if (share > 0 && share * 100 < step / 2) return `<${step.toFixed(digits)}%`;
    return share < 1 && +text === 100 ? `>${(100 - step).toFixed(digits)}%` : `${text}%`;
  }

  const TRUTHS = ["unknown", "right", "wrong"];
  const truthOf = (i) => TRUTHS[columns.truth[i]];

  function unpack(text, type) {
    if (Uint8Array.fromBase64) return new type(Uint8Array.fromBase64(text).buffer);
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new type(bytes.buffer);
  }

  // ---- data

  function takeColumns(data) {
    columns = data;
    heat.prepare(data.palettes, data.opacity);
    for (const [name, type] of Object.entries(TYPES)) data[name] = unpack(data[name], type);
    // Floats that are not negative are in the order of their bits.
    data.bits = new Uint32Array(data.probability.buffer);
    data.truth = new Uint8Array(data.count);
    for (let i = 0; i < data.count; i++) {
      data.truth[i] = data.label[i] === data.no_label ? 0 : data.label[i] === data.predicted[i] ? 1 : 2;
    }
    const fill = (select, used) => {
      for (let i = 0; i < data.names.length; i++) if (used[i]) select.add(new Option(data.names[i], i));
    };
    for (const name of ["label", "predicted"]) {
      const used = new Uint8Array(data.no_label + 1);
      for (const i of data[name]) used[i] = 1;
      fill(form[name], used);
    }
    data.properties.forEach((title, number) => {
      for (const list of [form.property, form.sort.querySelector("[label=Properties]")]) list.append(new Option(title, `value-${number}`));
    });
    const labelled = data.truth.some((truth) => truth > 0);
    for (const name of ["truth", "label"]) form[name].closest("label").hidden = !labelled;
    readAddress();
  }

  function takeShard(name, data) {
    const number = columns.shards.indexOf(name);
    for (const maps of [data, data.further]) maps.maps = unpack(maps.maps, Uint8Array);
    loading.delete(number);
    shards.set(number, data);
    if (shards.size > CACHED) shards.delete(shards.keys().next().value);
    soon();
    show();
    pump();
  }

  function takeRanks(name, data) {
    columns[name] = unpack(data, Uint32Array);
    if (valueOf("sort") === name) select();
  }

  // A property of each image: its numbers, and whole numbers in the same order; missing ones first.
  function takeValues(name, data) {
    const values = unpack(data, Float32Array), bits = new Uint32Array(values.buffer.slice());
    for (let i = 0; i < bits.length; i++) {
      bits[i] = Number.isNaN(values[i]) ? 0 : bits[i] >>> 31 ? ~bits[i] : bits[i] | 0x80000000;
    }
    columns[name] = bits;
    columns[`${name}s`] = values;
    if (valueOf("sort") === name || valueOf("property") === name) { select(); draw(); }
    show();
  }

  // Every image's path, to search in; in one text, as that loads fastest.
  let names, allPaths, exact;
  function takePaths(text) {
    allPaths = text;
    names = text.toLowerCase().split("\0");
    select();
    draw();
  }

  const asked = new Set();
  // The property that is filtered by, as a row of the open image.
  function chosenProperty(i) {
    const values = columns[`${valueOf("property")}s`];
    if (!values) return [];
    return [[form.property.selectedOptions[0].text, Number.isNaN(values[i]) ? "unknown" : `${+values[i].toPrecision(4)}`]];
  }

  function askFor(name) {
    if (columns[name] || asked.has(name)) return;
    asked.add(name);
    load(`data/${name}.js`);
  }

  function load(url, failed = () => {}) {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => script.remove();
    script.onerror = () => { script.remove(); failed(); };
    document.body.append(script);
  }

  // The sheet with a row's photo: undefined until it is there, null where it can't be read.
  function sheetOf(data, row) {
    const url = `${data.sprites}/${Math.floor(row / columns.sprite.sheet)}.jpg`;
    if (!sheets.has(url)) {
      if (sheets.size >= CACHED) {
        const oldest = sheets.keys().next().value;
        sheets.get(oldest)?.close();
        sheets.delete(oldest);
      }
      sheets.set(url, undefined);
      loadSheet(url).then((sheet) => {
        sheets.set(url, sheet);
        if (!sheet) document.getElementById("lost").hidden = false;
        soon();
        show();
      });
    }
    return sheets.get(url);
  }

  async function loadSheet(url) {
    const image = new Image();
    image.src = url;
    return image.decode().then(() => createImageBitmap(image)).catch(() => null);
  }

  const shardOf = (i) => {
    let low = 0, high = columns.shards.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (columns.starts[middle] <= i) low = middle; else high = middle;
    }
    return low;
  };

  function need(number) {
    if (!shards.has(number) && !loading.has(number) && !failed.has(number)
        && !waiting.includes(number)) waiting.push(number);
    pump();
    return shards.get(number);
  }

  // One at a time while somebody scrolls: to read a shard takes longer than a frame may.
  function pump() {
    while (waiting.length && loading.size < (resting ? AT_ONCE : 1)) {
      const number = waiting.shift();
      if (shards.has(number) || loading.has(number)) continue;
      loading.add(number);
      load(`data/${columns.shards[number]}.js`, () => {
        loading.delete(number);
        failed.add(number);
        pump();
      });
    }
  }

  // ---- choosing and sorting

  function valueOf(name) {
    const field = form.elements[name];
    return field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
  }

  function select() {
    const want = Object.fromEntries(FIELDS.map((name) => [name, valueOf(name)]));
    const exactly = ["label", "predicted", "region"].filter((name) => want[name] !== "")
      .map((name) => [columns[name], +want[name]]);
    const atLeast = [["from", "probability", 1], ["share", "share", 65535], ["concentration", "concentration", 255]]
      .filter(([field]) => want[field] !== "").map(([field, name, full]) => [columns[name], want[field] / 100 * full]);
    const atMost = want.to === "" ? Infinity : want.to / 100;
    const limited = want.property && (want.least !== "" || want.most !== "");
    if (want.property) askFor(want.property);
    if (want.sort.startsWith("value-")) askFor(want.sort);
    const values = limited ? columns[`${want.property}s`] : undefined;
    const least = want.least === "" ? -Infinity : +want.least, most = want.most === "" ? Infinity : +want.most;
    if ((want.name || want.mark) && !names) askFor("paths");
    if (want.mark && names) exact ??= allPaths.split("\0");
    const marked = want.mark && exact && marks.paths(want.mark);
    if (want.property && columns[`${want.property}s`]) histogram.draw(columns[`${want.property}s`], least, most, cutAt);
    else histogram.hide();
    const part = names && want.name.toLowerCase();
    const chosen = new Uint32Array(columns.count);
    let n = 0;
    next: for (let i = 0; i < columns.count; i++) {
      for (const [column, value] of exactly) if (column[i] !== value) continue next;
      for (const [column, least] of atLeast) if (column[i] < least) continue next;
      if (columns.probability[i] > atMost) continue;
      if (values && !(values[i] >= least && values[i] <= most)) continue;
      if (part && !names[i].includes(part)) continue;
      if (marked && !marked.has(exact[i])) continue;
      if (want.truth && truthOf(i) !== want.truth) continue;
      chosen[n++] = i;
    }
    const way = want.up ? 1 : 0, rising = RISING.includes(want.sort);
    document.getElementById("way").textContent = (WAYS[want.sort] ?? ["high to low", "low to high"])[way];
    order = sorted(chosen.subarray(0, n), want.sort === "probability" ? columns.bits : columns[want.sort], !want.up !== rising);
    if (!columns[want.sort] && RANKS.includes(want.sort)) load(`data/rank-${want.sort}.js`);
    document.getElementById("count").textContent =
      `${n.toLocaleString("en")} of ${columns.count.toLocaleString("en")} images`;
    document.getElementById("none").hidden = n > 0;
    document.getElementById("said").textContent = inWords();
    layout();
  }

  // Takes a value of the histogram as the least or the greatest that is kept.
  function cutAt(value, isMost) {
    const field = form.elements[isMost ? "most" : "least"];
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // What is set, for paper, which shows no form.
  function inWords() {
    const set = [...form.elements].sort((a, b) => (a.name === "sort") - (b.name === "sort")).filter((field) => field.name && field.name !== "up"
      && (field.type === "radio" ? field.checked : true) && (field.name === "sort" || valueOf(field.name) !== defaults[field.name]));
    const words = set.map((field) => `${field.dataset.said ?? field.closest("label").firstChild.textContent.trim()} `
      + (field.type === "radio" ? field.getAttribute("aria-label") ?? field.value
        : field.selectedOptions?.[0].text ?? (field.type === "checkbox" ? "" : field.value)));
    return `${words.join("; ")}, ${document.getElementById("way").textContent}`;
  }

  // Counting sorts, 16 bits at a time: a million rows take some milliseconds. Stable.
  function sorted(chosen, keys, down) {
    if (!keys) return down ? chosen : chosen.slice().reverse();
    const flip = down ? 65535 : 0;
    let from = chosen, to = new Uint32Array(chosen.length);
    for (let shift = 0; shift < 8 * keys.BYTES_PER_ELEMENT; shift += 16) {
      const counts = new Uint32Array(65537);
      const digit = (i) => ((keys[i] >>> shift) & 65535) ^ flip;
      for (let at = 0; at < from.length; at++) counts[digit(from[at]) + 1]++;
      for (let value = 0; value < 65536; value++) counts[value + 1] += counts[value];
      for (let at = 0; at < from.length; at++) to[counts[digit(from[at])]++] = from[at];
      [from, to] = [to, shift ? to : new Uint32Array(chosen.length)];
    }
    return from;
  }

  // ---- the grid

  // Tiles lie on a lane at the place of their row. While somebody scrolls, the browser moves lane
  // and page as one, pixel by pixel, and only new rows are drawn. Where a page can't be as tall as
  // its rows, the lane slips along it: at once when the scroll bar leaps, and in a rest by what
  // brings the scroll bar back to its share of the rows.
  const lane = document.createElement("div");
  let cell = CELL, high = CELL + TEXT, full = 0, tall = 0, start = 0, slip = 0, anchor = 0, last = 0, resting = true, flying = false, rest = 0, due = 0;
  let spare = [];
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
    full = Math.ceil(order.length / perRow) * high;
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
    resting = false;
    clearTimeout(rest);
    rest = setTimeout(settle, REST);
    draw();
  }

  function settle() {
    resting = true;
    flying = false;
    if (full !== tall) goTo(last + slip);
    draw();
    const focused = document.activeElement;
    lane.append(...[...tiles].sort(([a], [b]) => a - b).map(([, tile]) => tile.element));
    if (lane.contains(focused)) focused.focus({ preventScroll: true });
  }

  function draw() {
    if (!columns) return;
    const real = last + slip, rows = Math.ceil(innerHeight / high) + 3;
    const first = Math.max(0, Math.floor(real / high) - 1) * perRow;
    const end = Math.min(order.length, first + rows * perRow);
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
    waiting = [];
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
    const i = order[at], truth = truthOf(i), { element } = tile;
    const x = (at % perRow) * (cell + GAP), y = Math.floor(at / perRow) * high - anchor;
    Object.assign(tile, { i, shard: shardOf(i), filled: false });
    element.className = `tile ${truth}`;
    element.style.transform = `translate(${x}px, ${y}px)`;
    delete element.dataset.filled;
    tile.context.clearRect(0, 0, tile.drawing.width, tile.drawing.height);
    tile.said.textContent = columns.names[columns.predicted[i]];
    tile.scored.textContent = percent(columns.probability[i])
      + (truth === "wrong" ? ` ✗ true: ${columns.names[columns.label[i]]}` : "");
    element.onclick = () => { here = at; open(); };
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
    const shard = need(tile.shard);
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
    const [top, left, height, width] = columns.picture;
    const sprite = columns.sprite, at = row % sprite.sheet;
    const x = (at % sprite.columns) * sprite.side + left, y = Math.floor(at / sprite.columns) * sprite.side + top;
    return sheet && { source: sheet, x, y, width, height };
  }

  function mapOf({ height, width }, at, maps) {
    const cells = height * width;
    return { height, width, levels: maps.subarray(at * cells, (at + 1) * cells) };
  }

  function paint(context, place, picture, map, i, view = valueOf("view")) {
    const scale = form.elements.common.checked ? columns.strength[i] / 65535 : 1;
    heat.paint(context, place, picture, map, view, valueOf("colours"), scale);
  }

  function repaint() {
    for (const tile of tiles.values()) tile.filled = false;
    soon();
    show();
  }

  // ---- one image

  function show() {
    if (!box.open || !order.length) return;
    const i = order[here], number = shardOf(i), shard = need(number);
    if (!shard) return;
    const row = i - columns.starts[number], view = form.elements.view.value, truth = truthOf(i);
    const name = columns.names[columns.predicted[i]], path = shard.paths[row];
    showPicture(shard, row, i, view);
    for (const button of box.querySelectorAll("[data-step]")) {
      const there = here + Number(button.dataset.step);
      button.setAttribute("aria-disabled", there < 0 || there >= order.length);
    }
    for (const button of box.querySelectorAll(".switch button")) {
      button.setAttribute("aria-pressed", button.value === view);
    }
    box.className = truth;
    document.getElementById("box-title").textContent = path;
    marks.show(shard.ids[row], path);
    const scores = shard.top[row].map((index, at) => [columns.names[index], shard.scores[row][at], index]);
    if (truth === "wrong" && !shard.top[row].includes(columns.label[i]) && shard.truth[row] !== null) {
      scores.push([columns.names[columns.label[i]], shard.truth[row], columns.label[i]]);
    }
    box.querySelector("tbody").replaceChildren(...scores.map(([text, score, index]) => {
      const line = document.createElement("tr"), head = document.createElement("th"),
        cell = document.createElement("td"), bar = document.createElement("i");
      head.scope = "row";
      head.textContent = text + (index === columns.label[i] ? " (true)" : "");
      bar.style.setProperty("--share", score);
      cell.append(percent(score), bar);
      line.append(head, cell);
      return line;
    }));
    const region = columns.region[i];
    const facts = [
      ["verdict", truth === "unknown" ? `predicted as ${name}; it has no label`
        : truth === "right" ? `right: predicted as ${name}` : `wrong: predicted as ${name}, true: ${columns.names[columns.label[i]]}`],
      ["most heat", region < 9 ? `${columns.regions[region]}, ${percent(columns.share[i] / 65535, 0)} of it` : "none: the map is empty"],
      ["at the border", percent(columns.border[i] / 255, 0)],
      ["hottest tenth", `${percent(columns.concentration[i] / 255, 0)} of the heat`],
      ["strength", `${percent(columns.strength[i] / 65535, 1)} of the strongest`],
      ["size", shard.sizes[row].join(" × ")],
      ...chosenProperty(i),
      ["image", `${(here + 1).toLocaleString("en")} of ${order.length.toLocaleString("en")}`],
    ];
    box.querySelector("dl").replaceChildren(...facts.flatMap(([term, text]) => {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = term; dd.textContent = text;
      return [dt, dd];
    }));
    const further = shard.further.rows.flatMap((owner, at) => owner === row ? [at] : []);
    box.querySelector(".further").replaceChildren(...further.map((at) => {
      const figure = document.createElement("figure"), drawing = document.createElement("canvas"),
        caption = document.createElement("figcaption");
      drawing.width = drawing.height = 256;
      drawing.setAttribute("role", "img");
      drawing.setAttribute("aria-label", `overlay of the heat for ${columns.names[shard.further.classes[at]]}`);
      const further = mapOf(shard, at, shard.further.maps);
      const picture = cut(sheetOf(shard, row), row);
      heat.paint(drawing.getContext("2d"), [0, 0, 256, 256], picture, further, "overlay", valueOf("colours"), 1);
      caption.textContent = `heat for ${columns.names[shard.further.classes[at]]}`;
      figure.append(drawing, caption);
      return figure;
    }));
  }

  // The photo itself where it still is; else what the model saw of it, or the overlay as it is stored.
  function showPicture(shard, row, i, view) {
    const path = shard.paths[row], url = photoOf(path);
    if (original.getAttribute("src") !== url) original.setAttribute("src", url);
    const there = original.complete && original.naturalWidth > 0;
    const lost = original.complete && !there;
    stored.hidden = !(lost && columns.overlays && view === "overlay" && shard.overlays[row]);
    canvas.hidden = !stored.hidden;
    stored.alt = `Overlay of ${path}`;
    if (!stored.hidden && stored.getAttribute("src") !== shard.overlays[row]) stored.src = shard.overlays[row];
    const [height, width] = there ? [original.naturalHeight, original.naturalWidth] : columns.picture.slice(2);
    const zoom = Math.min(there ? 4 : 8, 1280 / Math.max(height, width));
    canvas.width = Math.round(width * zoom);
    canvas.height = Math.round(height * zoom);
    const picture = there ? { source: original, x: 0, y: 0, width, height } : cut(sheetOf(shard, row), row);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    paint(context, [0, 0, canvas.width, canvas.height], picture, mapOf(shard, row, shard.maps), i, view);
    canvas.setAttribute("aria-label", `${view} of ${path}`);
    const file = document.getElementById("box-file");
    file.href = shard.overlays[row] ?? (there ? url : `${shard.sprites}/${Math.floor(row / columns.sprite.sheet)}.jpg`);
    file.textContent = shard.overlays[row] ? "stored overlay" : there ? "photo" : "small pictures";
    file.hidden = !columns.overlays;
  }

  const photoOf = (path) => columns.photos === null ? "data:,"
    : (path.startsWith("/") ? "file://" : columns.photos) + path.split("/").map(encodeURIComponent).join("/");

  function open() {
    if (!order.length) return;
    if (!box.open) box.showModal();
    show();
    draw();
    writeAddress();
  }

  function move(step) {
    if (!order.length) return;
    here = Math.max(0, Math.min(order.length - 1, here + step));
    const top = Math.floor(here / perRow) * high, real = last + slip;
    if (top < real + BAR) goTo(top - BAR);
    else if (top + high > real + innerHeight) goTo(top + high - innerHeight + 10);
    draw();
    show();
    writeAddress();
  }

  // ---- the address

  function writeAddress() {
    const state = new URLSearchParams();
    for (const name of FIELDS) if (valueOf(name) !== defaults[name]) state.set(name, valueOf(name));
    if (box.open) {
      const number = shardOf(order[here]);
      state.set("image", `${columns.shards[number]}-${order[here] - columns.starts[number]}`);
    }
    history.replaceState(null, "", `#${state}`);
  }

  function fillForm(state) {
    for (const name of FIELDS) {
      const field = form.elements[name], value = state.get(name) ?? defaults[name];
      if (field.type === "checkbox") field.checked = value !== "";
      else field.value = value;
    }
  }

  function readAddress() {
    const state = new URLSearchParams(location.hash.slice(1));
    fillForm(state);
    here = 0;
    select();
    const asked = state.get("image");
    if (asked === null) { box.close(); return; }
    const [, shard, row] = /^(.+)-(\d+)$/.exec(asked) ?? [];
    const number = columns.shards.indexOf(shard);
    if (number < 0) return;
    const image = columns.starts[number] + Number(row);
    // An image is shown though the filters that came along leave it out.
    if (!order.includes(image)) { fillForm(new URLSearchParams()); select(); }
    const at = order.indexOf(image);
    if (at >= 0) { here = at; move(0); open(); }
  }

  // ---- hands on it

  for (const name of FIELDS) defaults[name] = valueOf(name);
  const changed = (event) => {
    if (["view", "colours", "common"].includes(event.target.name)) repaint();
    else { here = 0; select(); if (scrollY > start) goTo(-BAR); draw(); }
    writeAddress();
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { here = 0; select(); writeAddress(); }));
  const toggle = document.getElementById("toggle");
  toggle.onclick = () => {
    toggle.setAttribute("aria-expanded", form.classList.toggle("shown"));
    layout();
  };
  // On a telephone the filters cover the images.
  form.querySelector(".apply button").onclick = () => {
    toggle.click();
    toggle.focus();
    scrollTo(0, 0);
  };
  addEventListener("scroll", scrolled, { passive: true });
  original.onload = original.onerror = show;
  addEventListener("resize", () => columns && layout());
  addEventListener("hashchange", () => columns && readAddress());
  function setView(view) {
    form.elements.view.value = view;
    repaint();
    writeAddress();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || form.contains(event.target)) return;
    if (event.target.closest?.(".mark") && event.key !== "Escape") return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow };
    const views = { 1: "overlay", 2: "photo", 3: "heat" };
    if (box.open) Object.assign(steps, { Home: -Infinity, End: Infinity });
    if (event.key in steps) {
      move(steps[event.key]);
      grid.dataset.keys = "";
      if (!box.open && document.activeElement !== document.body) tiles.get(here)?.element.focus({ preventScroll: true });
    }
    else if (event.key in views) setView(views[event.key]);
    else if (event.key === " " && box.open) setView(valueOf("view") === "photo" ? "overlay" : "photo");
    else if (event.key === "Enter" && !box.open && event.target === document.body) open();
    else return;
    event.preventDefault();
  });
  // Firefox presses a button when the space bar comes up.
  box.addEventListener("keyup", (event) => { if (event.key === " ") event.preventDefault(); });
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (event.target === box || button?.matches("[data-close]")) box.close();
    else if (button?.dataset.step) move(Number(button.dataset.step));
    else if (button?.value) setView(button.value);
  });
  box.addEventListener("close", () => { writeAddress(); tiles.get(here)?.element.focus({ preventScroll: true }); });

  return { columns: takeColumns, shard: takeShard, ranks: takeRanks, values: takeValues, paths: takePaths, has: (name) => name in columns };
})();
