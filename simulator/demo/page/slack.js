// Slack as the chosen person sees it.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { follow, h, icon, keep } from "./dom.js";
import { Message } from "./message.js";
import { Modal } from "./modal.js";
import { say } from "./words.js";

export class Slack {
  constructor(box, page) {
    this.page = page;
    this.channel = "";
    this.thread = "";
    this.message = new Message(this);
    this.team = h("div", { class: "team" }, h("b", {}, "青山サロン"), h("span", { class: "me" }));
    this.channels = h("div", { class: "channels" });
    this.title = h("b", {});
    this.members = h("small", {});
    this.list = h("div", { class: "messages", role: "log", id: "slack-messages" });
    this.composer = new Composer(this, () => "", "room-text");
    this.threadList = h("div", { class: "messages", role: "log", id: "slack-thread" });
    this.threadComposer = new Composer(this, () => this.thread, "thread-text");
    this.threadPanel = h("section", { class: "thread" },
      h("header", { class: "bar" },
        h("button", { type: "button", class: "quiet back", "aria-label": say("slack.close"), onclick: () => this.open(this.channel, "") }, icon("back")),
        h("b", {}, say("slack.thread")),
        h("button", { type: "button", class: "quiet shut", "aria-label": say("slack.close"), onclick: () => this.open(this.channel, "") }, icon("close"))),
      this.threadList, this.threadComposer.box);
    this.layer = h("div", { class: "layer" });
    this.modal = new Modal(this);
    box.append(
      h("aside", { class: "sidebar" }, this.team, h("p", { class: "label" }, say("slack.channels")), this.channels),
      h("section", { class: "room" }, h("header", { class: "bar" }, icon("lock"), this.title, this.members), this.list, this.composer.box),
      this.threadPanel, this.layer);
    this.box = box;
  }

  /** open shows a Slack channel, and a thread of it unless thread is "". */
  open(channel, thread) {
    this.channel = channel;
    this.thread = thread;
    this.turned = true;
    if (this.page.scene) this.show(this.page.scene);
  }

  do(act, body) {
    return this.page.attempt(() => api.slack(act, { person: this.page.person, channel: this.channel, ...body }));
  }

  /** here is the Slack channel that is shown. */
  get here() {
    return this.page.scene?.channels.find((c) => c.id === this.channel);
  }

  /** root finds the first post of a friend's thread that can still be replied to. */
  root(friend) {
    for (const c of this.page.scene.channels) {
      const post = c.messages.findLast((m) => m.friend === friend.id);
      if (post) return { channel: c.id, ts: post.ts };
    }
    return null;
  }

  show(scene) {
    this.names = Object.fromEntries(scene.people.map((p) => [p.id, p.name]));
    if (!this.here) {
      this.channel = scene.channels[0]?.id ?? "";
      this.thread = "";
      this.turned = true;
    }
    const channel = this.here;
    this.box.classList.toggle("waiting", !scene.ready);
    this.box.classList.toggle("threaded", !!this.thread);
    this.box.dataset.wait = say("slack.wait");
    this.team.lastChild.textContent = this.page.personNow.name;
    keep(this.channels, scene.channels.map((c) => ({ id: c.id, name: c.name, chosen: c.id === this.channel })), (c) => c.id, (c) =>
      h("button", { type: "button", "aria-pressed": String(c.chosen), onclick: () => this.open(c.id, "") }, icon("lock"), h("span", {}, c.name)));
    this.title.textContent = channel?.name ?? "";
    this.members.textContent = channel ? `${say("slack.members", channel.members.length)} · ${channel.members.join("、")}` : "";
    this.composer.hint(say("slack.write"), say("slack.write.hint"));
    this.threadComposer.hint(say("slack.answer"), say(this.page.personNow.role === "trainee" ? "slack.answer.hint.reader" : "slack.answer.hint"));
    follow(this.list, () => keep(this.list, this.inRoom(scene, channel), keyOf, (m) => this.message.make(m, false)), this.turned);
    follow(this.threadList, () => keep(this.threadList, this.inThread(scene, channel), keyOf, (m) => this.message.make(m, true)), this.turned);
    keep(this.layer, scene.modals.slice(-1), (v) => v.id, (v) => this.modal.make(v));
    this.turned = false;
  }

  inRoom(scene, channel) {
    if (!channel) return [];
    const open = channel.messages.filter((m) => (!m.thread || m.broadcast) && m.notice !== "channel_topic" && m.notice !== "channel_purpose");
    const mine = scene.ephemerals.filter((e) => e.channel === channel.id && !e.thread).map(private_);
    const all = [...open, ...mine].sort((a, b) => (a.ts < b.ts ? -1 : 1));
    return all.some((m) => !m.notice) ? all : [...all, { ts: "z", empty: true }];
  }

  inThread(scene, channel) {
    if (!this.thread || !channel) return [];
    const said = channel.messages.filter((m) => m.ts === this.thread || m.thread === this.thread);
    const mine = scene.ephemerals.filter((e) => e.channel === channel.id && e.thread === this.thread).map(private_);
    return [...said, ...mine].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  }
}

const keyOf = (m) => `${m.private ? "private" : "post"}-${m.ts}`;

const private_ = (e) => ({ ...e, thread: "", name: "Madoguchi", app: true, private: true });
