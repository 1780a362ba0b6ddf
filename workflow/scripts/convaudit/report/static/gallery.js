"use strict";

// The page of every image: the open image, the address, keys and buttons.
const convaudit = (() => {
  const { form, percent, truthOf, valueOf, shardOf, need, sheetOf } = images;
  const box = document.getElementById("lightbox");
  const [canvas, original, stored] = box.querySelector(".stage").children;

  // ---- one image

  function show() {
    if (!box.open || !images.order.length) return;
    const { columns, order } = images, { here } = wall;
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
      ...images.chosenProperty(i),
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
      const further = wall.mapOf(shard, at, shard.further.maps);
      const picture = wall.cut(sheetOf(shard, row), row);
      heat.paint(drawing.getContext("2d"), [0, 0, 256, 256], picture, further, "overlay", valueOf("colours"), 1);
      caption.textContent = `heat for ${columns.names[shard.further.classes[at]]}`;
      figure.append(drawing, caption);
      return figure;
    }));
  }

  // The photo itself where it still is; else what the model saw of it, or the overlay as it is stored.
  function showPicture(shard, row, i, view) {
    const path = shard.paths[row], url = photoOf(path), { columns } = images;
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
    const picture = there ? { source: original, x: 0, y: 0, width, height } : wall.cut(sheetOf(shard, row), row);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    wall.paint(context, [0, 0, canvas.width, canvas.height], picture, wall.mapOf(shard, row, shard.maps), i, view);
    canvas.setAttribute("aria-label", `${view} of ${path}`);
    const file = document.getElementById("box-file");
    file.href = shard.overlays[row] ?? (there ? url : `${shard.sprites}/${Math.floor(row / columns.sprite.sheet)}.jpg`);
    file.textContent = shard.overlays[row] ? "stored overlay" : there ? "photo" : "small pictures";
    file.hidden = !columns.overlays;
  }

  const photoOf = (path) => images.columns.photos === null ? "data:,"
    : (path.startsWith("/") ? "file://" : images.columns.photos) + path.split("/").map(encodeURIComponent).join("/");

  function open() {
    if (!images.order.length) return;
    if (!box.open) box.showModal();
    show();
    wall.draw();
    writeAddress();
  }

  function move(step) {
    if (!images.order.length) return;
    wall.here = Math.max(0, Math.min(images.order.length - 1, wall.here + step));
    wall.goToHere();
    show();
    writeAddress();
  }

  function setView(view) {
    form.elements.view.value = view;
    repaint();
    writeAddress();
  }

  function repaint() {
    wall.repaint();
    show();
  }

  // ---- the address

  function writeAddress() {
    const state = new URLSearchParams(), { columns } = images;
    for (const name of images.fields) if (valueOf(name) !== images.defaults[name]) state.set(name, valueOf(name));
    if (box.open) {
      const i = images.order[wall.here], number = shardOf(i);
      state.set("image", `${columns.shards[number]}-${i - columns.starts[number]}`);
    }
    history.replaceState(null, "", `#${state}`);
  }

  function fillForm(state) {
    for (const name of images.fields) {
      const field = form.elements[name], value = state.get(name) ?? images.defaults[name];
      if (field.type === "checkbox") field.checked = value !== "";
      else field.value = value;
    }
  }

  function readAddress() {
    const state = new URLSearchParams(location.hash.slice(1));
    fillForm(state);
    wall.here = 0;
    images.select();
    const asked = state.get("image");
    if (asked === null) { box.close(); return; }
    const [, shard, row] = /^(.+)-(\d+)$/.exec(asked) ?? [];
    const { columns } = images, number = columns.shards.indexOf(shard);
    if (number < 0) return;
    const image = columns.starts[number] + Number(row);
    // An image is shown though the filters that came along leave it out.
    if (!images.order.includes(image)) { fillForm(new URLSearchParams()); images.select(); }
    const at = images.order.indexOf(image);
    if (at >= 0) { wall.here = at; move(0); open(); }
  }

  // ---- hands on it

  const changed = (event) => {
    if (["view", "colours", "common"].includes(event.target.name)) repaint();
    else { wall.here = 0; images.select(); wall.goToTop(); }
    writeAddress();
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { wall.here = 0; images.select(); writeAddress(); }));
  const toggle = document.getElementById("toggle");
  toggle.onclick = () => {
    toggle.setAttribute("aria-expanded", form.classList.toggle("shown"));
    wall.layout();
  };
  // On a telephone the filters cover the images.
  form.querySelector(".apply button").onclick = () => {
    toggle.click();
    toggle.focus();
    scrollTo(0, 0);
  };
  original.onload = original.onerror = show;
  addEventListener("hashchange", () => images.columns && readAddress());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || form.contains(event.target)) return;
    if (event.target.closest?.(".mark") && event.key !== "Escape") return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wall.perRow, ArrowDown: wall.perRow };
    const views = { 1: "overlay", 2: "photo", 3: "heat" };
    if (box.open) Object.assign(steps, { Home: -Infinity, End: Infinity });
    if (event.key in steps) {
      move(steps[event.key]);
      document.getElementById("grid").dataset.keys = "";
      if (!box.open && document.activeElement !== document.body) wall.focus();
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
  box.addEventListener("close", () => { writeAddress(); wall.focus(); });

  wall.on.opened = open;
  images.on.ordered = wall.layout;
  images.on.arrived = () => { wall.soon(); show(); };

  // What the scripts in the folder "data" call.
  return {
    columns: (data) => { images.takeColumns(data); readAddress(); },
    shard: images.takeShard, ranks: images.takeRanks, values: images.takeValues, paths: images.takePaths,
    has: (name) => name in images.columns,
  };
})();
