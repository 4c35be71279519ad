"""The console: pages for the people who operate the service.

How a page is made

  Route: in the page's own module: `Route("GET", "/console/stores", signed_in(show), access=Access.OWN, page=True)`,
    put into ALL_ROUTES (app.py). Acting needs `signed_in(act, ApiScope.OPERATE)` (or ADMIN), as
    the API's route of the same deed does; both call the same feature of the core.
  Answer: `console_page(request, "console/stores.html", values, crumbs=(Crumb("Stores", "/console/stores"),))`
    (framing.py). `console_part` answers htmx with a piece of a page, `address(path, cursor=…)` makes links.
  Section: the navigation is `navigation.SECTIONS`; the one that is current follows from the address.
  Template: templates/console/<page>.html: `{% extends "console/frame.html" %}`, then `{% import "console/_parts.html"
    as ui with context %}`, and the blocks `title`, `content`; if need be `heading`, `status` (live), `actions`
    (buttons beside the heading), `scripts`. Pieces begin with `_` and have their own import line. All parts
    (`ui.table`, `card`, `facts`, `badge`, `event_state`, `store_state`, `empty`, `problem`, `pager`, `filters`,
    `field`, `select`, `action`, `hidden`, `confirm`, `progress`, `code`, `body`, `live`) are in _parts.html, each
    with a sentence. overview.html is an example.
  Texts: pages/texts/<page>.py, key -> (English, Arabic), keys beginning with the page's name; `t("events.none")`,
    `t("store.days", n=3)` for `{n}`. Write "Letters: 5" where a plural would need Arabic's six forms. A test checks
    that each key has both languages and that each key used exists.
  Values: `| number`, `| moment` (date and time where the stores are, UTC on hover), `| clock`, `| day`, `| foldable`.
    Names and titles of others stand in `<bdi>`; ids, code and bodies in `<code>` or `dir="ltr"`.
  Forms: POST, carrying `{{ ui.hidden({...}) }}`; `fields = await form_of(request)` (access.py) refuses what is not
    ours, and afterwards `return done(request, path, Notice("notice.stores.refreshed", count=5))` (notices.py): 303
    (or htmx's redirect), and the next page says it once. `Tone.BAD` where it did not work. What cannot be undone is a
    `ui.confirm`, and the handler compares `fields.get("typed")`; where it differs it answers the page again with
    status 422 and `wrong=True`, its template saying `error=t("confirm.wrong") if wrong else none`.
  Lists: keyset cursors (entrypoints/http/cursors.py); `ui.pager(next_cursor, first=cursor is None)`.
  Live: `live_route(path, fragments)` and `ui.live(path)` (streaming.py); pieces go into `data-live="<name>"`. Rows
    with `data-id` that are new light up. Elements with an id or href keep the focus, `<details id>` stay open.
  htmx 4: attributes do not inherit unless written `hx-target:inherited`; answers with 4xx and 5xx are swapped in, and
    a refusal to htmx is a piece (console/_problem.html). No `hx-on`, no filters in `hx-trigger`: the policy forbids
    evaluation. Every htmx element must work as a link or form without it.
  Colours: only the variables of wasl.css, logical properties only, no inline style.
"""
