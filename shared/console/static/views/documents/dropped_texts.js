// The texts in what a reader drops: files, and folders with all that is in them.

/** [{name, file}] of a DataTransfer. The names of files in a folder begin with the folder's. */
export async function droppedTexts(transfer) {
  // All entries are asked for at once: the list is empty after the first wait.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}

async function collect(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ name: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const page = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!page.length) return;
    for (const one of page) await collect(one, found);
  }
}
