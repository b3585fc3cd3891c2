// A modal of Slack, with the inputs that it may hold.

import * as api from "./api.js";
import { blocks, text } from "./blocks.js";
import { h, icon } from "./dom.js";
import { say } from "./words.js";

export class Modal {
  constructor(slack) {
    this.slack = slack;
  }

  make(view) {
    const inputs = [];
    const problem = h("p", { class: "problem", role: "alert" });
    const form = h("form", { class: "modal", role: "dialog", "aria-label": view.title, dataset: { view: view.id },
      onsubmit: (e) => { e.preventDefault(); this.submit(view, inputs, problem); } },
    h("header", {}, h("b", {}, view.title),
      h("button", { type: "button", class: "quiet", "aria-label": say("slack.close"), onclick: () => this.close(view) }, icon("close"))),
    h("div", { class: "modal-body" }, view.blocks.map((b) => (b.type === "input" ? this.input(view, b, inputs) : blocks([b], { names: this.slack.names }))), problem),
    h("footer", {},
      h("button", { type: "button", class: "b-button", onclick: () => this.close(view) }, view.close || say("slack.cancel")),
      view.submit && h("button", { type: "submit", class: "b-button primary" }, view.submit)));
    queueMicrotask(() => form.querySelector("textarea, input")?.focus());
    return h("div", { class: "shade" }, form);
  }

  close(view) {
    return this.slack.do("close", { view: view.id });
  }

  async submit(view, inputs, problem) {
    const given = Object.fromEntries(inputs.map((i) => [i.id, i.value()]));
    const outcome = await this.slack.do("submit", { view: view.id, inputs: given });
    problem.textContent = Object.values(outcome?.Errors ?? {}).join(" ");
  }

  input(view, b, inputs) {
    const e = b.element;
    const made = e.type.includes("select") ? this.menu(view, e) : this.field(e);
    inputs.push({ id: e.action_id, value: made.value });
    return h("label", { class: "input" }, h("span", {}, text(b.label, {})), made.el, b.hint && h("small", { class: "hint" }, text(b.hint, {})));
  }

  field(e) {
    const el = e.multiline ? h("textarea", { rows: 4 }) : h("input", { type: "text" });
    el.value = e.initial_value ?? "";
    return { el, value: () => ({ Text: el.value }) };
  }

  /** menu lets one search and choose, of the options given or of those that the app suggests. */
  menu(view, e) {
    const many = e.type.startsWith("multi_");
    const chosen = new Map((e.initial_options ?? (e.initial_option ? [e.initial_option] : [])).map((o) => [o.value, o.text.text]));
    const list = h("div", { class: "options", role: "listbox" });
    const search = h("input", { type: "search", placeholder: e.placeholder?.text ?? say("slack.search"), "aria-label": say("slack.search"), oninput: () => fill() });
    const choose = (value, label) => {
      if (chosen.has(value)) chosen.delete(value);
      else {
        if (!many) chosen.clear();
        chosen.set(value, label);
      }
      fill();
    };
    const offered = async () => {
      if (!e.type.includes("external")) return (e.options ?? []).map((o) => ({ Value: o.value, Label: o.text.text }));
      return api.suggest({ person: this.slack.page.person, view: view.id, name: e.action_id, text: search.value });
    };
    const fill = async () => {
      const wanted = search.value.normalize("NFKC").toLowerCase();
      const options = (await offered()).filter((o) => o.Label.normalize("NFKC").toLowerCase().includes(wanted));
      list.replaceChildren(...options.map((o) => h("button", {
        type: "button", role: "option", "aria-selected": String(chosen.has(o.Value)), onclick: () => choose(o.Value, o.Label),
      }, h("span", { class: "box" }, chosen.has(o.Value) && icon("check")), o.Label)));
    };
    fill();
    return { el: h("div", { class: "menu" }, search, list), value: () => ({ Options: [...chosen.keys()] }) };
  }
}
