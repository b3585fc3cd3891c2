// The friend's phone.

import * as api from "./api.js";
import { clock, follow, grow, h, icon, keep, take } from "./dom.js";
import { say } from "./words.js";

const stickers = { "ありがとう！": "thanks", "お願いします": "please", "OK!": "ok", "ごめんなさい": "sorry" };

const menu = [
  { words: "menu.aoyama", data: "shop=aoyama", look: "a" },
  { words: "menu.shibuya", data: "shop=shibuya", look: "b" },
  { words: "menu.hours", text: "営業時間を教えてください", look: "c" },
];

export class Phone {
  constructor(box, page) {
    this.page = page;
    this.box = box;
    this.face = h("span", {});
    this.name = h("b", {});
    this.kind = h("small", {});
    this.block = h("button", { type: "button", class: "quiet", onclick: () => this.do("block") }, say("phone.block"));
    this.chat = h("div", { class: "chat", role: "log", "aria-label": say("phone.side") });
    this.gate = h("div", { class: "gate" });
    this.speaker = h("select", { class: "speaker", "aria-label": say("phone.speaker"), onchange: () => this.show(page.scene) });
    this.field = h("textarea", { rows: 1, placeholder: say("phone.write"), "aria-label": say("phone.write"), id: "phone-text" });
    this.picker = h("input", { type: "file", accept: "image/*", hidden: true, onchange: () => this.picked() });
    this.sheet = this.makeSheet();
    this.bar = h("form", { class: "phone-bar", onsubmit: (e) => { e.preventDefault(); this.write(); } },
      h("button", { type: "button", class: "round", "aria-label": say("phone.plus"), title: say("phone.plus"), onclick: () => this.toggle() }, icon("plus")),
      this.speaker, this.field,
      h("button", { type: "submit", class: "round go", "aria-label": say("phone.send"), id: "phone-send" }, icon("send")));
    grow(this.field, () => this.write());
    box.append(
      h("div", { class: "phone-head" },
        this.face, h("span", { class: "phone-name" }, this.name, this.kind), this.block),
      this.chat, this.gate, this.sheet, this.bar, this.makeMenu(), this.picker);
  }

  makeSheet() {
    const sheet = h("div", { class: "sheet" },
      h("div", { class: "stickers" }, Object.entries(stickers).map(([words, name]) =>
        h("button", { type: "button", title: words, onclick: () => this.do("sticker", { text: words }) },
          h("img", { src: `/demo/stickers/${name}`, alt: words, width: 64, height: 64 })))),
      h("div", { class: "sheet-row" },
        h("button", { type: "button", onclick: () => this.picker.click() }, icon("photo"), say("phone.photo")),
        h("button", { type: "button", onclick: () => this.sample() }, icon("photo"), say("phone.sample")),
        h("button", { type: "button", onclick: () => this.do("location", { text: say("phone.place") }) }, icon("pin"), say("phone.location"))));
    sheet.hidden = true;
    return sheet;
  }

  makeMenu() {
    return h("div", { class: "rich-menu", role: "group", "aria-label": say("phone.menu") }, menu.map((m) =>
      h("button", { type: "button", class: m.look, onclick: () => this.press(m) }, say(m.words))));
  }

  toggle(open = this.sheet.hidden) {
    this.sheet.hidden = !open;
    this.chat.scrollTop = this.chat.scrollHeight;
  }

  /** from says who acts. */
  from() {
    return { friend: this.page.friend, speaker: this.page.friendNow?.kind === "group" ? this.speaker.value : "" };
  }

  do(act, body) {
    this.toggle(false);
    return this.page.attempt(() => api.phone(act, { ...this.from(), ...body }));
  }

  press(m) {
    return m.data ? this.do("menu", { data: m.data, text: say(m.words) }) : this.do("text", { text: m.text });
  }

  write() {
    return take(this.field, (text) => this.do("text", { text }));
  }

  picked() {
    const [file] = this.picker.files;
    this.picker.value = "";
    if (file) this.send(file);
  }

  sample() {
    drawSample().toBlob((blob) => this.send(blob), "image/jpeg", 0.85);
  }

  send(file) {
    this.toggle(false);
    return this.page.attempt(() => api.sendPicture(this.from(), file));
  }

  show(scene) {
    const friend = this.page.friendNow;
    const group = friend.kind === "group";
    this.turned ||= this.shown !== friend.id;
    this.shown = friend.id;
    this.name.textContent = group ? friend.name : "青山サロン";
    this.kind.textContent = group ? say("phone.group", friend.members.length + 1) : say("phone.official");
    keep(this.face, [group ? friend.face : ""], (src) => src, (src) => (src ? h("img", { class: "face", src, alt: "" }) : h("span", { class: "salon" }, "青")));
    // LINE shows an account's menu to friends only, not in groups.
    this.box.classList.toggle("group", group);
    const strange = !group && scene.chat.length === 0;
    this.block.hidden = group || strange || !!friend.blocked;
    this.speaker.hidden = !group;
    keep(this.speaker, friend.members ?? [], (m) => m.id, (m) => h("option", { value: m.id }, m.name));
    this.box.classList.toggle("strange", strange);
    this.box.classList.toggle("closed", strange || !!friend.blocked);
    keep(this.gate, strange || friend.blocked ? [{ blocked: !!friend.blocked, id: friend.id }] : [], (g) => g.id, (g) => this.makeGate(g));
    follow(this.chat, () => keep(this.chat, this.entries(scene), (e) => e.id, (e) => this.entry(e)), this.turned);
    this.turned = false;
  }

  /** entries says of each whose it is; an event and the acts after it may share an id. */
  entries(scene) {
    return scene.chat.map((e, i) => ({
      ...e, id: `${i}-${e.id}`, mine: e.side === "friend" && (!e.speaker || e.speaker.id === this.speaker.value),
    }));
  }

  makeGate(g) {
    return h("div", { class: `gate-card ${g.blocked ? "blocked" : ""}` },
      !g.blocked && [h("span", { class: "cover" }), h("span", { class: "salon" }, "青"), h("b", {}, "青山サロン"), h("small", {}, "@aoyama-salon")],
      h("p", {}, say(g.blocked ? "phone.blocked" : "phone.follow.why")),
      h("button", { type: "button", id: "phone-follow", onclick: () => this.do("follow") }, say(g.blocked ? "phone.unblock" : "phone.follow")));
  }

  entry(e) {
    if (e.side === "event") return h("p", { class: "event" }, h("span", {}, say(`event.${e.event}`, e.label)));
    if (e.unsent) return h("p", { class: "event" }, h("span", {}, say("phone.unsent")));
    const { mine } = e;
    const face = mine ? null : e.side === "friend" ? h("img", { class: "face", src: e.speaker.face, alt: "" }) : h("span", { class: "salon small" }, "青");
    return h("div", { class: `entry ${mine ? "mine" : "theirs"}` },
      face,
      h("div", { class: "said" },
        !mine && h("small", { class: "who" }, e.speaker?.name ?? "青山サロン"),
        e.bubbles.map((b, i) => h("div", { class: "line" },
          this.bubble(b),
          i === e.bubbles.length - 1 && h("small", { class: "when" },
            e.side === "friend" && e.read && h("span", { class: "read" }, say("phone.read")),
            e.paid > 0 && h("span", {}, say("phone.paid", e.paid)),
            h("time", {}, clock(new Date(e.at))),
            mine && h("button", { type: "button", class: "unsend", onclick: () => this.do("unsend", { message: b.id }) }, say("phone.unsend")))))));
  }

  bubble(b) {
    switch (b.type) {
      case "sticker":
        return stickers[b.text]
          ? h("img", { class: "sticker", src: `/demo/stickers/${stickers[b.text]}`, alt: b.text })
          : h("p", { class: "bubble" }, say("kind.sticker"));
      case "image":
        return h("img", { class: "photo", src: `/demo/api/pictures/${encodeURIComponent(b.id)}`, alt: say("kind.image") });
      case "location":
        return h("div", { class: "bubble place" }, h("span", { class: "map" }, icon("pin")), h("span", {}, b.text || say("kind.location")));
      default:
        return h("p", { class: "bubble" }, b.text);
    }
  }
}

/** drawSample paints a picture to send for whoever has none at hand. */
function drawSample() {
  const c = document.createElement("canvas");
  c.width = 640;
  c.height = 480;
  const g = c.getContext("2d");
  const sky = g.createLinearGradient(0, 0, 0, 480);
  sky.addColorStop(0, "#fbc7a4");
  sky.addColorStop(1, "#f7ead7");
  g.fillStyle = sky;
  g.fillRect(0, 0, 640, 480);
  g.fillStyle = "#fff3df";
  g.beginPath();
  g.arc(470, 150, 56, 0, 7);
  g.fill();
  for (const [color, base, height] of [["#b9cbb4", 330, 90], ["#7fa28c", 380, 70], ["#4c7a68", 430, 50]]) {
    g.fillStyle = color;
    g.beginPath();
    g.moveTo(0, 480);
    for (let x = 0; x <= 640; x += 8) g.lineTo(x, base - height * Math.sin(x / (60 + height)) * 0.5);
    g.lineTo(640, 480);
    g.fill();
  }
  return c;
}
