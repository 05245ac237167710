// A table that is scrolled within the page: sideways where it is too wide, and with `tall` also downwards.

import { html } from "../preact.js";

/**
 * `label` names it. `columns`: the headings, each a text or a component, or [heading, attributes of its cell].
 * `children`: its rows. `name`: its class.
 */
export function Table({ label, columns, tall, name, children }) {
  return html`
    <div class=${tall ? "wide tall" : "wide"} role="region" aria-label=${label} tabindex="0">
      <table class=${name}>
        <thead>
          <tr>
            ${columns.map((column) => {
              const [heading, attributes] = [column].flat();
              return html`<th scope="col" ...${attributes}>${heading}</th>`;
            })}
          </tr>
        </thead>
        <tbody>${children}</tbody>
      </table>
    </div>
  `;
}

/** The attributes of a column of numbers. */
export const NUMBERS = { class: "number" };
