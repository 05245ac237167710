// Which classes a model mistakes for which: the confusion matrix where a text has one class, otherwise the right and
// the wrong decisions on each class.

import { count, visible } from "../../formats.js";
import { NUMBERS, Table } from "../../parts/table.js";
import { html } from "../../preact.js";

const SHADES = 5;
const OUTCOMES = [
  ["truePositives", "Has it, got it", "true positives", "good"],
  ["falseNegatives", "Has it, did not get it", "false negatives", "bad"],
  ["falsePositives", "Got it, does not have it", "false positives", "bad"],
  ["trueNegatives", "Neither", "true negatives", ""],
];

const upright = (name) => [
  html`<span class="upright" dir="auto">${visible(name)}</span>`,
  { title: visible(name) },
];

/** `counts`: {labelled class: {predicted class: number of texts}}. */
export function Confusion({ counts }) {
  const names = namesOf(counts);
  const corner = [html`<span>Labelled ↓<br />Predicted →</span>`, { class: "corner" }];
  const most = Object.values(counts).reduce((found, columns) => Math.max(found, ...Object.values(columns)), 1);
  return html`
    <section class="card" aria-labelledby="confusion-title">
      <h2 id="confusion-title">Confusion matrix</h2>
      <p class="quiet">
        A row for each labelled class, a column for each predicted one. The texts of the framed diagonal are right; all
        others are mistaken for the class of their column.
      </p>
      <${Table} label="Table of the confusions" columns=${[corner, ...names.map(upright)]} tall name="confusion">
        ${names.map((row) => html`<${Row} key=${row} row=${row} names=${names} counts=${counts} most=${most} />`)}
      <//>
    </section>
  `;
}

/** All classes. The service adds None for texts without a class, also where no text is without. */
function namesOf(counts) {
  const names = new Set(Object.entries(counts).flatMap(([row, columns]) => [row, ...Object.keys(columns)]));
  const used = [...Object.values(counts.None ?? {}), ...Object.values(counts).map((columns) => columns.None ?? 0)];
  if (!used.some((number) => number > 0)) names.delete("None");
  return [...names];
}

/** How many texts of class `row` got class `column`. The service omits zeros; a class may be called “constructor”. */
const numberOf = (counts, row, column) =>
  Object.hasOwn(counts, row) && Object.hasOwn(counts[row], column) ? counts[row][column] : 0;

function Row({ row, names, counts, most }) {
  return html`
    <tr>
      <th scope="row" class="class-name" title=${visible(row)}>
        <span class="clamp" dir="auto">${visible(row)}</span>
      </th>
      ${names.map((column) => {
        const number = numberOf(counts, row, column);
        const title = `${visible(row)} → ${visible(column)}: ${count(number)}`;
        const kind = shade(number, most, row === column);
        return html`<td key=${column} class=${kind} title=${title}>${count(number)}</td>`;
      })}
    </tr>
  `;
}

/** The larger its share of the largest number, the stronger its shade. */
function shade(number, most, right) {
  const level = number ? Math.max(1, Math.round((SHADES * number) / most)) : 0;
  return `${right ? "right" : "mistake"} shade-${level}`;
}

/** `classes`: [[name, figures]]. */
export function Outcomes({ classes }) {
  const heading = ([, text, term]) => [html`<span>${text}<br /><small>${term}</small></span>`, NUMBERS];
  const columns = ["Class", ...OUTCOMES.map(heading)];
  return html`
    <section class="card" aria-labelledby="outcomes-title">
      <h2 id="outcomes-title">Right and wrong, for each class</h2>
      <${Table} label="Table of right and wrong" columns=${columns} tall>
        ${classes.map(
          ([name, figures]) => html`
            <tr key=${name}>
              <th scope="row" class="class-name" dir="auto">${visible(name)}</th>
              ${OUTCOMES.map(
                ([field, , , kind]) => html`
                  <td class=${`number ${figures[field] ? kind : ""}`}>${count(figures[field])}</td>
                `,
              )}
            </tr>
          `,
        )}
      <//>
    </section>
  `;
}
