"use strict";
// Shows what the server sends: whole fragments, rendered and escaped there. Without this file the page still reads.
(() => {
  const status = document.querySelector("[data-source]");
  if (!status || !("EventSource" in window)) return;
  const text = status.querySelector("[data-live-text]");
  const pause = status.querySelector("[data-live-pause]");
  let source = null;

  const say = (state) => {
    if (status.dataset.liveState === state) return;
    status.dataset.liveState = state;
    text.textContent = status.dataset[state];
  };

  // What has the focus keeps it: the same element is found again in what came.
  const focusPath = (place) => {
    const held = document.activeElement;
    if (!held || held === place || !place.contains(held)) return null;
    const same = held.id ? `#${CSS.escape(held.id)}` : held.getAttribute("href") && `[href="${CSS.escape(held.getAttribute("href"))}"]`;
    return same || null;
  };

  const show = (place) => (message) => {
    say("on");
    const known = new Set([...place.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
    const open = new Set([...place.querySelectorAll("details[open][id]")].map((one) => one.id));
    const held = focusPath(place);
    place.innerHTML = message.data;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (held) place.querySelector(held)?.focus({ preventScroll: true });
    if (known.size > 0) {
      for (const row of place.querySelectorAll("[data-id]")) row.classList.toggle("fresh", !known.has(row.dataset.id));
    }
    window.htmx?.process(place);
    place.dispatchEvent(new CustomEvent("wasl:shown", { bubbles: true }));
  };

  const begin = () => {
    source = new EventSource(status.dataset.source);
    for (const place of document.querySelectorAll("[data-live]")) source.addEventListener(place.dataset.live, show(place));
    source.addEventListener("trouble", () => say("trouble"));
    source.addEventListener("open", () => say("on"));
    source.addEventListener("error", () => say("off"));
    // The session is over: the server shows where to sign in again.
    source.addEventListener("over", () => { end(); window.location.reload(); });
  };
  const end = () => { source?.close(); source = null; };

  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      if (source) { end(); say("paused"); pause.textContent = pause.dataset.resume; }
      else { begin(); pause.textContent = pause.dataset.pause; }
    });
  }
  begin();
  // A page that goes away keeps no connection: browsers allow six per host.
  window.addEventListener("pagehide", end);
  window.addEventListener("pageshow", (shown) => { if (shown.persisted && status.dataset.liveState !== "paused") begin(); });
})();
