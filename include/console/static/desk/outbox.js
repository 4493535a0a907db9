// What a person entered, kept until the server has it. Sent in order, once: a repeated event is known by its id.

import { Away, Refusal, post, postPhoto } from "./server.js";

const MOST_AT_ONCE = 25;
const DONE = new Set(["booked", "repeated", "compared", "waiting", "finding", "duplicate_scan"]);
const LOCK = "qaitarym desk outbox";

export class Outbox extends EventTarget {
  /** `login` tells who is logged in: only his work is sent, another's waits for him. */
  constructor(store, login) {
    super();
    this.store = store;
    this.login = login;
    this.online = navigator.onLine;
    this.needsLogin = false;
    addEventListener("online", () => this.flush());
    addEventListener("offline", () => this.tell({ online: false }));
    document.addEventListener("visibilitychange", () => document.hidden || this.flush());
  }

  tell(change = {}) {
    Object.assign(this, change);
    this.dispatchEvent(new Event("change"));
  }

  /** Return all entries in the order they were made. */
  entries() {
    return this.store.db.getAll("outbox");
  }

  /** Keep an event with its photos, then try to send. Returns the server's answer, or null where it has to wait. */
  async add(warehouse, event, photos = []) {
    const head = { login: this.login, warehouse, made_at: Date.now(), state: "waiting", event_id: event.event_id };
    const tx = this.store.db.transaction("outbox", "readwrite");
    await tx.store.add({ ...head, kind: "event", event });
    for (const photo of photos) await tx.store.add({ ...head, kind: "photo", photo_id: photo.id, jpeg: photo.jpeg });
    await tx.done;
    this.tell();
    let answer = null;
    const listen = ({ detail }) => { if (detail.event_id === event.event_id) answer = detail; };
    this.addEventListener("answer", listen);
    await this.flush();
    this.removeEventListener("answer", listen);
    return answer;
  }

  /** Send what waits. Only one page of this browser sends at a time. */
  async flush() {
    if (!navigator.onLine) return this.tell({ online: false });
    const send = () => this.send();
    return navigator.locks ? navigator.locks.request(LOCK, send) : (this.sending = (this.sending ?? Promise.resolve()).then(send));
  }

  async send() {
    try {
      for (let part = await this.next(); part.length; part = await this.next()) {
        if (part[0].kind === "event") await this.sendEvents(part);
        else await this.sendPhoto(part[0]);
      }
      this.tell({ online: true, needsLogin: false });
    } catch (error) {
      if (error instanceof Away) this.tell({ online: false });
      else if (error instanceof Refusal && error.login) this.tell({ online: true, needsLogin: true });
      else throw error;
    }
  }

  /** Return what goes next: the first entries that are events of one warehouse, or one photo. */
  async next() {
    const mine = (await this.entries()).filter((entry) => entry.state === "waiting" && entry.login === this.login);
    const part = [];
    for (const entry of mine) {
      if (entry.kind === "photo") return part.length ? part : [entry];
      if (part.length === MOST_AT_ONCE || (part.length && part[0].warehouse !== entry.warehouse)) break;
      part.push(entry);
    }
    return part;
  }

  async sendEvents(part) {
    let answers;
    try {
      const message = { warehouse: part[0].warehouse, sent_at: new Date().toISOString(), events: part.map((one) => one.event) };
      answers = (await post("events", message)).answers;
    } catch (error) {
      if (!(error instanceof Refusal) || error.login) throw error;
      if (part.length > 1) { // one of them is refused: find which
        for (const one of part) await this.sendEvents([one]);
        return;
      }
      await this.refuse(part[0], error.code, error.message);
      return;
    }
    const told = new Map(answers.map((answer) => [answer.event_id, answer]));
    for (const entry of part) {
      const answer = told.get(entry.event_id);
      if (answer && DONE.has(answer.outcome)) await this.settle(entry, answer);
      else await this.refuse(entry, answer?.reason_code ?? answer?.outcome ?? "no_answer", answer?.reason ?? "");
    }
  }

  async settle(entry, answer) {
    const tx = this.store.db.transaction("outbox", "readwrite");
    await tx.store.delete(entry.number);
    for await (const cursor of tx.store) { // its photos learn whose they are
      const one = cursor.value;
      if (one.kind === "photo" && one.event_id === entry.event_id) await cursor.update({ ...one, unit_id: answer.unit?.unit_id });
    }
    await tx.done;
    await this.store.keepUnit(answer.unit);
    await this.store.done({ event: entry.event, warehouse: entry.warehouse, made_at: entry.made_at, sent_at: Date.now(), answer });
    this.dispatchEvent(new CustomEvent("answer", { detail: answer }));
    this.tell();
  }

  async sendPhoto(entry) {
    try {
      await postPhoto({ unit: entry.unit_id, event: entry.event_id, actor: entry.login }, entry.jpeg);
      await this.store.db.delete("outbox", entry.number);
      this.tell();
    } catch (error) {
      if (!(error instanceof Refusal) || error.login) throw error;
      await this.refuse(entry, error.code, error.message);
    }
  }

  /** Keep a refused entry with the reason until a person has seen it; the photos of a refused event stay with it. */
  async refuse(entry, code, reason) {
    const tx = this.store.db.transaction("outbox", "readwrite");
    for await (const cursor of tx.store) {
      const one = cursor.value;
      if (one.number === entry.number || (entry.kind === "event" && one.event_id === entry.event_id)) {
        await cursor.update({ ...one, state: "refused", code, reason });
      }
    }
    await tx.done;
    this.dispatchEvent(new CustomEvent("answer", { detail: { event_id: entry.event_id, outcome: "refused", code, reason } }));
    this.tell();
  }

  /** A person has seen the refusal: the entry goes, with its photos. */
  async dismiss(eventId) {
    await this.each(eventId, (cursor) => cursor.delete());
  }

  /** Send a refused entry once more, as it is. */
  async again(eventId) {
    await this.each(eventId, (cursor) => cursor.update({ ...cursor.value, state: "waiting", code: null, reason: null }));
    await this.flush();
  }

  async each(eventId, change) {
    const tx = this.store.db.transaction("outbox", "readwrite");
    for await (const cursor of tx.store) if (cursor.value.event_id === eventId) await change(cursor);
    await tx.done;
    this.tell();
  }
}
