// Drop, choose or paste texts to classify, and follow each to its classes.

import { to } from "../../address.js";
import { count, counted, visible } from "../../formats.js";
import { attempt } from "../../parts/action.js";
import { Check, Text } from "../../parts/fields.js";
import { State } from "../../parts/status.js";
import { html, useEffect, useState } from "../../preact.js";
import { DocumentRow } from "./document_row.js";
import { droppedTexts } from "./dropped_texts.js";
import { uploads } from "./uploads.js";

const SHOWN = 100; // rows

/** `compact` hides the box for pasted text. */
export function DropZone({ compact = false }) {
  const [shown, setShown] = useState([]);
  const [over, setOver] = useState(false);
  const [folder, setFolder] = useState("");
  const [overwrite, setOverwrite] = useState(false);
  useEffect(() => uploads.listen(setShown), []);
  const add = (texts) => uploads.add(texts, { folder, overwrite });
  const dropped = (event) => {
    event.preventDefault();
    setOver(false);
    attempt(async () => add(await droppedTexts(event.dataTransfer)));
  };
  const dragged = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const chosen = (event) => {
    add([...event.target.files].map((file) => ({ name: file.name, file })));
    event.target.value = ""; // the same file may be chosen once more
  };
  return html`
    <section
      class="card dropzone ${over ? "over" : ""}"
      aria-label="Classify texts"
      onDrop=${dropped}
      onDragOver=${dragged}
      onDragLeave=${() => setOver(false)}
    >
      <div class="row">
        <label class="button">
          Choose text files
          <input class="unseen" type="file" multiple accept=".txt,text/plain" onChange=${chosen} />
        </label>
        <span class="quiet">or drop files or a folder here.</span>
      </div>
      ${
        !compact &&
        html`
        <details>
          <summary>Paste a text, or choose a folder of the container</summary>
          <${Text} label="Folder" value=${folder} onInput=${setFolder} hint="Such as reviews/en. Empty: none." />
          <${Check} label="Replace files of the same name" checked=${overwrite} onChange=${setOverwrite} />
          <${Pasted} onAdd=${add} />
        </details>
      `
      }
      <${Progress} shown=${shown} />
    </section>
  `;
}

function Pasted({ onAdd }) {
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const submit = (event) => {
    event.preventDefault();
    onAdd([{ name, file: new Blob([text]) }]);
    setText("");
    setName("");
  };
  return html`
    <form onSubmit=${submit}>
      <label class="field">
        <span>Text</span>
        <textarea rows="5" dir="auto" value=${text} onInput=${(event) => setText(event.target.value)} />
      </label>
      <div class="row ends">
        <${Text} label="Name of the file" value=${name} onInput=${setName} hint="Empty: one is generated." />
        <button class="primary" disabled=${!text.trim()}>Classify</button>
      </div>
    </form>
  `;
}

function Progress({ shown }) {
  if (!shown.length) return null;
  const ended = shown.filter((one) => one.ended).length;
  const unsent = shown.filter((one) => one.error).length;
  const label = `${ended} of ${counted(shown.length, "text")} ended${unsent ? `, ${count(unsent)} not sent` : ""}`;
  return html`
    <div class="row spread">
      <p role="status">${label}</p>
      ${
        ended > 0 &&
        html`<button type="button" class="plain" onClick=${() => uploads.clear()}>Hide those that ended</button>`
      }
    </div>
    <progress max=${shown.length} value=${ended} aria-label=${label} />
    <ul class="list">
      ${shown.slice(0, SHOWN).map((one) => html`<${Upload} key=${one.number} upload=${one} />`)}
    </ul>
    ${shown.length > SHOWN && html`<p class="quiet">and ${counted(shown.length - SHOWN, "other text")}</p>`}
  `;
}

function Upload({ upload }) {
  const { document, key, name, error, exists, step } = upload;
  if (document) return html`<${DocumentRow} document=${document} />`;
  return html`
    <li>
      ${
        key
          ? html`<a class="name" dir="auto" href=${to("documents", [key])}>${visible(name)}</a>`
          : html`<span class="name" dir="auto">${visible(name) || "pasted text"}</span>`
      }
      ${error && html`<span class="bad-text">${error}</span>`}
      ${
        error &&
        html`<button type="button" onClick=${() => uploads.again(upload)}>${exists ? "Replace it" : "Send again"}</button>`
      }
      <${State} state=${error ? "failed" : "open"}>${error ? "not sent" : step}<//>
    </li>
  `;
}
