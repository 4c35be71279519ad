"use strict";
// Draws the last hour from the table that is on the page anyway. Without this file the table reads.
(() => {
  const figure = document.querySelector("[data-chart]");
  if (!figure || !window.uPlot) return;
  const place = figure.querySelector(".plot");
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Riyadh" });
  const HEIGHT = 208;
  let plot = null;

  const read = () => {
    const rows = [...document.querySelectorAll("tr[data-minute]")].reverse();
    const column = (name) => rows.map((row) => Number(row.dataset[name]));
    return [column("minute"), column("received"), column("done")];
  };
  const colour = (name) => getComputedStyle(figure.querySelector(`[data-series="${name}"]`)).backgroundColor;
  const line = (name) => ({ stroke: colour(name), width: 2, points: { show: false } });
  const width = () => Math.max(200, place.clientWidth);

  const redraw = () => { plot?.destroy(); plot = null; draw(); };
  const draw = () => {
    const data = read();
    figure.hidden = data[0].length === 0;
    if (figure.hidden) return;
    if (plot) return plot.setData(data);
    const style = getComputedStyle(figure.querySelector("figcaption"));
    const ink = style.color;
    const axis = { stroke: ink, font: `12px ${style.fontFamily}`, ticks: { show: false } };
    const grid = { stroke: ink, width: 0.25 };
    plot = new uPlot({
      width: width(), height: HEIGHT, legend: { show: false }, cursor: { show: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
      series: [{}, { ...line("received"), dash: [6, 3] }, line("done")],
      axes: [
        { ...axis, grid: { show: false }, values: (_, times) => times.map((time) => clock.format(time * 1000)) },
        { ...axis, grid, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000] },
      ],
    }, data, place);
    plot.root.setAttribute("role", "img");
    plot.root.setAttribute("aria-label", figure.dataset.label);
  };

  draw();
  document.addEventListener("wasl:shown", (event) => { if (event.target.dataset.live === "traffic") draw(); });
  window.addEventListener("resize", () => plot?.setSize({ width: width(), height: HEIGHT }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
