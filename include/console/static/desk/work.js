// Repacking and repair orders: minutes and materials from the price list; a repair stops before it eats the goods.

import { banner, html, nothing, stepper } from "./ui.js";
import { Step } from "./unit.js";
import { minutes, money, t } from "./words.js";

class Work extends Step {
  prepare() {
    this.minutes = this.usual;
    this.used = {};
    this.materials = (this.app.setup.materials ?? []).filter((one) => !one.work || one.work === this.work);
  }

  /** Tenge that this piece of work costs by the price list. */
  cost() {
    const parts = this.materials.reduce((sum, one) => sum + (this.used[one.code] ?? 0) * one.price, 0);
    return parts + this.minutes * (this.app.setup.minute_price ?? 0);
  }

  body() {
    if (!this.allowed(this.type)) return html`${this.head()}${this.refusal(this.type)}`;
    return html`${this.head()}
      ${this.stopLoss()}
      ${stepper("minutes", t("Time"), this.minutes, this.minutesStep, (value) => { this.minutes = value; this.app.draw(); }, minutes(this.minutes))}
      <section class="list" aria-label=${t("Materials")}><h3>${t("Materials")}</h3>
        ${this.materials.map((one) => stepper(one.code, `${one.name} · ${money(one.price)}`, this.used[one.code] ?? 0, 1,
          (value) => { this.used[one.code] = value; this.app.draw(); }))}</section>
      <p class="sum">${t("Cost of this work")} <b>${money(this.cost())}</b></p>
      ${this.note(t("Remark"))}`;
  }

  /** Compare what was spent and this work with what the goods can still bring. */
  stopLoss() {
    const { spent = 0, worth } = this.unit.money ?? {};
    if (worth == null) return nothing;
    const left = worth - spent - this.cost();
    const told = { spent: money(spent), cost: money(this.cost()), worth: money(worth) };
    return left < 0 ? banner("bad", t("Stop: {spent} spent and {cost} more is above the {worth} that it can bring. Write it off instead.", told))
      : html`<p class="hint">${t("Spent {spent}, it can bring {worth}.", told)}</p>`;
  }

  actions() {
    if (!this.allowed(this.type)) return [];
    return [...this.others(), { text: this.done(), primary: true, code: "ok", run: () => this.write() }];
  }

  others() {
    return [];
  }

  /** What was used, as the contract writes it: codes of the price list with how many. */
  write() {
    const used = Object.entries(this.used).filter(([, count]) => count).map(([code, count]) => `${code}:${count}`);
    return this.finish(this.type, { minutes: this.minutes, materials_used: used.length ? used : null });
  }
}

export class Repack extends Work {
  type = "repacked";

  work = "repack";

  usual = 10;

  minutesStep = 5;

  done() {
    return t("Repacked");
  }
}

export class Repair extends Work {
  type = "repaired";

  work = "repair";

  usual = 30;

  minutesStep = 5;

  done() {
    return t("Repaired");
  }

  others() {
    if (!this.allowed("unrecoverable")) return [];
    const run = () => this.app.go(`do/unrecoverable/${encodeURIComponent(this.unit.unit_label)}`);
    return [{ text: t("Stop the repair"), danger: true, code: "stop", run }];
  }
}
