// One message in Slack.

import { blocks, mrkdwn } from "./blocks.js";
import { clock, h, icon } from "./dom.js";
import { emojiOf, offered } from "./emoji.js";
import { say } from "./words.js";

export class Message {
  constructor(slack) {
    this.slack = slack;
  }

  /** make makes the element of a message, in its thread or in the open. */
  make(m, inThread) {
    if (m.empty) return h("div", { class: "nothing" }, h("b", {}, say("slack.nothing")), h("p", {}, say("slack.nothing.why")));
    if (m.notice) return h("p", { class: "notice" }, m.notice === "channel_join" ? say("slack.joined", m.name) : mrkdwn(m.text, this.to(m)));
    const el = h("article", { class: `message ${m.private ? "private" : ""}`, tabindex: 0, dataset: { ts: m.ts } },
      this.face(m),
      h("div", { class: "message-body" },
        m.private && h("small", { class: "only" }, icon("eye"), say("slack.only")),
        h("p", { class: "byline" }, h("b", {}, m.name), m.app && h("span", { class: "app" }, say("slack.app")),
          h("time", {}, clock(new Date(Number(m.ts) * 1000)))),
        m.broadcast && !inThread && h("small", { class: "only" }, say("slack.also")),
        this.words(m), this.files(m), this.reactions(m),
        !inThread && m.replies > 0 && h("button", { type: "button", class: "replies", onclick: () => this.openThread(m) }, say("slack.replies", m.replies))));
    if (!m.private && !m.tombstone) el.append(this.tools(m, inThread, el));
    return el;
  }

  to(m) {
    return {
      names: this.slack.names,
      press: (action, button) => this.press(m, action, button),
      open: (channel, thread) => this.slack.open(channel, thread),
    };
  }

  async press(m, action, button) {
    button.disabled = true;
    await this.slack.do(m.private ? "press-private" : "press", { ts: m.ts, name: action });
    button.disabled = false;
  }

  openThread(m) {
    this.slack.open(this.slack.channel, m.thread || m.ts);
  }

  face(m) {
    if (m.face) return h("img", { class: "avatar", src: m.face, alt: "" });
    if (m.app) return h("img", { class: "avatar", src: "/demo/page/icon.svg", alt: "" });
    const person = this.slack.page.scene.people.find((p) => p.name === m.name);
    return h("span", { class: `avatar initial ${person?.role ?? ""}` }, m.name.slice(0, 1));
  }

  words(m) {
    if (m.tombstone) return h("p", { class: "b-context" }, say("slack.deleted"));
    const shown = m.blocks?.length ? blocks(m.blocks, this.to(m)) : m.text && [h("p", {}, mrkdwn(m.text, this.to(m)))];
    return h("div", { class: "words" }, shown, m.edited && !m.app && h("small", { class: "edited" }, say("slack.edited")));
  }

  files(m) {
    return (m.files ?? []).map((f) => {
      const src = `/demo/api/files/${encodeURIComponent(f.id)}`;
      if (f.type.startsWith("image/")) return h("img", { class: "b-image", src, alt: f.name });
      return h("a", { class: "file", href: src, download: f.name }, icon("clip"), h("span", {}, f.name));
    });
  }

  reactions(m) {
    if (!m.reactions?.length) return null;
    return h("div", { class: "reactions" }, m.reactions.map((r) =>
      h("button", {
        type: "button", class: "reaction", "aria-pressed": String(!!r.mine), title: `${r.people.join("、")} :${r.name}:`, dataset: { reaction: r.name },
        onclick: () => this.slack.do(r.mine ? "unreact" : "react", { ts: m.ts, name: r.name }),
      }, h("span", {}, emojiOf(r.name)), String(r.people.length))));
  }

  tools(m, inThread, el) {
    const tool = (name, words, act) => h("button", { type: "button", title: say(words), "aria-label": say(words), onclick: act }, icon(name));
    return h("div", { class: "tools" },
      offered.slice(0, 2).map((name) => h("button", { type: "button", title: say("slack.react"), onclick: () => this.slack.do("react", { ts: m.ts, name }) }, emojiOf(name))),
      !inThread && tool("reply", "slack.reply", () => this.openThread(m)),
      tool("memo", "slack.note", () => this.slack.do("shortcut", { ts: m.ts, name: "note" })),
      m.mine && tool("edit", "slack.edit", () => this.edit(m, el)),
      m.mine && tool("bin", "slack.delete", () => this.slack.do("delete", { ts: m.ts })));
  }

  edit(m, el) {
    const words = el.querySelector(".words");
    const field = h("textarea", { rows: 2, value: words.querySelector(".b-rich")?.textContent ?? words.textContent, "aria-label": say("slack.edit") });
    const back = () => form.replaceWith(words);
    const form = h("form", { class: "edit", onsubmit: async (e) => {
      e.preventDefault();
      if (await this.slack.do("edit", { ts: m.ts, text: field.value.trim() }) !== undefined) back();
    } }, field,
    h("div", {}, h("button", { type: "button", class: "b-button", onclick: back }, say("slack.cancel")), h("button", { type: "submit", class: "b-button primary" }, say("slack.save"))));
    words.replaceWith(form);
    field.focus();
    form.scrollIntoView({ block: "nearest" });
  }
}
