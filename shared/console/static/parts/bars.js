// Ratios as bars, with their numbers.

import { count, percent, score, visible } from "../formats.js";
import { html } from "../preact.js";

/** The length alone; the number stands beside it as text. */
export const Bar = ({ ratio, kind = "" }) =>
  html`<span class="bar ${kind}" aria-hidden="true"><span style=${{ width: `${100 * Math.min(1, ratio)}%` }} /></span>`;

/** Classes with their confidences: [{category, confidence}], best first. */
export function Classes({ classes }) {
  if (!classes.length) return html`<p class="quiet">No class.</p>`;
  return html`
    <ul class="bars">
      ${classes.map(
        ({ category, confidence }) => html`
          <li key=${category}>
            <span class="name" dir="auto">${visible(category)}</span>
            <${Bar} ratio=${confidence} />
            <span class="number">${score(confidence)}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

/** Counts by name as bars of their shares in the order given: [[name, count]]. */
export function Shares({ counts, of }) {
  const total = of || counts.reduce((sum, [, one]) => sum + one, 0) || 1;
  return html`
    <ul class="bars">
      ${counts.map(
        ([name, number]) => html`
          <li key=${name}>
            <span class="name" dir="auto">${visible(name)}</span>
            <${Bar} ratio=${number / total} />
            <span class="number">${count(number)} · ${percent(number / total)}</span>
          </li>
        `,
      )}
    </ul>
  `;
}
