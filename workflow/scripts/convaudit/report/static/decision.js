"use strict";

// The decision of who signs or refuses, as the JSON that the config's `decision` reads back. Notes
// and tags that were given to images in the gallery of this audit, in this browser, go along.
(() => {
  const place = document.getElementById("signature");
  const { auditKey, policySha256, result } = place.dataset;
  const field = (name) => place.querySelector(`[name=${name}]`);
  const missing = document.getElementById("missing");

  function notes(kind) {
    const filled = [...place.querySelectorAll(`[data-${kind}]`)].filter((one) => one.value.trim());
    return Object.fromEntries(filled.map((one) => [one.dataset[kind], one.value.trim()]));
  }

  function images() {
    let kept = {};
    try { kept = JSON.parse(localStorage.getItem(`convaudit ${auditKey} images`)) ?? {}; } catch { /* none are kept */ }
    const noted = Object.entries(kept).filter(([, { tags, note }]) => tags.length || note);
    return Object.fromEntries(noted.map(([id, { tags, note }]) => [id, { tags, note }]));
  }

  place.querySelector("button").onclick = () => {
    const decision = place.querySelector("[name=decision]:checked")?.value;
    const name = field("name").value.trim(), date = field("date").value;
    const lacks = [[name, "a name"], [date, "a date"], [decision, "“I sign” or “I refuse”"]];
    missing.textContent = lacks.filter(([value]) => !value).map(([, what]) => what).join(", ");
    missing.parentElement.hidden = !missing.textContent;
    if (missing.textContent) return;
    const text = JSON.stringify({ name, date, decision, audit_key: auditKey,
      policy_sha256: policySha256, result, note: field("note").value.trim(),
      gates: notes("gate"), suspects: notes("suspect"), images: images() }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/json" }));
    link.download = "decision.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  // Paper shows the notes that were written.
  addEventListener("beforeprint", () => {
    const details = place.querySelector("details");
    details.open ||= [...details.querySelectorAll("input")].some((one) => one.value);
  });
})();
