// A chart of values over time. The same numbers are in a table below it, for those who cannot see it.

import { visible } from "../formats.js";
import { html, useEffect, useRef } from "../preact.js";
import { Table } from "./table.js";

const SCRIPT = new URL("../vendor/uplot/uPlot.iife.min.js", import.meta.url);
const STYLES = new URL("../vendor/uplot/uPlot.min.css", import.meta.url);
const drawing = loaded(); // whether there is `uPlot`, a global name because its package has no small module
const HEIGHT = 180;
const NARROW = 240;
const DIRECTION = { dir: "auto" };
const HOURS = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAYS = new Intl.DateTimeFormat(undefined, { month: "numeric", day: "numeric" });
const PERIODS = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

/**
 * `times`: seconds since 1970, ascending. `series`: [{label, values, colour (1 to 5), dash}], null for no value.
 * `format` writes a value. `bars` draws the first series as bars.
 */
export function Chart({ title, times, series, format, bars = false, range }) {
  const place = useRef(null);
  const data = JSON.stringify([times, series]); // drawn again only if something has changed
  useEffect(() => {
    let chart;
    let left = false;
    const draw = () => {
      chart?.destroy();
      chart = left ? undefined : drawn(place.current, { times, series, format, bars, range });
    };
    drawing.then((there) => there && draw()); // without it, the table is left
    const sizes = new ResizeObserver(() => chart?.setSize({ width: widthOf(place.current), height: HEIGHT }));
    sizes.observe(place.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => chart && draw();
    dark.addEventListener("change", redraw);
    return () => {
      dark.removeEventListener("change", redraw);
      sizes.disconnect();
      left = true;
      chart?.destroy();
    };
  }, [data]);
  return html`
    <figure class="chart">
      <figcaption>
        <h3>${title}</h3>
        <p class="legend" aria-hidden="true">
          ${series.map(({ label, colour }) => html`<span class="colour-${colour}" dir="auto">${visible(label)}</span>`)}
        </p>
      </figcaption>
      <div ref=${place} aria-hidden="true"></div>
      <details>
        <summary>As a table</summary>
        <${Numbers} title=${title} times=${times} series=${series} format=${format} />
      </details>
    </figure>
  `;
}

function Numbers({ title, times, series, format }) {
  return html`
    <${Table} label=${`${title}, as a table`} columns=${["From", ...series.map(({ label }) => [visible(label), DIRECTION])]}>
      ${times.map(
        (at, row) => html`
          <tr>
            <th scope="row">${PERIODS.format(at * 1000)}</th>
            ${series.map(({ values }) => html`<td>${values[row] === null ? "" : format(values[row])}</td>`)}
          </tr>
        `,
      )}
    <//>
  `;
}

function loaded() {
  const styles = Object.assign(document.createElement("link"), { rel: "stylesheet", href: STYLES.href });
  const script = Object.assign(document.createElement("script"), { src: SCRIPT.href });
  document.head.append(styles, script);
  const ended = (resolve) => Object.assign(script, { onload: () => resolve(true), onerror: () => resolve(false) });
  return new Promise(ended);
}

/** Midnight is named by its day. */
function tick(seconds) {
  const at = new Date(seconds * 1000);
  return at.getHours() || at.getMinutes() ? HOURS.format(at) : DAYS.format(at);
}

const widthOf = (place) => Math.max(NARROW, place.clientWidth);

function drawn(place, { times, series, format, bars, range }) {
  const style = getComputedStyle(place);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  const line = ({ label, colour: number, dash }, at) => ({
    label,
    stroke: colour(`--colour-${number}`),
    width: 2,
    dash,
    points: { show: true, size: 5 },
    ...(bars && at === 0
      ? { fill: colour(`--colour-${number}`), paths: globalThis.uPlot.paths.bars({ size: [0.7, 40] }), points: { show: false } }
      : {}),
  });
  const options = {
    width: widthOf(place),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true }, y: { range: range ?? ((_, __, high) => [0, (high || 1) * 1.1]) } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(tick), size: 32 },
      { ...axis, size: 56, values: (_, ticks) => ticks.map(format) },
    ],
    series: [{}, ...series.map(line)],
  };
  return new globalThis.uPlot(options, [times, ...series.map(({ values }) => values)], place);
}
