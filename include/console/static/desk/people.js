// A second inspector's look, who is told nothing of the first one's; how far both agree; and who may do what.

import { Inspect } from "./inspect.js";
import { get, post } from "./server.js";
import { choice, empty, facts, html, nothing } from "./ui.js";
import { label, moment, number, percent, t } from "./words.js";

/** The slice that is looked at again: a list, then the checklist of one piece. */
export class Second {
  constructor(app, unitLabel) {
    this.app = app;
    this.inner = unitLabel ? new SecondInspect(app, unitLabel) : null;
    this.tab = "more";
  }

  async load() {
    if (this.inner) return this.inner.load();
    this.units = (await get("second", { warehouse: this.app.warehouse })).units;
    return undefined;
  }

  title() {
    return t("Second look");
  }

  body() {
    if (this.inner) return this.inner.body();
    return html`<p class="hint">${t("Inspect as if nobody had: what was found before is shown afterwards.")}</p>
      ${this.units?.length ? html`<ul class="list">${this.units.map((unit) => html`<li><a class="row" href=${`#/second/${encodeURIComponent(unit.unit_label)}`}>
        <b>${unit.product_name ?? unit.sku ?? t("Unknown goods")}</b><span class="mono">${unit.unit_label}</span>
        <span>${unit.zone ? label("zones", unit.zone) : nothing}</span></a></li>`)}</ul>` : empty(t("Nothing waits here."))}`;
  }

  actions() {
    return this.inner?.actions() ?? [];
  }

  /** The label of a chosen piece opens it. */
  scan(code) {
    const unit = this.units?.find((one) => one.unit_label === code);
    if (unit) this.app.go(`second/${encodeURIComponent(code)}`);
    return Boolean(unit);
  }
}

class SecondInspect extends Inspect {
  type = "second_look";

  allowed() {
    return Boolean(this.unit) && this.found.next.includes(this.type);
  }
}

/** What two people found of one piece. */
export const bothLooks = (pair) => facts(["first", "second"].map((which) => [pair[`${which}_actor`],
  [pair[`${which}_grade`], label("findings", pair[`${which}_finding`]), label("routes", pair[`${which}_route`])].join(", ")]));

/** Cohen's kappa of the second looks, for supervisors: of all, of each category, of each inspector. */
export class Agreement {
  constructor(app, measure) {
    Object.assign(this, { app, tab: "more", measure: measure || "grade" });
  }

  async load() {
    this.found = await get("agreement", { warehouse: this.app.warehouse, measure: this.measure });
  }

  title() {
    return t("How far inspectors agree");
  }

  body() {
    const measures = [["grade", t("Grade")], ["finding", t("Found")], ["route", t("Route")], ["signs_of_use", t("Signs of use")]];
    const { rows, differing } = this.found ?? { rows: [], differing: [] };
    return html`
      ${choice("measure", t("In what?"), measures, this.measure, (measure) => this.app.go(`agreement/${measure}`))}
      <p class="hint">${t("Kappa says how far two inspectors agree beyond chance: 1 is always, 0 is as by chance. In brackets where it lies with 95 % confidence.")}</p>
      <ul class="list">${rows.map((row) => html`<li class="row"><b>${this.whose(row)}</b><span>${this.says(row)}</span>
        <span>${t("Pairs: {pairs}, alike: {agreed}", { pairs: number(row.pairs), agreed: row.agreed == null ? "—" : percent(row.agreed) })}</span></li>`)}</ul>
      <section><h2>${t("Looks that differ")}</h2>${differing.length ? html`<ul class="list">${differing.map((pair) => html`<li>
        <a class="row" href=${`#/unit/${pair.unit_id}`}><b>${pair.product_name ?? pair.sku ?? t("Unknown goods")}</b>
          <span class="mono">${pair.unit_label}</span><span>${moment(pair.second_at)}</span></a>${bothLooks(pair)}</li>`)}</ul>` : empty(t("None differ."))}</section>`;
  }

  whose({ dimension, key }) {
    if (dimension === "all") return t("All second looks");
    return dimension === "inspector" ? t("First look by {name}", { name: key }) : key === "unknown" ? t("Unknown goods") : key;
  }

  says({ kappa, lo, hi, note }) {
    if (kappa != null) return t("Kappa {kappa} ({lo} to {hi})", { kappa: number(kappa), lo: number(lo), hi: number(hi) });
    return note === "one_answer_only" ? t("Everybody gave one answer: chance alone explains it.") : t("Too few pairs for a kappa.");
  }
}

/** Roles of people, for supervisors. */
export class Staff {
  constructor(app) {
    Object.assign(this, { app, tab: "more", name: "", merchant: null, role: "operator" });
  }

  async load() {
    this.rows = (await get("staff")).staff;
  }

  title() {
    return t("Who may do what");
  }

  body() {
    const shops = [...(this.app.setup.roles["*"] === "supervisor" ? [["*", t("All shops")]] : []),
      ...this.app.setup.merchants.filter((one) => this.app.may("supervisor", one.merchant_id)).map((one) => [one.merchant_id, one.name])];
    this.merchant ??= shops[0]?.[0];
    return html`
      <label class="note">${t("Login in Airflow")}<input name="login" autocomplete="off" maxlength="100" .value=${this.name}
        @input=${(event) => { this.name = event.target.value.trim(); this.app.draw(); }}></label>
      ${choice("shop", t("Shop"), shops, this.merchant, (code) => { this.merchant = code; this.app.draw(); })}
      ${choice("role", t("Role"), this.app.setup.levels.map((code) => [code, label("roles", code)]), this.role, (code) => { this.role = code; this.app.draw(); })}
      <section><h2>${t("Roles")}</h2><ul class="list">${(this.rows ?? []).map((one) => html`<li class="row"><b>${one.user_name}</b>
        <span>${one.merchant_id === "*" ? t("All shops") : this.app.merchant(one.merchant_id)} · ${label("roles", one.role)}</span>
        <span>${t("by {actor}, {moment}", { actor: one.granted_by, moment: moment(one.granted_at) })}</span>
        <span class="aside"><button type="button" class="plain small" @click=${() => this.app.doing(() => this.set(one.user_name, one.merchant_id, null))}>${t("Take away")}</button></span></li>`)}</ul></section>`;
  }

  actions() {
    return [{ text: t("Give the role"), primary: true, code: "ok", disabled: !this.name || !this.merchant,
      run: () => this.set(this.name, this.merchant, this.role) }];
  }

  async set(name, merchantId, role) {
    await post("staff", { user_name: name, merchant_id: merchantId, role });
    this.app.say("good", role ? t("{name} has the role now.", { name }) : t("{name} has the role no more.", { name }));
    this.name = "";
    await this.load();
    this.app.draw();
  }
}
