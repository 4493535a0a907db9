// Repacking and repair orders: minutes and materials from the price list; a repair stops before it eats the goods.

import { banner, html, nothing, stepper } from "./ui.js";
import { Away, get } from "./server.js";
import { Step } from "./unit.js";
import { minutes, money, t } from "./words.js";

class Work extends Step {
  async prepare() {
    this.minutes = this.usual;
    this.used = {};
    this.prices = this.app.setup.prices[this.unit?.merchant_id]?.[this.work] ?? { once: 0, minute: 0, materials: [] };
    this.left = null;
    if (!this.unit?.unit_id || this.found.offline) return;
    try {
      this.left = await get(`units/${this.unit.unit_id}/recovery`);
    } catch (error) {
      if (!(error instanceof Away)) throw error; // without it the work goes on: nobody is stopped by a lost connection
    }
  }

  /** Tenge that this piece of work costs by the price list. */
  cost() {
    const { once, minute, materials } = this.prices;
    return once + this.minutes * minute + materials.reduce((sum, one) => sum + (this.used[one.code] ?? 0) * one.price, 0);
  }

  body() {
    if (!this.allowed(this.type)) return html`${this.head()}${this.refusal(this.type)}`;
    return html`${this.head()}
      ${this.stopLoss()}
      ${stepper("minutes", t("Time"), this.minutes, this.minutesStep, (value) => { this.minutes = value; this.app.draw(); }, minutes(this.minutes))}
      <section class="list" aria-label=${t("Materials")}><h3>${t("Materials")}</h3>
        ${this.prices.materials.map((one) => stepper(one.code, `${one.name} · ${money(one.price)}`, this.used[one.code] ?? 0, 1,
          (value) => { this.used[one.code] = value; this.app.draw(); }))}</section>
      <p class="sum">${t("Cost of this work")} <b>${money(this.cost())}</b></p>
      ${this.note(t("Remark"))}`;
  }

  /** Tell whether this work costs more than the goods can still bring: what was spent is gone either way. */
  loses() {
    return this.left?.at_stake != null && this.cost() >= this.left.at_stake;
  }

  stopLoss() {
    if (this.left?.at_stake == null) return nothing;
    const told = { spent: money(this.left.spent), cost: money(this.cost()), worth: money(this.left.at_stake) };
    const more = this.work === "repair" && !this.stop() ? html`<p>${t("A supervisor stops the repair.")}</p>` : nothing;
    return this.loses() ? banner("bad", t("Stop: this work costs {cost}, and the piece can bring {worth} only.", told), more)
      : html`<p class="hint">${t("It can bring {worth}; spent so far: {spent}.", told)}</p>`;
  }

  actions() {
    if (!this.allowed(this.type)) return [];
    const write = { text: this.done(), code: "ok", run: () => this.write() };
    const stop = this.stop();
    // what loses money is not under the thumb
    return stop && this.loses() ? [write, { ...stop, primary: true }] : [...(stop ? [stop] : []), { ...write, primary: true }];
  }

  stop() {
    return null;
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

  stop() {
    if (!this.allowed("unrecoverable")) return null;
    const run = () => this.app.go(`do/unrecoverable/${encodeURIComponent(this.unit.unit_label)}`);
    return { text: t("Stop the repair"), danger: true, code: "stop", run };
  }
}
