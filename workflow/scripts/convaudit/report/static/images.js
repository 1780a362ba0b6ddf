"use strict";

// What is known of the images, and which of them the filters keep, in which order. Pages on disk may
// not fetch, so data comes as scripts: the columns of all images, to filter and sort by, and shards,
// when an image of theirs is seen. They call convaudit.columns and the like, which gallery.js defines.
const images = (() => {
  const CACHED = 64, AT_ONCE = 4;
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
  const defaults = {};
  const shards = new Map(), sheets = new Map(), loading = new Set(), failed = new Set();
  let columns, order = new Uint32Array(0), waiting = [], scrolling = false;
  // What the page does when there is another order, and when a shard, a sheet or a property arrived.
  const on = { ordered() {}, arrived() {} };

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
  }

  function takeShard(name, data) {
    const number = columns.shards.indexOf(name);
    for (const maps of [data, data.further]) maps.maps = unpack(maps.maps, Uint8Array);
    loading.delete(number);
    shards.set(number, data);
    if (shards.size > CACHED) shards.delete(shards.keys().next().value);
    on.arrived();
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
    if (valueOf("sort") === name || valueOf("property") === name) select();
    on.arrived();
  }

  // Every image's path, to search in; in one text, as that loads fastest.
  let names, allPaths, exact;
  function takePaths(text) {
    allPaths = text;
    names = text.toLowerCase().split("\0");
    select();
  }

  // The property that is filtered by, as a row of the open image.
  function chosenProperty(i) {
    const values = columns[`${valueOf("property")}s`];
    if (!values) return [];
    return [[form.property.selectedOptions[0].text, Number.isNaN(values[i]) ? "unknown" : `${+values[i].toPrecision(4)}`]];
  }

  const asked = new Set();
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
        on.arrived();
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
    while (waiting.length && loading.size < (scrolling ? 1 : AT_ONCE)) {
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
    on.ordered();
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

  for (const name of FIELDS) defaults[name] = valueOf(name);

  return {
    form, defaults, on, fields: FIELDS, percent, truthOf, valueOf, select, chosenProperty, shardOf, need, sheetOf,
    takeColumns, takeShard, takeRanks, takeValues, takePaths,
    get columns() { return columns; },
    get order() { return order; },
    set scrolling(yes) { scrolling = yes; },
    // What was asked for and is not on its way is asked for no longer.
    forget() { waiting = []; },
  };
})();
