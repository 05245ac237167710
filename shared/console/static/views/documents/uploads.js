// Sends texts, a few at once, and follows each until it has ended.

import { look, path, postText } from "../../api.js";

const AT_ONCE = 4; // requests
const SHOW_EVERY = 100; // milliseconds
const MAX_WAIT = 15; // seconds between two looks
const LATER = 5; // seconds, after a look that failed

/**
 * `changed(uploads)` gets all of them after each change, the newest first: {number, name, step, key, error, exists,
 * ended, document}.
 */
export class Uploads {
  constructor(changed) {
    Object.assign(this, { changed, all: [], waiting: [], sending: 0, last: 0, stopped: false, announced: false });
  }

  /** `texts`: [{name, file: Blob}]. A name may be empty. */
  add(texts, { folder = "", overwrite = false } = {}) {
    const beneath = folder && `${folder.replace(/^\/+|\/+$/g, "")}/`;
    const added = texts.map(({ name, file }) => ({
      number: (this.last += 1),
      name: name && beneath + name,
      file,
      overwrite,
      step: "to be sent",
    }));
    this.all = [...added.toReversed(), ...this.all];
    this.waiting.push(...added);
    this.#work();
  }

  /** Sends one again that exists already, and replaces the file. */
  replace(upload) {
    Object.assign(upload, { overwrite: true, error: "", exists: false, ended: false, step: "to be sent" });
    this.waiting.push(upload);
    this.#work();
  }

  clear() {
    this.all = this.all.filter((one) => !one.ended);
    this.#show();
  }

  stop() {
    this.stopped = true;
  }

  #work() {
    this.#show();
    while (this.sending < AT_ONCE && this.waiting.length && !this.stopped) {
      this.sending += 1;
      this.#send(this.waiting.shift()).finally(() => {
        this.sending -= 1;
        this.#work();
      });
    }
  }

  async #send(upload) {
    this.#set(upload, { step: "sending" });
    try {
      const query = { name: upload.name, overwrite: upload.overwrite || undefined };
      const { key, name } = await postText(upload.file, query);
      this.#set(upload, { key, name, step: "waiting for its classes" });
      this.#follow(upload);
    } catch (error) {
      this.#set(upload, { error: error.message, exists: error.status === 409, ended: true });
    }
  }

  async #follow(upload) {
    for (let wait = 1; !this.stopped; wait = Math.min(wait, MAX_WAIT)) {
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      try {
        const { body, retryAfter } = await look(path`documents/${upload.key}`);
        wait = retryAfter;
        this.#set(
          upload,
          body.ended ? { document: body, ended: true } : { step: body.waitingFor ?? "waiting for its classes" },
        );
        if (body.ended) return;
      } catch (error) {
        wait = LATER;
        this.#set(upload, { step: error.message });
      }
    }
  }

  #set(upload, values) {
    Object.assign(upload, values);
    this.#show();
  }

  /** Not for each of a thousand changes. */
  #show() {
    if (this.announced || this.stopped) return;
    this.announced = true;
    setTimeout(() => {
      this.announced = false;
      if (!this.stopped) this.changed(this.all.map((one) => ({ ...one, original: one })));
    }, SHOW_EVERY);
  }
}
