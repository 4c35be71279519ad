"use strict";
// Shows what the server sends: whole fragments, rendered and escaped there. Without this file the page still reads.
(() => {
  const status = document.querySelector("[data-source]");
  if (!status || !("EventSource" in window)) return;
  const text = status.querySelector("[data-live-text]");
  const say = (state) => {
    if (status.dataset.liveState === state) return;
    status.dataset.liveState = state;
    text.textContent = status.dataset[state];
  };

  const show = (name) => (message) => {
    say("on");
    const place = document.querySelector(`[data-live="${name}"]`);
    const known = new Set([...place.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
    place.innerHTML = message.data;
    if (known.size === 0) return;
    for (const row of place.querySelectorAll("[data-id]")) {
      if (!known.has(row.dataset.id)) row.classList.add("fresh");
    }
  };

  const source = new EventSource(status.dataset.source);
  for (const name of ["ledger", "stores", "events"]) source.addEventListener(name, show(name));
  source.addEventListener("trouble", () => say("trouble"));
  source.addEventListener("open", () => say("on"));
  source.addEventListener("error", () => say("off"));
  // The session is over: the server shows where to sign in again.
  source.addEventListener("over", () => { source.close(); window.location.reload(); });
  // A page that goes away keeps no connection: browsers allow six per host.
  window.addEventListener("pagehide", () => source.close());
})();
