// Sends texts, a few at once, and follows each until it has ended, also while another view is shown.

import { look, path, postText } from "../../api.js";

const AT_ONCE = 4; // requests
const SHOW_EVERY = 100; // milliseconds
const MAX_WAIT = 15; // seconds between two looks
const LATER = 5; // seconds, after a look that failed
const CONFLICT = 409; // of a file that exists

const askFirst = (event) => event.preventDefault(); // before the page is left

class Uploads {
  #all = [];
  #waiting = [];
  #sending = 0;
  #last = 0;
  #announced = false;
  #listener = null;

  /**
   * `listener(uploads)` gets all of them now and after each change, those that were not sent and the newest first:
   * {number, name, step, key, error, exists, ended, document}. Returns a function that stops it.
   */
  listen(listener) {
    this.#listener = listener;
    this.#show();
    return () => (this.#listener = null);
  }

  /** `texts`: [{name, file: Blob}]. A name may be empty. */
  add(texts, { folder = "", overwrite = false } = {}) {
    const beneath = folder && `${folder.replace(/^\/+|\/+$/g, "")}/`;
    const added = texts.map(({ name, file }) => ({
      number: (this.#last += 1),
      name: name && beneath + name,
      file,
      overwrite,
      step: "to be sent",
    }));
    this.#all = [...added.toReversed(), ...this.#all];
    this.#waiting.push(...added);
    this.#work();
  }

  /** Sends one again that was not sent. One that exists already replaces the file. */
  again({ number, exists }) {
    const upload = this.#all.find((one) => one.number === number);
    Object.assign(upload, { overwrite: upload.overwrite || exists, error: "", exists: false, ended: false });
    upload.step = "to be sent";
    this.#waiting.push(upload);
    this.#work();
  }

  clear() {
    this.#all = this.#all.filter((one) => !one.ended);
    this.#show();
  }

  #work() {
    this.#show();
    while (this.#sending < AT_ONCE && this.#waiting.length) {
      this.#sending += 1;
      this.#send(this.#waiting.shift()).finally(() => {
        this.#sending -= 1;
        this.#work();
      });
    }
    (this.#sending ? addEventListener : removeEventListener)("beforeunload", askFirst);
  }

  async #send(upload) {
    this.#set(upload, { step: "sending" });
    try {
      const query = { name: upload.name, overwrite: upload.overwrite || undefined };
      const { key, name } = await postText(upload.file, query);
      this.#set(upload, { key, name, step: "waiting for its classes" });
      this.#follow(upload);
    } catch (error) {
      this.#set(upload, { error: error.message, exists: error.status === CONFLICT, ended: true });
    }
  }

  async #follow(upload) {
    for (let wait = 1; !upload.ended; wait = Math.min(wait, MAX_WAIT)) {
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      if (!this.#listener || document.hidden) continue;
      try {
        const { body, retryAfter } = await look(path`documents/${upload.key}`);
        wait = retryAfter;
        this.#set(
          upload,
          body.ended ? { document: body, ended: true } : { step: body.waitingFor ?? "waiting for its classes" },
        );
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
    if (this.#announced) return;
    this.#announced = true;
    setTimeout(() => {
      this.#announced = false;
      const unsent = this.#all.filter(({ error }) => error);
      const others = this.#all.filter(({ error }) => !error);
      this.#listener?.([...unsent, ...others].map((one) => ({ ...one })));
    }, SHOW_EVERY);
  }
}

export const uploads = new Uploads();
