// Where a person types into Slack.

import * as api from "./api.js";
import { grow, h, icon, take } from "./dom.js";
import { say } from "./words.js";

export class Composer {
  /** thread returns the thread that is written to, "" for the open. */
  constructor(slack, thread, id) {
    this.slack = slack;
    this.thread = thread;
    this.field = h("textarea", { rows: 1, id });
    this.note = h("small", { class: "hint" });
    this.picker = h("input", { type: "file", hidden: true, onchange: () => this.picked() });
    this.box = h("form", { class: "composer", onsubmit: (e) => { e.preventDefault(); this.send(); } },
      h("div", { class: "composer-box" },
        h("button", { type: "button", class: "quiet", "aria-label": say("slack.attach"), title: say("slack.attach"), onclick: () => this.picker.click() }, icon("clip")),
        this.field,
        h("button", { type: "submit", class: "go", "aria-label": say("slack.send") }, icon("send")),
        this.picker),
      this.note);
    grow(this.field, () => this.send());
  }

  hint(placeholder, note = "") {
    this.field.placeholder = placeholder;
    this.field.setAttribute("aria-label", placeholder);
    this.note.textContent = note;
  }

  send() {
    return take(this.field, (text) => {
      const command = this.thread() ? null : /^(\/[^\s/]+)\s*(.*)$/s.exec(text);
      return command
        ? this.slack.do("command", { name: command[1], text: command[2] })
        : this.slack.do("write", { thread: this.thread(), text });
    });
  }

  picked() {
    const [file] = this.picker.files;
    this.picker.value = "";
    if (!file) return;
    const { page, channel } = this.slack;
    page.attempt(() => api.shareFile({ person: page.person, channel, thread: this.thread(), name: file.name }, file));
  }
}
