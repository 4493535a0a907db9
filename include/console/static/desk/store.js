// What the browser keeps: what waits to be sent, and what was seen, for the time without a connection.

import { openDB } from "../vendor/idb.js";

const KEEP_MS = 14 * 24 * 3600 * 1000;
const MOST_DONE = 200;

export class Store {
  constructor(db) {
    this.db = db;
  }

  static async open() {
    const db = await openDB("qaitarym-desk", 1, {
      upgrade(made) {
        made.createObjectStore("meta");
        made.createObjectStore("outbox", { keyPath: "number", autoIncrement: true });
        made.createObjectStore("units", { keyPath: "unit_label" });
        made.createObjectStore("seen", { keyPath: "key" });
        made.createObjectStore("done", { keyPath: "number", autoIncrement: true });
      },
      blocking: (_now, _next, event) => event.target.close(),
    });
    await navigator.storage?.persist?.();
    return new Store(db);
  }

  get(key) {
    return this.db.get("meta", key);
  }

  put(key, value) {
    return this.db.put("meta", value, key);
  }

  /** Keep an answer of the server under a key, with the time of it. */
  async remember(key, answer) {
    await this.db.put("seen", { key, answer, at: Date.now() });
  }

  /** Return what the server said last under the key, or undefined. */
  async recall(key) {
    const kept = await this.db.get("seen", key);
    return kept && Date.now() - kept.at < KEEP_MS ? kept.answer : undefined;
  }

  unit(label) {
    return this.db.get("units", label);
  }

  async keepUnit(unit) {
    if (unit?.unit_label) await this.db.put("units", { ...unit, kept_at: Date.now() });
  }

  async done(entry) {
    const tx = this.db.transaction("done", "readwrite");
    await tx.store.add(entry);
    const keys = await tx.store.getAllKeys();
    for (const key of keys.slice(0, -MOST_DONE)) tx.store.delete(key);
    await tx.done;
  }

  /** Return what was sent from here, the newest first. */
  async history() {
    return (await this.db.getAll("done")).reverse();
  }

  /** Forget what another person was shown; what waits to be sent stays, it is his work. */
  async forget() {
    const tx = this.db.transaction(["units", "seen", "done"], "readwrite");
    await Promise.all([tx.objectStore("units").clear(), tx.objectStore("seen").clear(), tx.objectStore("done").clear()]);
    await tx.done;
  }

  /** Drop what is too old to be true. */
  async tidy() {
    const before = Date.now() - KEEP_MS;
    const tx = this.db.transaction(["units", "seen"], "readwrite");
    for (const [name, field] of [["units", "kept_at"], ["seen", "at"]]) {
      for await (const cursor of tx.objectStore(name)) if (cursor.value[field] < before) cursor.delete();
    }
    await tx.done;
  }
}
