// The desk: one page that opens without a connection, too. Views draw; what they enter goes through the outbox.

import { render } from "../vendor/lit-html.js";
import { newId } from "./codes.js";
import { Outbox } from "./outbox.js";
import { Scanner } from "./scanner.js";
import { Away, Refusal, get } from "./server.js";
import { Store } from "./store.js";
import { after, stepsOf } from "./life.js";
import { html, nothing } from "./ui.js";
import { label, refusalText, speak, t } from "./words.js";
import { views } from "./views.js";

const RETRY_MS = 10_000;
const tabs = () => [["", t("Scan")], ["queue", t("Queue")], ["zones", t("Zones")], ["sent", t("Sending")], ["more", t("More")]];

class Desk {
  constructor(root, store) {
    this.root = root;
    this.store = store;
    this.said = null;
    this.waiting = { mine: 0, others: 0, refused: 0 };
    this.view = null;
    this.busy = false;
  }

  async start() {
    await this.store.tidy();
    this.warehouse = await this.store.get("warehouse");
    await this.learn();
    this.outbox = new Outbox(this.store, this.setup.login);
    this.outbox.addEventListener("change", () => this.count());
    this.root.replaceChildren();
    render(this.shell(), this.root);
    this.scanner = new Scanner(this.root.querySelector("#scan"), (code) => this.heard(code), () => this.primary());
    addEventListener("hashchange", () => this.route());
    setInterval(() => this.waiting.mine && this.outbox.flush(), RETRY_MS);
    await this.count();
    await this.route();
    await this.outbox.flush();
  }

  /** Ask who is logged in and what there is to know; without a connection what was known last holds. */
  async learn() {
    const language = document.documentElement.lang;
    const key = `setup:${language}`;
    try {
      this.setup = await get("setup", { lang: language, warehouse: this.warehouse });
      const last = await this.store.get("login");
      if (last && last !== this.setup.login) await this.store.forget();
      await this.store.put("login", this.setup.login);
      await this.store.put(key, this.setup);
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      this.setup = await this.store.get(key);
      if (!this.setup) throw error;
    }
    speak(this.setup);
    if (!this.setup.warehouses.includes(this.warehouse)) this.warehouse = this.setup.warehouse;
    if (this.warehouse) await this.store.put("warehouse", this.warehouse);
  }

  async choose(warehouse) {
    this.warehouse = warehouse;
    await this.store.put("warehouse", warehouse);
    await this.learn();
    this.draw();
  }

  /** Tell whether the person may do what needs the role, for this merchant. */
  may(role, merchantId) {
    const { levels, roles } = this.setup;
    return ["*", merchantId].some((one) => levels.indexOf(roles[one]) >= levels.indexOf(role));
  }

  mayAnywhere(role) {
    return Object.keys(this.setup.roles).some((one) => this.may(role, one));
  }

  /** Return the warehouse's zone of a purpose: the first that is not full. */
  zoneFor(purpose) {
    const zones = this.setup.zones.filter((one) => one.purpose === purpose);
    const free = zones.find((one) => !one.capacity || one.occupied < one.capacity);
    return (free ?? zones[0])?.zone ?? purpose;
  }

  purposeOf(zone) {
    return this.setup.zones.find((one) => one.zone === zone)?.purpose ?? zone;
  }

  /** Return the fields of a step that asks for nothing: where the piece goes, or which event is taken back. */
  fieldsOf(step, found) {
    if (step === "voided") return { voids: found.last_event.event_id };
    return step === "unrecoverable" ? { zone: this.zoneFor("unrecoverable") } : {};
  }

  /** Say what became of an event: as the server told, or that it waits here. */
  tell(answer, said) {
    if (!answer) this.say("warn", t("Kept on this device: it is sent when the connection is back."));
    else if (answer.outcome === "refused") this.say("bad", refusalText(answer));
    else if (["booked", "repeated", "finding"].includes(answer.outcome)) this.say("good", said);
    else this.say("warn", label("outcomes", answer.outcome));
    this.keepSaid = true;
  }

  merchant(merchantId) {
    return this.setup.merchants.find((one) => one.merchant_id === merchantId)?.name ?? merchantId;
  }

  /** Return what a code means: as the server says, else as it is known here. */
  async look(code) {
    const key = `look:${this.warehouse}:${code}`;
    try {
      const found = await get("look", { code, warehouse: this.warehouse });
      this.outbox.tell({ online: true });
      await this.store.remember(key, found);
      await this.store.keepUnit(found.unit);
      return await this.withWaiting(found);
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      this.outbox.tell({ online: false });
      const known = await this.store.unit(code);
      if (known) return { kind: "unit", unit: known, ...stepsOf(this, known), offline: true };
      return { ...(await this.store.recall(key)) ?? { kind: "unknown" }, offline: true };
    }
  }

  /** What waits here to be sent has happened all the same: show the piece as it will be. */
  async withWaiting(found) {
    if (!found.unit) return found;
    const waiting = (await this.outbox.entries())
      .filter((one) => one.kind === "event" && one.state === "waiting" && one.event.unit_label === found.unit.unit_label);
    if (!waiting.length) return found;
    const unit = waiting.reduce((so, one) => after(this, so, one.event), found.unit);
    return { ...found, unit, ...stepsOf(this, unit) };
  }

  /** Record one event, with its photos or the promise of them. Returns { answer, unit }: without an answer it waits here. */
  async record(type, unit, fields, photos = []) {
    const told = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const event = {
      event_id: fields.event_id ?? newId(), type, occurred_at: new Date().toISOString(), merchant_id: unit.merchant_id,
      store_id: unit.store_id, actor: this.setup.login, unit_label: unit.unit_label, ...Object.fromEntries(told),
    };
    this.busy = true;
    this.draw();
    try {
      const taken = await photos, mine = after(this, unit, event);
      await this.store.keepUnit(mine);
      const answer = await this.outbox.add(this.warehouse, event, taken.map(({ id, jpeg }) => ({ id, jpeg })));
      return { answer, event, unit: answer?.unit ?? mine };
    } finally {
      this.busy = false;
      this.draw();
    }
  }

  /** Say something at the top of the page; the next scan takes it away. */
  say(tone, text) {
    this.said = text ? { tone, text } : null;
    this.draw();
  }

  go(hash) {
    const target = `#/${hash}`;
    if (location.hash === target) this.route();
    else location.hash = target;
  }

  async route() {
    const [name, ...parts] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
    const View = views[name] ?? views[""];
    const view = new View(this, ...parts);
    if (!this.keepSaid) this.said = null;
    this.keepSaid = false;
    view.name = name;
    this.coming = view; // what is on the screen stays until this one is ready
    try {
      await view.load?.();
    } catch (error) {
      this.fail(error);
    }
    if (this.coming !== view) return;
    this.view = view;
    this.draw();
    this.root.querySelector("main").scrollTop = 0;
    this.scanner.focus();
  }

  fail(error) {
    if (error instanceof Away) this.say("warn", t("No connection: this can be seen when it is back."));
    else if (error instanceof Refusal && error.login) this.outbox.tell({ needsLogin: true });
    else if (error instanceof Refusal) this.say("bad", error.message);
    else {
      this.say("bad", t("This page has a fault: reload it. What was entered is kept."));
      throw error;
    }
  }

  async heard(code) {
    this.said = null;
    if (/^QT:/i.test(code)) return this.press(code.slice(3));
    try {
      if (await this.view.scan?.(code)) return undefined;
      this.go(`code/${encodeURIComponent(code)}`);
    } catch (error) {
      this.fail(error);
    }
    return undefined;
  }

  /** A printed code presses a button, for gloves. */
  press(code) {
    const wanted = code.toLowerCase();
    const button = [...this.root.querySelectorAll("[data-code]")].find((one) => one.dataset.code.toLowerCase() === wanted);
    if (button && !button.disabled) button.click();
    else this.say("warn", t("This page has no such button."));
  }

  primary() {
    this.root.querySelector("footer .primary:not([disabled])")?.click();
  }

  async count() {
    const entries = (await this.outbox.entries()).filter((one) => one.kind === "event" || one.state === "waiting");
    const mine = entries.filter((one) => one.login === this.setup.login);
    this.waiting = {
      mine: mine.filter((one) => one.state === "waiting").length,
      refused: mine.filter((one) => one.state === "refused" && one.kind === "event").length,
      others: entries.length - mine.length,
    };
    this.view?.changed?.();
    this.draw();
  }

  draw() {
    if (!this.scanner) return;
    render(this.shell(), this.root);
    this.scanner.settle();
  }

  connection() {
    const { mine, refused, others } = this.waiting;
    if (this.outbox.needsLogin) return html`<a class="link bad" href=${this.setup.login_url}>${t("Log in again")}</a>`;
    const parts = [
      this.outbox.online ? t("connected") : t("no connection"),
      ...(mine ? [t("waiting: {count}", { count: mine })] : []),
      ...(refused ? [t("refused: {count}", { count: refused })] : []),
      ...(others ? [t("of others: {count}", { count: others })] : []),
    ];
    const tone = refused ? "bad" : this.outbox.online && !mine ? "good" : "warn";
    return html`<span class="state" role="status"><a class="link ${tone}" href="#/sent">${parts.join(" · ")}</a></span>`;
  }

  shell() {
    const view = this.view;
    return html`
      <header><span class="where">${this.warehouse ?? "—"}</span>
        <h1 tabindex="-1">${view?.title?.() ?? t("Desk")}</h1>${this.connection()}</header>
      <main>
        ${this.said ? html`<div id="news" class="banner ${this.said.tone}" role="alert"><p>${this.said.text}</p></div>` : nothing}
        ${view?.body?.() ?? nothing}
      </main>
      <footer>
        <div class="actions">${(view?.actions?.() ?? []).map((one) => this.button(one))}</div>
        <div class="scan-row"><label for="scan" class="hidden">${t("Scan or type a code")}</label>
          <input id="scan" autocomplete="off" autocapitalize="characters" spellcheck="false" enterkeyhint="go"
            inputmode=${this.typing ? "text" : "none"} placeholder=${t("Scan or type a code")}>
          <button type="button" class="plain keys" aria-label=${t("Keyboard")} aria-pressed=${Boolean(this.typing)}
            @click=${() => this.toggleKeys()}>⌨</button></div>
        <nav aria-label=${t("Pages")}>${tabs().map(([name, text]) => html`<a href=${`#/${name}`}
          aria-current=${name === (view?.tab ?? view?.name ?? "") ? "page" : "false"}>${text}
          ${name === "sent" && this.waiting.mine + this.waiting.refused ? html`<b class="count">${this.waiting.mine + this.waiting.refused}</b>` : nothing}
          </a>`)}</nav>
      </footer>`;
  }

  toggleKeys() {
    this.typing = !this.typing;
    this.draw();
    this.scanner.field.blur();
    this.scanner.focus();
  }

  button({ text, run, href, code, primary, danger, disabled, why }) {
    const kind = primary ? "primary" : danger ? "danger" : "plain";
    if (href) return html`<a class="button ${kind}" href=${href} data-code=${code ?? nothing} target=${href.startsWith("#") ? nothing : "_blank"}>${text}</a>`;
    return html`<button type="button" class=${kind} data-code=${code ?? nothing} ?disabled=${disabled || this.busy}
      @pointerdown=${() => { this.pressed = code; }} @click=${(event) => this.meant(event, code) && this.doing(run)}>${text}${why ? html`<small>${why}</small>` : nothing}</button>`;
  }

  /** Tell whether the button is still the one that the thumb went down on: the page may have changed meanwhile. */
  meant(event, code) {
    return event.detail === 0 || this.pressed === code;
  }

  async doing(run) {
    if (this.busy) return;
    try {
      await run();
    } catch (error) {
      this.fail(error);
    }
  }
}

async function begin() {
  const root = document.getElementById("desk");
  try {
    if ("serviceWorker" in navigator) await navigator.serviceWorker.register("sw.js");
  } catch {
    // without HTTPS there is none: the desk works, but opens only with a connection
  }
  try {
    const desk = new Desk(root, await Store.open());
    await desk.start();
    root.dataset.ready = "yes";
  } catch (error) {
    root.dataset.ready = "no";
    if (error instanceof Refusal && error.login) location.assign(root.dataset.login);
    else if (error instanceof Refusal && error.status === 403) root.textContent = root.dataset.closed;
    else root.textContent = root.dataset.failed;
    throw error;
  }
}

begin();
