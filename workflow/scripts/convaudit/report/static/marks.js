"use strict";

// Selection, tags and notes of images. They are kept in the browser under the audit's key, so that
// another audit's never show up here, and leave it as files by a click.
const marks = (() => {
  const $ = (id) => document.getElementById(id);
  const key = `convaudit ${document.body.dataset.auditKey} images`;
  let kept = {};  // by image id: path, chosen, tags, note

  try { kept = JSON.parse(localStorage.getItem(key)) ?? {}; } catch { /* nothing is kept, then */ }

  const of = (id) => kept[id] ?? { chosen: false, tags: [], note: "" };
  const chosen = () => Object.values(kept).filter((mark) => mark.chosen);
  const KINDS = { selected: (mark) => mark.chosen, tagged: (mark) => mark.tags.length, noted: (mark) => mark.note };
  const paths = (kind) => new Set(Object.values(kept).filter(KINDS[kind]).map((mark) => mark.path));
  const isEmpty = (mark) => !mark.chosen && !mark.tags.length && !mark.note;

  function set(id, path, change) {
    const mark = { ...of(id), path, ...change };
    if (isEmpty(mark)) delete kept[id];
    else kept[id] = mark;
    try { localStorage.setItem(key, JSON.stringify(kept)); $("unkept").hidden = true; }
    catch { $("unkept").hidden = false; }
    count();
  }

  function count() {
    const noted = Object.values(kept).filter((mark) => mark.tags.length || mark.note).length;
    $("marked").textContent = `${chosen().length} selected, ${noted} with a tag or note`;
    $("export-paths").disabled = !chosen().length;
    $("export-notes").disabled = !Object.keys(kept).length;
  }

  function download(name, kind, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const cell = (text) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

  $("export-paths").onclick = () => {
    const paths = chosen().map((mark) => mark.path).sort();
    download("selection.csv", "text/csv", ["path", ...paths].map((path) => `${cell(path)}\r\n`).join(""));
  };

  $("export-notes").onclick = () => {
    const notes = { audit_key: document.body.dataset.auditKey, images: kept };
    download("notes.json", "application/json", `${JSON.stringify(notes, null, 1)}\n`);
  };

  // The open image's fields; `image` is its id and path.
  const fields = { chosen: $("mark-chosen"), tags: $("mark-tags"), note: $("mark-note") };
  let image = {};

  function show(id, path) {
    if (image.id === id) return;
    image = { id, path };
    const mark = of(id);
    fields.chosen.checked = mark.chosen;
    fields.tags.value = mark.tags.join(", ");
    fields.note.value = mark.note;
  }

  function changed() {
    const tags = fields.tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    set(image.id, image.path, { chosen: fields.chosen.checked, tags, note: fields.note.value.trim() });
  }
  for (const field of Object.values(fields)) field.addEventListener("input", changed);

  count();
  return { paths, show };
})();
