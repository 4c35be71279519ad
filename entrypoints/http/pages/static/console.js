"use strict";
// Conveniences of the frame: shortcuts, copying, and what htmx has to know. Without this file every page still works.
(() => {
  const SEQUENCE = 1500; // milliseconds between g and the letter
  const OFF = "wasl-shortcuts-off";
  const dialog = document.getElementById("shortcuts");
  const switched = dialog.querySelector("[data-shortcuts-on]");
  const opener = document.querySelector("[data-shortcuts]");
  const places = new Map([...document.querySelectorAll("[data-letter]")].map((one) => [one.dataset.letter, one]));
  let since = -SEQUENCE;

  // Nobody types into a box to tick, which has the focus for a moment after the list was closed.
  const typing = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const list = () => { if (!dialog.open) dialog.showModal(); };
  const search = (event) => {
    const field = document.querySelector("[data-search], .filters input");
    if (!field) return;
    event.preventDefault();
    field.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (!switched.checked || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || dialog.open) return;
    const after = event.timeStamp - since < SEQUENCE;
    since = -SEQUENCE;
    if (after && places.has(event.key)) return places.get(event.key).click();
    if (event.key === "g") since = event.timeStamp;
    else if (event.key === "?") list();
    else if (event.key === "/") search(event);
  });

  switched.checked = localStorage.getItem(OFF) === null;
  switched.addEventListener("change", () => {
    if (switched.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  opener.hidden = false;
  opener.addEventListener("click", list);

  const offer = (root) => { for (const one of root.querySelectorAll("[data-copy]")) one.hidden = !navigator.clipboard; };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.querySelector("[data-copy-text]").textContent = button.dataset.copied;
  });
  offer(document);
  document.addEventListener("htmx:after:swap", () => offer(document));
  document.addEventListener("wasl:shown", (event) => offer(event.target));
})();
