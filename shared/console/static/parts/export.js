// The file of an export: its end is awaited, then it goes to the reader's downloads.

import { download, get, path } from "../api.js";

const LOOK_EVERY = 1000; // milliseconds

/** The export with this key, once it has ended. Throws ApiError, and Error if it failed. */
export async function endedExport(key) {
  for (;;) {
    const operation = await get(path`operations/${key}`);
    if (operation.state === "succeeded") return operation;
    if (operation.ended) throw new Error(`The export failed: ${operation.detail ?? operation.state}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

/** Downloads the file of an export that has succeeded. Throws ApiError. */
export async function saveExport({ key, created, parameters: { format } }) {
  const address = URL.createObjectURL(await download(path`operations/${key}/content`));
  const link = Object.assign(document.createElement("a"), {
    href: address,
    download: `documents-${created.slice(0, 10)}.${format}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser has started to read it by then
}
