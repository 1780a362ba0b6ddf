"use strict";

// The gallery of every image. Pages on disk may not fetch, so data comes as scripts that call
// convaudit.columns (all images, to filter and sort by) and convaudit.shard (when it is seen).
const convaudit = (() => {
  const CELL = 144, GAP = 14, ROW = 206, SPRITE = 128, PER_ROW = 16, SHEET = 64, NO_LABEL = 65535;
  // Browsers end an element at some 17 million pixels; beyond this, scrolling is geared.
  const TALLEST = 12e6;
  const CACHED = 64, AT_ONCE = 4;
  const REGIONS = ["top left corner", "top edge", "top right corner", "left edge", "centre",
    "right edge", "bottom left corner", "bottom edge", "bottom right corner"];
  const STOPS = {
    inferno: ["000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4"],
    viridis: ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"],
    cividis: ["00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838"],
    jet: ["000080", "0000f1", "004cff", "00b0ff", "29ffce", "7dff7a", "ceff29", "ffc400", "ff6800", "800000"],
  };
  const TYPES = { label: Uint16Array, predicted: Uint16Array, probability: Uint16Array,
    strength: Uint16Array, concentration: Uint8Array, border: Uint8Array, region: Uint8Array,
    share: Uint16Array };
  const FIELDS = ["label", "predicted", "truth", "region", "share", "concentration", "from", "to",
    "sort", "up", "view", "colours", "common"];
  const form = document.getElementById("filters");
  const grid = document.getElementById("grid");
  const box = document.getElementById("lightbox");
  const [canvas, picture] = box.querySelector(".stage").children;
  const defaults = {};
  const shards = new Map(), sheets = new Map(), loading = new Set(), failed = new Set(), tiles = new Map();
  let columns, order = new Uint32Array(0), here = 0, perRow = 1, waiting = [];

  const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)}%`;
  const truthOf = (i) => columns.label[i] === NO_LABEL ? "unknown"
    : columns.label[i] === columns.predicted[i] ? "right" : "wrong";

  function unpack(text, type) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new type(bytes.buffer);
  }

  const palettes = Object.fromEntries(Object.entries(STOPS).map(([name, stops]) => {
    const rgb = stops.map((s) => [0, 2, 4].map((at) => parseInt(s.slice(at, at + 2), 16)));
    return [name, Array.from({ length: 256 }, (_, level) => {
      const at = level / 255 * (rgb.length - 1), low = Math.min(rgb.length - 2, Math.floor(at));
      return rgb[low].map((v, i) => v + (rgb[low + 1][i] - v) * (at - low));
    })];
  }));

  // ---- data

  function takeColumns(data) {
    columns = data;
    for (const [name, type] of Object.entries(TYPES)) data[name] = unpack(data[name], type);
    const fill = (select, used) => {
      for (let i = 0; i < data.names.length; i++) if (used[i]) select.add(new Option(data.names[i], i));
    };
    for (const name of ["label", "predicted"]) {
      const used = new Uint8Array(NO_LABEL + 1);
      for (const i of data[name]) used[i] = 1;
      fill(form[name], used);
    }
    readAddress();
  }

  function takeShard(name, data) {
    const number = columns.shards.indexOf(name);
    for (const maps of [data, data.further]) maps.maps = unpack(maps.maps, Uint8Array);
    loading.delete(number);
    shards.set(number, data);
    if (shards.size > CACHED) shards.delete(shards.keys().next().value);
    for (const tile of tiles.values()) if (tile.shard === number) fillTile(tile);
    show();
    pump();
  }

  // The sheet with a row's photo: undefined until it is there, null where it can't be read.
  function sheetOf(data, row) {
    const url = `${data.sprites}/${Math.floor(row / SHEET)}.jpg`;
    if (!sheets.has(url)) {
      if (sheets.size >= CACHED) {
        const oldest = sheets.keys().next().value;
        sheets.get(oldest)?.close();
        sheets.delete(oldest);
      }
      sheets.set(url, undefined);
      loadSheet(url).then((sheet) => {
        sheets.set(url, sheet);
        for (const tile of tiles.values()) if (tile.sheet === url) fillTile(tile);
        show();
      });
    }
    return { url, sheet: sheets.get(url) };
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

  function pump() {
    while (waiting.length && loading.size < AT_ONCE) {
      const number = waiting.shift(), script = document.createElement("script");
      if (shards.has(number) || loading.has(number)) continue;
      loading.add(number);
      script.src = `data/${columns.shards[number]}.js`;
      script.onload = () => script.remove();
      script.onerror = () => { loading.delete(number); failed.add(number); script.remove(); pump(); };
      document.body.append(script);
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
    const atLeast = [["from", "probability", 65535], ["share", "share", 65535], ["concentration", "concentration", 255]]
      .filter(([field]) => want[field] !== "").map(([field, name, full]) => [columns[name], want[field] / 100 * full]);
    const atMost = want.to === "" ? Infinity : want.to / 100 * 65535;
    const chosen = new Uint32Array(columns.count);
    let n = 0;
    next: for (let i = 0; i < columns.count; i++) {
      for (const [column, value] of exactly) if (column[i] !== value) continue next;
      for (const [column, least] of atLeast) if (column[i] < least) continue next;
      if (columns.probability[i] > atMost) continue;
      if (want.truth && truthOf(i) !== want.truth) continue;
      chosen[n++] = i;
    }
    order = sorted(chosen.subarray(0, n), columns[want.sort], !want.up);
    document.getElementById("count").textContent =
      `${n.toLocaleString("en")} of ${columns.count.toLocaleString("en")} images`;
    layout();
  }

  // A counting sort: keys are at most 16 bits, so a million rows take some milliseconds. Stable.
  function sorted(chosen, keys, down) {
    if (!keys) return down ? chosen : chosen.slice().reverse();
    const flip = down ? 65535 : 0, counts = new Uint32Array(65537), out = new Uint32Array(chosen.length);
    for (let at = 0; at < chosen.length; at++) counts[(keys[chosen[at]] ^ flip) + 1]++;
    for (let key = 0; key < 65536; key++) counts[key + 1] += counts[key];
    for (let at = 0; at < chosen.length; at++) out[counts[keys[chosen[at]] ^ flip]++] = chosen[at];
    return out;
  }

  // ---- the grid

  let full = 0, gear = 1;

  function layout() {
    perRow = Math.max(1, Math.floor((grid.clientWidth + GAP) / (CELL + GAP)));
    full = Math.ceil(order.length / perRow) * ROW;
    const tall = Math.min(full, TALLEST);
    gear = full > tall ? (full - innerHeight) / (tall - innerHeight) : 1;
    grid.style.height = `${tall}px`;
    for (const tile of tiles.values()) tile.element.remove();
    tiles.clear();
    draw();
  }

  const gridTop = () => grid.getBoundingClientRect().top + scrollY;

  function draw() {
    if (!columns) return;
    const offset = Math.max(0, scrollY - gridTop()), real = offset * gear;
    const first = Math.max(0, Math.floor(real / ROW) - 1) * perRow;
    const last = Math.min(order.length, first + (Math.ceil(innerHeight / ROW) + 3) * perRow);
    for (const [at, tile] of tiles) {
      if (at < first || at >= last) { tile.element.remove(); tiles.delete(at); }
    }
    waiting = [];
    for (let at = first; at < last; at++) {
      let tile = tiles.get(at);
      if (!tile) tiles.set(at, tile = makeTile(at));
      const x = (at % perRow) * (CELL + GAP), y = offset + Math.floor(at / perRow) * ROW - real;
      tile.element.style.transform = `translate(${x}px, ${y}px)`;
      tile.element.toggleAttribute("data-here", at === here);
      if (!tile.filled) fillTile(tile);
    }
  }

  function makeTile(at) {
    const i = order[at], element = document.createElement("button"), truth = truthOf(i);
    const drawing = document.createElement("canvas"), said = document.createElement("b"), rest = document.createElement("span");
    element.type = "button";
    element.className = `tile ${truth}`;
    drawing.width = drawing.height = CELL * Math.min(2, Math.ceil(devicePixelRatio));
    said.textContent = columns.names[columns.predicted[i]];
    rest.textContent = percent(columns.probability[i] / 65535)
      + (truth === "wrong" ? ` ✗ is ${columns.names[columns.label[i]]}` : "");
    element.append(drawing, said, rest);
    element.onclick = () => { here = at; open(); };
    grid.append(element);
    return { element, drawing, i, shard: shardOf(i), filled: false };
  }

  function fillTile(tile) {
    const shard = tile.data ??= need(tile.shard);
    if (!shard) return;
    const row = tile.i - columns.starts[tile.shard];
    tile.element.title = shard.paths[row];
    const { url, sheet } = sheetOf(shard, row);
    tile.sheet = url;
    if (sheet === undefined) return;
    paint(tile.drawing, shard, row, sheet, form.elements.view.value, scaleOf(tile.i));
    tile.filled = true;
    tile.element.dataset.filled = "";
  }

  const scaleOf = (i) => form.elements.common.checked ? columns.strength[i] / 65535 : 1;

  function paint(target, shard, row, sheet, view, scale, source = shard, at = row) {
    const context = target.getContext("2d"), zoom = target.width / SPRITE;
    const [top, left, height, width] = columns.picture;
    context.clearRect(0, 0, target.width, target.height);
    context.imageSmoothingQuality = "high";
    const place = [left * zoom, top * zoom, width * zoom, height * zoom];
    if (view !== "heat" && sheet) {
      const x = (row % PER_ROW) * SPRITE + left, y = Math.floor(row % SHEET / PER_ROW) * SPRITE + top;
      context.drawImage(sheet, x, y, width, height, ...place);
    }
    if (view === "photo") return;
    const small = document.createElement("canvas"), cells = shard.height * shard.width;
    const palette = palettes[form.elements.colours.value];
    small.width = shard.width; small.height = shard.height;
    const pixels = new ImageData(shard.width, shard.height);
    for (let k = 0; k < cells; k++) {
      const level = Math.round(source.maps[at * cells + k] * scale);
      pixels.data.set(palette[level], 4 * k);
      pixels.data[4 * k + 3] = view === "heat" ? 255 : 36 + level * 0.66;
    }
    small.getContext("2d").putImageData(pixels, 0, 0);
    context.drawImage(small, ...place);
  }

  function repaint() {
    for (const tile of tiles.values()) { tile.filled = false; fillTile(tile); }
    show();
  }

  // ---- one image

  function show() {
    if (!box.open || !order.length) return;
    const i = order[here], number = shardOf(i), shard = need(number);
    if (!shard) return;
    const row = i - columns.starts[number], view = form.elements.view.value, truth = truthOf(i);
    const name = columns.names[columns.predicted[i]], path = shard.paths[row];
    const large = view === "overlay", { sheet } = sheetOf(shard, row);
    paint(canvas, shard, row, sheet, view, scaleOf(i));
    canvas.setAttribute("aria-label", `${view} of ${path}`);
    picture.alt = `Overlay of ${path} at its own size`;
    if (picture.getAttribute("src") !== shard.overlays[row]) {
      picture.hidden = true;
      picture.setAttribute("src", shard.overlays[row]);
    }
    picture.onload = () => { picture.hidden = !large; canvas.hidden = large; };
    picture.onerror = () => { picture.hidden = true; canvas.hidden = false; };
    const ready = large && picture.complete && picture.naturalWidth > 0;
    picture.hidden = !ready; canvas.hidden = ready;
    for (const button of box.querySelectorAll(".switch button")) {
      button.setAttribute("aria-pressed", button.value === view);
    }
    box.className = truth;
    document.getElementById("box-title").textContent = path;
    const scores = shard.top[row].map((index, at) => [columns.names[index], shard.scores[row][at], index]);
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
      ["verdict", truth === "unknown" ? `called ${name}; it has no label`
        : truth === "right" ? `right: called ${name}` : `wrong: called ${name}, is ${columns.names[columns.label[i]]}`],
      ["most heat", region < 9 ? `${REGIONS[region]}, ${percent(columns.share[i] / 65535, 0)} of it` : "none: the map is empty"],
      ["at the border", percent(columns.border[i] / 255, 0)],
      ["hottest tenth", `${percent(columns.concentration[i] / 255, 0)} of the heat`],
      ["strength", `${percent(columns.strength[i] / 65535, 1)} of the strongest`],
      ["size", shard.sizes[row].join(" × ")],
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
      paint(drawing, shard, row, sheet, "overlay", 1, shard.further, at);
      caption.textContent = `heat for ${columns.names[shard.further.classes[at]]}`;
      figure.append(drawing, caption);
      return figure;
    }));
  }

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
    const top = Math.floor(here / perRow) * ROW, start = gridTop() - 70;
    const seen = (scrollY - gridTop()) * gear;
    if (top < seen + 70) scrollTo(0, start + top / gear);
    else if (top + ROW > seen + innerHeight) scrollTo(0, gridTop() + (top + ROW - innerHeight) / gear + 10);
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

  function readAddress() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name of FIELDS) {
      const field = form.elements[name], value = state.get(name) ?? defaults[name];
      if (field.type === "checkbox") field.checked = value !== "";
      else field.value = value;
    }
    here = 0;
    select();
    const [, shard, row] = /^(.+)-(\d+)$/.exec(state.get("image") ?? "") ?? [];
    const number = columns.shards.indexOf(shard);
    if (number < 0) return;
    const at = order.indexOf(columns.starts[number] + Number(row));
    if (at >= 0) { here = at; move(0); open(); }
  }

  // ---- hands on it

  for (const name of FIELDS) defaults[name] = valueOf(name);
  const changed = (event) => {
    if (["view", "colours", "common"].includes(event.target.name)) repaint();
    else { here = 0; select(); if (scrollY > gridTop()) scrollTo(0, gridTop() - 70); }
    writeAddress();
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { here = 0; select(); writeAddress(); }));
  document.getElementById("toggle").onclick = (event) => {
    const shown = form.classList.toggle("shown");
    event.currentTarget.setAttribute("aria-expanded", shown);
    layout();
  };
  addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", () => columns && layout());
  addEventListener("hashchange", () => columns && readAddress());
  function setView(view) {
    form.elements.view.value = view;
    repaint();
    writeAddress();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || form.contains(event.target)) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow };
    const views = { 1: "overlay", 2: "photo", 3: "heat" };
    if (event.key in steps) move(steps[event.key]);
    else if (event.key in views) setView(views[event.key]);
    else if (event.key === "Enter" && !box.open && event.target === document.body) open();
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (event.target === box || button?.matches("[data-close]")) box.close();
    else if (button?.dataset.step) move(Number(button.dataset.step));
    else if (button?.value) setView(button.value);
  });
  box.addEventListener("close", () => { writeAddress(); tiles.get(here)?.element.focus({ preventScroll: true }); });

  return { columns: takeColumns, shard: takeShard };
})();
