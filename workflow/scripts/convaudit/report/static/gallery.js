"use strict";

// The gallery of every image. Pages on disk may not fetch, so data comes as scripts that call
// convaudit.columns (all images, to filter and sort by) and convaudit.shard (when it is seen).
const convaudit = (() => {
  const CELL = 136, GAP = 14, ROW = 178, SPRITE = 128, PER_ROW = 16, NO_LABEL = 65535;
  const REGIONS = ["top left corner", "top edge", "top right corner", "left edge", "centre",
    "right edge", "bottom left corner", "bottom edge", "bottom right corner"];
  const STOPS = {
    viridis: ["440154", "3b528b", "21918c", "5ec962", "fde725"],
    inferno: ["000004", "56106e", "bb3754", "f98c0a", "fcffa4"],
    jet: ["000080", "0080ff", "80ff80", "ff8000", "800000"],
  };
  const form = document.getElementById("filters");
  const gallery = document.getElementById("gallery");
  const box = document.getElementById("lightbox");
  const shards = new Map();
  let columns, order = new Uint32Array(0), here = 0, perRow = 1;

  const unpack = (text, type) => {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new type(bytes.buffer);
  };

  const palettes = Object.fromEntries(Object.entries(STOPS).map(([name, stops]) => {
    const rgb = stops.map((s) => [0, 2, 4].map((at) => parseInt(s.slice(at, at + 2), 16)));
    return [name, Array.from({ length: 256 }, (_, level) => {
      const at = level / 255 * 4, low = Math.min(3, Math.floor(at));
      return rgb[low].map((v, i) => v + (rgb[low + 1][i] - v) * (at - low));
    })];
  }));

  function takeColumns(data) {
    columns = data;
    const types = { label: Uint16Array, predicted: Uint16Array, probability: Uint16Array,
      strength: Uint8Array, concentration: Uint8Array, region: Uint8Array,
      shard: Uint16Array, row: Uint16Array };
    for (const [name, type] of Object.entries(types)) data[name] = unpack(data[name], type);
    const fill = (select, entries) => entries.forEach(([value, text]) => select.add(new Option(text, value)));
    const used = (column) => [...new Set(column)].filter((i) => i !== NO_LABEL).sort((a, b) => a - b)
      .map((i) => [i, data.names[i]]);
    fill(form.label, used(data.label));
    fill(form.predicted, used(data.predicted));
    fill(form.region, [...REGIONS.entries(), [255, "nowhere: empty map"]]);
    readAddress();
  }

  function takeShard(shard, data) {
    data.maps = unpack(data.maps, Uint8Array);
    const sprite = new Image();
    sprite.onload = () => { data.image = sprite; shards.set(shard, data); draw(); show(); };
    sprite.src = data.sprite;
  }

  function load(shard) {
    if (shards.has(shard)) return shards.get(shard);
    shards.set(shard, null);
    const script = document.createElement("script");
    script.src = `data/${shard}.js`;
    document.body.append(script);
    return null;
  }

  const truthOf = (i) => columns.label[i] === NO_LABEL ? "unknown"
    : columns.label[i] === columns.predicted[i] ? "right" : "wrong";

  function select() {
    const { label, predicted, truth, region, sort, up } = form;
    const chosen = new Uint32Array(columns.count);
    let n = 0;
    for (let i = 0; i < columns.count; i++) {
      if (label.value !== "" && columns.label[i] !== +label.value) continue;
      if (predicted.value !== "" && columns.predicted[i] !== +predicted.value) continue;
      if (region.value !== "" && columns.region[i] !== +region.value) continue;
      if (truth.value !== "" && truthOf(i) !== truth.value) continue;
      chosen[n++] = i;
    }
    order = chosen.subarray(0, n);
    const column = columns[sort.value], sign = up.checked ? 1 : -1;
    order.sort(column ? (a, b) => sign * (column[a] - column[b]) || a - b : (a, b) => a - b);
    here = Math.min(here, Math.max(0, n - 1));
    document.getElementById("count").textContent = `${n.toLocaleString("en")} of ${columns.count.toLocaleString("en")} images`;
    layout();
  }

  function layout() {
    perRow = Math.max(1, Math.floor((gallery.clientWidth - GAP) / (CELL + GAP)));
    gallery.firstElementChild.style.height = `${Math.ceil(order.length / perRow) * ROW + GAP}px`;
    draw();
  }

  function draw() {
    if (!columns) return;
    const first = Math.max(0, Math.floor(gallery.scrollTop / ROW) - 1) * perRow;
    const last = Math.min(order.length, first + (Math.ceil(gallery.clientHeight / ROW) + 3) * perRow);
    const tiles = [];
    for (let at = first; at < last; at++) tiles.push(tile(at));
    gallery.firstElementChild.replaceChildren(...tiles);
  }

  function tile(at) {
    const i = order[at], shard = load(columns.shards[columns.shard[i]]);
    const element = document.createElement("div"), canvas = document.createElement("canvas");
    element.className = `tile-image ${truthOf(i)}${at === here ? " here" : ""}`;
    element.style.left = `${GAP + (at % perRow) * (CELL + GAP)}px`;
    element.style.top = `${GAP + Math.floor(at / perRow) * ROW}px`;
    canvas.width = canvas.height = CELL;
    const text = document.createElement("span");
    text.textContent = `${columns.names[columns.predicted[i]]} ${(columns.probability[i] / 655.35).toFixed(1)}%`;
    element.append(canvas, text);
    element.onclick = () => { here = at; open(); };
    if (shard) {
      paint(canvas, shard, i, form.view.value);
      element.title = shard.paths[columns.row[i]];
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${shard.paths[columns.row[i]]}, called ${text.textContent}`);
    }
    return element;
  }

  function paint(canvas, shard, i, view) {
    const context = canvas.getContext("2d"), row = columns.row[i], size = canvas.width;
    const x = (row % PER_ROW) * SPRITE, y = Math.floor(row / PER_ROW) * SPRITE;
    context.clearRect(0, 0, size, size);
    if (view !== "heat") context.drawImage(shard.image, x, y, SPRITE, SPRITE, 0, 0, size, size);
    if (view === "photo") return;
    const { height, width, maps } = shard, small = document.createElement("canvas");
    const palette = palettes[form.colours.value];
    const scale = form.common.checked ? columns.strength[i] / 255 : 1;
    small.width = width; small.height = height;
    const pixels = new ImageData(width, height), start = row * height * width;
    for (let k = 0; k < height * width; k++) {
      const level = Math.round(maps[start + k] * scale);
      pixels.data.set(palette[level], 4 * k);
      pixels.data[4 * k + 3] = view === "heat" ? 255 : 40 + level * 0.7;
    }
    small.getContext("2d").putImageData(pixels, 0, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, size, size);
  }

  function show() {
    if (!box.open || !order.length) return;
    const i = order[here], shard = load(columns.shards[columns.shard[i]]);
    if (!shard) return;
    const row = columns.row[i], truth = truthOf(i);
    paint(box.querySelector("canvas"), shard, i, form.view.value);
    const picture = box.querySelector("img");
    picture.src = shard.overlays[row];
    picture.alt = `Overlay of ${shard.paths[row]} at its own size`;
    const region = columns.region[i];
    box.querySelector(".about").textContent = `${shard.paths[row]}: called ${columns.names[columns.predicted[i]]} `
      + `(${(columns.probability[i] / 655.35).toFixed(1)}%)`
      + (truth === "unknown" ? "" : `, is ${columns.names[columns.label[i]]}: ${truth}`)
      + (region < 9 ? `. Most heat in the ${REGIONS[region]}.` : ". The map is empty.");
  }

  function open() {
    if (!order.length) return;
    if (!box.open) box.showModal();
    writeAddress();
    draw();
    show();
  }

  function move(step) {
    here = Math.max(0, Math.min(order.length - 1, here + step));
    const top = Math.floor(here / perRow) * ROW;
    if (top < gallery.scrollTop) gallery.scrollTop = top;
    if (top + ROW > gallery.scrollTop + gallery.clientHeight) gallery.scrollTop = top + ROW - gallery.clientHeight;
    draw();
    if (box.open) { show(); writeAddress(); }
  }

  const FIELDS = ["label", "predicted", "truth", "region", "sort", "view", "colours"];
  const defaults = {};

  function writeAddress() {
    const state = new URLSearchParams();
    for (const name of FIELDS) if (form[name].value !== defaults[name]) state.set(name, form[name].value);
    if (form.up.checked) state.set("up", "1");
    if (form.common.checked) state.set("common", "1");
    if (box.open) {
      const shard = shards.get(columns.shards[columns.shard[order[here]]]);
      if (shard) state.set("open", shard.ids[columns.row[order[here]]]);
    }
    const text = state.toString();
    history.replaceState(null, "", text ? `#images?${text}` : "#images");
  }

  function readAddress() {
    const [section, text] = location.hash.split("?");
    const state = new URLSearchParams(text || "");
    for (const name of FIELDS) form[name].value = state.get(name) ?? defaults[name];
    form.up.checked = state.has("up");
    form.common.checked = state.has("common");
    select();
    if (section === "#images" && text) document.getElementById("images").scrollIntoView();
    if (state.has("open")) find(state.get("open"));
  }

  // An image is found by its id shard by shard: only a shared link needs it.
  function find(id) {
    let next = 0;
    const look = () => {
      while (next < columns.shards.length) {
        const shard = load(columns.shards[next]);
        if (!shard) return void setTimeout(look, 30);
        const row = shard.ids.indexOf(id);
        if (row >= 0) {
          const at = order.findIndex((i) => columns.shard[i] === next && columns.row[i] === row);
          if (at >= 0) { here = at; move(0); open(); }
          return;
        }
        next++;
      }
    };
    look();
  }

  for (const name of FIELDS) defaults[name] = form[name].value;
  form.addEventListener("change", () => { here = 0; gallery.scrollTop = 0; select(); writeAddress(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  gallery.addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", layout);
  addEventListener("hashchange", () => location.hash.startsWith("#images") && readAddress());
  const keys = (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow };
    const views = { 1: "photo", 2: "heat", 3: "overlay" };
    if (event.key in steps) move(steps[event.key]);
    else if (event.key in views) { form.view.value = views[event.key]; draw(); show(); writeAddress(); }
    else if (event.key === "Enter" && !box.open) open();
    else return;
    event.preventDefault();
  };
  gallery.addEventListener("keydown", keys);
  box.addEventListener("keydown", (event) => { if (event.target.tagName !== "BUTTON" || event.key !== "Enter") keys(event); });
  box.querySelector("button").onclick = () => box.close();
  box.addEventListener("close", () => { writeAddress(); gallery.focus(); });

  return { columns: takeColumns, shard: takeShard };
})();
