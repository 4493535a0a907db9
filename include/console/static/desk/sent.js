// What waits to be sent, what was refused and why, and what went through from this device.

import { banner, choice, empty, html, nothing } from "./ui.js";
import { doneName } from "./unit.js";
import { label, moment, refusalText, t } from "./words.js";

export class Sent {
  constructor(app) {
    this.app = app;
  }

  async load() {
    await this.changed();
  }

  async changed() {
    this.entries = await this.app.outbox.entries();
    this.past = (await this.app.store.history()).slice(0, 30);
    this.app.draw();
  }

  title() {
    return t("Sending");
  }

  line(entry, more) {
    const { event } = entry;
    return html`<li class="row"><b>${doneName(event)}</b>
      <span class="mono">${event.unit_label ?? event.order_code ?? ""}</span>
      <span>${moment(new Date(entry.made_at).toISOString())}</span>${more}</li>`;
  }

  body() {
    const mine = (this.entries ?? []).filter((one) => one.login === this.app.setup.login);
    const events = mine.filter((one) => one.kind === "event");
    const refused = mine.filter((one) => one.state === "refused" && (one.kind === "event" || !events.some((event) => event.event_id === one.event_id)));
    const waiting = events.filter((one) => one.state === "waiting");
    const photos = mine.filter((one) => one.kind === "photo" && one.state === "waiting").length;
    const others = [...new Set((this.entries ?? []).filter((one) => one.login !== this.app.setup.login).map((one) => one.login))];
    return html`
      ${this.app.outbox.online ? nothing : banner("warn", t("No connection. What was entered is kept on this device and is sent by itself when it is back."))}
      ${others.length ? banner("warn", t("Work of {names} waits here and is sent when they log in on this device.", { names: others.join(", ") })) : nothing}
      ${refused.length ? html`<section><h2>${t("Refused")}</h2><ul class="list">${refused.map((one) => this.refused(one))}</ul></section>` : nothing}
      <section><h2>${t("Waiting")}</h2>
        ${waiting.length ? html`<ul class="list">${waiting.map((one) => this.line(one, nothing))}</ul>` : empty(t("Everything is sent."))}
        ${photos ? html`<p class="hint">${t("Photos to send: {count}", { count: photos })}</p>` : nothing}</section>
      ${this.past?.length ? html`<section><h2>${t("Sent from here")}</h2><ul class="list">${this.past.map((one) => this.line(one, html`<span class="good">${label("outcomes", one.answer.outcome)}</span>`))}</ul></section>` : nothing}`;
  }

  refused(entry) {
    const reason = html`<span class="bad">${refusalText(entry)}</span>
      <span class="answers"><button type="button" class="plain" @click=${() => this.app.doing(() => this.app.outbox.again(entry.event_id))}>${t("Try again")}</button>
      <button type="button" class="plain" @click=${() => this.app.doing(() => this.app.outbox.dismiss(entry.event_id))}>${t("Seen, remove")}</button></span>`;
    return entry.kind === "event" ? this.line(entry, reason) : html`<li class="row"><b>${t("Photo")}</b>${reason}</li>`;
  }

  actions() {
    return this.app.waiting.mine ? [{ text: t("Send now"), primary: true, code: "ok", run: () => this.app.outbox.flush() }] : [];
  }
}

/** The rest: which warehouse, which language, the sheet of codes, who somebody is. */
export class More {
  constructor(app) {
    this.app = app;
  }

  title() {
    return t("More");
  }

  body() {
    const { setup } = this.app;
    return html`
      <p class="hint">${t("Logged in as {login}", { login: setup.login })}</p>
      ${setup.warehouses.length > 1 ? choice("warehouse", t("Warehouse"), setup.warehouses.map((one) => [one, one]), this.app.warehouse,
        (one) => this.app.doing(() => this.app.choose(one))) : nothing}
      <ul class="list">
        ${this.app.mayAnywhere("inspector") ? html`<li><a class="row" href="#/second"><b>${t("Second look")}</b></a></li>` : nothing}
        ${this.app.mayAnywhere("supervisor") ? html`<li><a class="row" href="#/agreement"><b>${t("How far inspectors agree")}</b></a></li>
        <li><a class="row" href="#/staff"><b>${t("Who may do what")}</b></a></li>` : nothing}
        <li><a class="row" href="commands.pdf" target="_blank"><b>${t("Sheet of codes for working without touching the screen")}</b></a></li>
        <li><a class="row" href="../"><b>${t("Overview")}</b></a></li>
        <li><a class="row" href=${setup.logout_url}><b>${t("Log out")}</b></a></li>
      </ul>
      <nav class="languages" aria-label=${t("Language")}>${[["ru", "Русский"], ["kk", "Қазақша"], ["en", "English"]].map(([code, name]) => html`
        <a class="button plain" lang=${code} href=${`?lang=${code}#/more`} aria-current=${code === setup.language ? "true" : "false"}>${name}</a>`)}</nav>`;
  }
}
