// Labelled inputs.

import { html } from "../preact.js";

/** A text input. `onInput(value)`. `hint` stands below it. */
export function Text({ label, value, onInput, hint, type = "text", ...others }) {
  return html`
    <label class="field">
      <span>${label}</span>
      <input type=${type} value=${value} onInput=${(event) => onInput(event.target.value)} autocomplete="off" ...${others} />
      ${hint && html`<small>${hint}</small>`}
    </label>
  `;
}

/** A list to choose from. `options`: [[value, text]]. `onChange(value)`. */
export function Choice({ label, value, options, onChange, hint, ...others }) {
  return html`
    <label class="field">
      <span>${label}</span>
      <select value=${value} onChange=${(event) => onChange(event.target.value)} ...${others}>
        ${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
      </select>
      ${hint && html`<small>${hint}</small>`}
    </label>
  `;
}

/** A box to tick. `onChange(checked)`. */
export function Check({ label, checked, onChange, ...others }) {
  return html`
    <label class="check">
      <input type="checkbox" checked=${checked} onChange=${(event) => onChange(event.target.checked)} ...${others} />
      <span>${label}</span>
    </label>
  `;
}
