// What the browser keeps for the page. Where it refuses that, it is kept until the page is left.

const storage = (given) => {
  const instead = new Map();
  return {
    /** The text of this name, "" if there is none. */
    read(name) {
      try {
        return given().getItem(name) ?? "";
      } catch {
        return instead.get(name) ?? "";
      }
    },
    /** "" removes it. */
    write(name, text) {
      try {
        if (text) given().setItem(name, text);
        else given().removeItem(name);
      } catch {
        instead.set(name, text);
      }
    },
  };
};

/** Kept for this tab. */
export const tabStorage = storage(() => sessionStorage);

/** Kept in this browser. */
export const browserStorage = storage(() => localStorage);
