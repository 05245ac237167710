// A chart of values over time. The same numbers are in a table below it, for those who cannot see it.

import { lazily, visible } from "../formats.js";
import { html } from "../preact.js";
import { Table } from "./table.js";

const HOUR = 3600; // seconds
const DAY = 24 * HOUR;
const MAX_VALUES = 6; // that are named beside the chart
const MAX_TIMES = 7; // that are named below it
const STEPS = [1, 2, 3, 4, 6, 12, 24, 48, 96]; // hours or days from one named time to the next
const MANY = 60; // points that would hide their line
const BAR = 0.7; // of the width of a period
const DIRECTION = { dir: "auto" };
const hour = lazily(() => new Intl.DateTimeFormat(undefined, { timeStyle: "short" }));
const day = lazily(() => new Intl.DateTimeFormat(undefined, { month: "numeric", day: "numeric" }));
const start = lazily(() => new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" }));

/**
 * `times`: the starts of periods of one length, in seconds since 1970, ascending. `series`: [{label, values, colour (1 to
 * 5)}], null for no value. `format` writes a value, or "" for one that is not to be named. `bars` draws the first series
 * as bars. `highest`: the highest value that there can be, if it is known.
 */
export function Chart({ title, times, series, format, bars = false, highest }) {
  return html`
    <figure class="chart">
      <figcaption>
        <h3>${title}</h3>
        <p class="legend" aria-hidden="true">
          ${series.map(({ label, colour }) => html`<span class="colour-${colour}" dir="auto">${visible(label)}</span>`)}
        </p>
      </figcaption>
      <${Plot} times=${times} series=${series} format=${format} bars=${bars} highest=${highest} />
      <details>
        <summary>As a table</summary>
        <${Numbers} title=${title} times=${times} series=${series} format=${format} />
      </details>
    </figure>
  `;
}

/** Drawn in percent of its width and height, which the page's styles say; texts and lines keep their size. */
function Plot({ times, series, format, bars, highest }) {
  const top = 1.05 * (highest ?? Math.max(...series.flatMap(({ values }) => values), 0)) || 1;
  const up = (value) => (100 * value) / top;
  const across = (at) => (100 * (at + 0.5)) / times.length;
  const points = (values) => values.map((value, at) => value !== null && [across(at), 100 - up(value)]);
  const named = namedValues(top, format);
  return html`
    <div class="plot" aria-hidden="true">
      <svg viewBox="0 0 100 100" preserveAspectRatio="none">
        ${named.map((value) => html`<path class="grid" d=${`M0 ${100 - up(value)}H100`} />`)}
        ${series.map(({ values, colour }, at) =>
          bars && at === 0
            ? html`<path class="bars colour-${colour}" d=${barsOf(points(values), (BAR * 100) / times.length)} />`
            : html`
                <path class="line colour-${colour}" d=${lineOf(points(values))} />
                <path class="points colour-${colour}" d=${pointsOf(points(values))} />
              `,
        )}
      </svg>
      ${named.map((value) => html`<span class="value" style=${{ bottom: `${up(value)}%` }}>${format(value)}</span>`)}
      ${namedTimes(times).map(
        ([at, text]) => html`<span class="time" style=${{ left: `${across(at)}%` }}>${text}</span>`,
      )}
    </div>
  `;
}

function Numbers({ title, times, series, format }) {
  return html`
    <${Table} label=${`${title}, as a table`} columns=${["From", ...series.map(({ label }) => [visible(label), DIRECTION])]}>
      ${times.map(
        (at, row) => html`
          <tr>
            <th scope="row">${start(at * 1000)}</th>
            ${series.map(({ values }) => html`<td>${values[row] === null ? "" : format(values[row])}</td>`)}
          </tr>
        `,
      )}
    <//>
  `;
}

const barsOf = (points, width) =>
  points.flatMap((point) => (point ? [`M${point[0] - width / 2} 100V${point[1]}h${width}V100Z`] : [])).join("");

/** With a gap where there is no value. */
const lineOf = (points) =>
  points.flatMap((point, at) => (point ? [`${points[at - 1] ? "L" : "M"}${point.join(" ")}`] : [])).join("");

/** Lines of no length: their round ends are the points. Of many, only those without a neighbour, which have no line. */
const pointsOf = (points) =>
  points
    .filter((point, at) => point && (points.length <= MANY || !(points[at - 1] || points[at + 1])))
    .map((point) => `M${point.join(" ")}h0`)
    .join("");

/** Values from 0 to `top`, 1, 2 or 5 times a power of ten apart, that `format` names, each name once. */
function namedValues(top, format) {
  const least = top / MAX_VALUES;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= least);
  const values = Array.from({ length: Math.floor(top / step) + 1 }, (_, at) => at * step);
  return values.filter((value, at) => format(value) && format(value) !== format(values[at - 1] ?? -1));
}

/** [place, name] of some times, on whole hours or days of the reader; midnight is named by its day. */
function namedTimes(times) {
  const unit = times[1] - times[0] < DAY ? HOUR : DAY;
  const number = (at) => Math.floor((at - 60 * new Date(at * 1000).getTimezoneOffset()) / unit);
  const on = (step) => times.flatMap((at, place) => (number(at) % step === 0 ? [[place, nameOf(at, unit)]] : []));
  return STEPS.map(on).find((found) => found.length <= MAX_TIMES) ?? [];
}

function nameOf(seconds, unit) {
  const at = new Date(seconds * 1000);
  return unit === HOUR && (at.getHours() || at.getMinutes()) ? hour(at) : day(at);
}
