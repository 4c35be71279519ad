"use strict";
// Runs before the page is read. The UUID leaves the address at once; the visit's bearer is kept in this closure alone:
// no cookie, no storage. What is shown is rendered and escaped by the server.
(() => {
  history.replaceState(null, "", location.pathname);

  const EVERY = 15_000;
  const begin = () => {
    const main = document.querySelector("[data-session]");
    if (!main) return;
    let bearer = main.dataset.session;
    main.removeAttribute("data-session");
    const content = main.querySelector("[data-content]");
    const live = main.querySelector("[data-live]");
    const said = main.querySelector("[data-live-text]");
    const language = document.documentElement.lang === "ar" ? "ar-u-nu-latn-ca-gregory" : "en-GB";
    const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
    let next = 0;
    let shown = "";

    const say = (state) => {
      if (live.dataset.liveState === state) return;
      live.dataset.liveState = state;
      said.textContent = live.dataset[state];
      content.classList.toggle("old", state !== "on");
    };
    const local = (root) => {
      for (const time of root.querySelectorAll("time")) time.textContent = format.format(new Date(time.dateTime));
    };
    const show = (html) => {
      if (html === shown) return; // whoever reads or has the focus in it is not disturbed
      shown = html;
      const fresh = new DOMParser().parseFromString(html, "text/html");
      local(fresh);
      content.replaceChildren(...fresh.body.childNodes);
    };
    const ask = (method, path, more = {}) => {
      const headers = { Authorization: `Bearer ${bearer}` };
      return fetch(path, { method, headers, cache: "no-store", credentials: "omit", ...more });
    };
    const over = () => {
      bearer = null;
      clearTimeout(next);
      say("over");
    };

    const look = async () => {
      clearTimeout(next);
      if (bearer === null || document.hidden) return;
      try {
        const answer = await ask("GET", main.dataset.view);
        if (answer.status === 401) return over();
        if (!answer.ok) throw new Error(answer.status);
        show(await answer.text());
        say("on");
      } catch {
        say("trouble");
      }
      next = setTimeout(look, EVERY);
    };

    // Nobody looks at a hidden page: it asks for nothing, so that a visit which is left open ends by itself.
    document.addEventListener("visibilitychange", look);
    window.addEventListener("pagehide", (gone) => {
      if (bearer === null || gone.persisted) return;
      ask("DELETE", main.dataset.close, { keepalive: true }).catch(() => {});
      bearer = null;
    });
    local(content);
    live.hidden = false;
    next = setTimeout(look, EVERY);
  };
  document.addEventListener("DOMContentLoaded", begin);
})();
