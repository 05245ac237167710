// Drop, choose or paste texts to classify, and follow each to its classes.

import { to } from "../../address.js";
import { counted, visible } from "../../formats.js";
import { attempt } from "../../parts/action.js";
import { Check, Text } from "../../parts/fields.js";
import { State } from "../../parts/status.js";
import { html, useEffect, useRef, useState } from "../../preact.js";
import { DocumentRow } from "./document_row.js";
import { droppedTexts } from "./dropped_texts.js";
import { Uploads } from "./uploads.js";

const SHOWN = 100; // rows

/** `compact` hides the box for pasted text. */
export function DropZone({ compact = false }) {
  const [uploads, setUploads] = useState([]);
  const [over, setOver] = useState(false);
  const [folder, setFolder] = useState("");
  const [overwrite, setOverwrite] = useState(false);
  const working = useRef(null);
  working.current ??= new Uploads(setUploads);
  useEffect(() => () => working.current.stop(), []);
  const add = (texts) => working.current.add(texts, { folder, overwrite });
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
      <${Progress} uploads=${uploads} onClear=${() => working.current.clear()} onReplace=${(one) => working.current.replace(one.original)} />
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

function Progress({ uploads, onClear, onReplace }) {
  if (!uploads.length) return null;
  const ended = uploads.filter((one) => one.ended).length;
  const label = `${ended} of ${counted(uploads.length, "text")} ended`;
  return html`
    <div class="row spread">
      <p role="status">${label}</p>
      ${ended > 0 && html`<button type="button" class="plain" onClick=${onClear}>Hide those that ended</button>`}
    </div>
    <progress max=${uploads.length} value=${ended} aria-label=${label} />
    <ul class="list">
      ${uploads
        .slice(0, SHOWN)
        .map((one) => html`<${Upload} key=${one.number} upload=${one} onReplace=${() => onReplace(one)} />`)}
    </ul>
    ${uploads.length > SHOWN && html`<p class="quiet">and ${counted(uploads.length - SHOWN, "other text")}</p>`}
  `;
}

function Upload({ upload, onReplace }) {
  if (upload.document) return html`<${DocumentRow} document=${upload.document} />`;
  return html`
    <li>
      ${
        upload.key
          ? html`<a class="name" dir="auto" href=${to("documents", [upload.key])}>${visible(upload.name)}</a>`
          : html`<span class="name" dir="auto">${visible(upload.name) || "pasted text"}</span>`
      }
      ${upload.error && html`<span class="bad-text">${upload.error}</span>`}
      ${upload.exists && html`<button type="button" onClick=${onReplace}>Replace it</button>`}
      <${State} state=${upload.error ? "failed" : "open"}>${upload.error ? "not sent" : upload.step}<//>
    </li>
  `;
}
