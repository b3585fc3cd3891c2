// The guided tour: five steps and what comes after them, each of which can be
// done by hand or, where it has one, by the button beside it.

import * as api from "./api.js";
import { h, icon, keep } from "./dom.js";
import { say } from "./words.js";

const steps = [1, 2, 3, 4, 5];

export class Guide {
  constructor(box, page, slack) {
    this.page = page;
    this.slack = slack;
    this.done = new Set();
    this.steps = h("ol", { class: "steps" });
    this.now = h("div", { class: "now" });
    box.append(h("h1", {}, say("guide.title")), this.steps, this.now);
    box.setAttribute("aria-label", say("guide.title"));
  }

  get hero() {
    return this.page.scene.friends[0];
  }

  /** newcomer is the friend whom nobody serves until an owner gives her a tag. */
  get newcomer() {
    return this.page.scene.friends[3];
  }

  get owner() {
    return this.page.scene.people[3];
  }

  /** afterwards is what the tour says when its steps are done. */
  get afterwards() {
    if (this.newcomer.seenBy.some((id) => id !== this.owner.id)) return "free";
    return this.page.person === this.owner.id ? "tag" : "end";
  }

  show(scene) {
    this.notice(scene);
    const at = steps.find((n) => !this.done.has(n)) ?? this.afterwards;
    keep(this.steps, steps.map((n) => ({ n, done: this.done.has(n), now: n === at })), (s) => s.n, (s) =>
      h("li", { class: `${s.done ? "done" : ""} ${s.now ? "now" : ""}`, "aria-current": s.now ? "step" : null },
        h("span", { class: "number" }, s.done ? icon("check") : String(s.n)), h("span", { class: "name" }, say(`guide.${s.n}`))));
    keep(this.now, [{ at, ready: scene.ready }], (s) => s.at, (s) => this.sentence(s));
  }

  sentence({ at, ready }) {
    const label = say(`guide.${at}.do`);
    return h("div", { class: "sentence" }, h("p", {}, say(`guide.${at}.say`)),
      label && h("button", { type: "button", id: "guide-do", disabled: !ready, onclick: (e) => this.act(at, e.currentTarget) }, label));
  }

  /** notice sees what was done, by whomever. */
  notice(scene) {
    const { page, slack } = this;
    if (this.hero.preview && this.hero.seenBy.length) this.done.add(1);
    const root = slack.root(this.hero);
    if (!root || slack.thread !== root.ts) return;
    const mine = slack.here.messages.filter((m) => m.mine && m.thread === root.ts);
    const marked = (name) => mine.some((m) => m.reactions?.some((r) => r.name === name));
    if (page.person === scene.people[0].id) {
      this.done.add(2);
      if (mine.length) this.done.add(3);
      if (marked("white_check_mark")) this.done.add(4);
    }
    if (page.person === scene.people[2].id && marked("x")) this.done.add(5);
  }

  async act(at, button) {
    button.disabled = true;
    await this.page.attempt(() => this.play(at));
    button.disabled = false;
  }

  async play(at) {
    const { page } = this;
    const [sato, , trainee] = page.scene.people;
    switch (at) {
      case 1:
        page.look("phone");
        page.choose({ friend: this.hero.id });
        if (!this.hero.preview) {
          await api.phone("follow", { friend: this.hero.id });
          await pause(unhurried);
        }
        await api.phone("text", { friend: this.hero.id, text: say("guide.text.1") });
        break;
      case 2:
        await this.visit(sato);
        break;
      case 3:
        await this.visit(sato);
        await this.answer(say("guide.text.3"));
        break;
      case 5:
        await this.visit(trainee);
        await this.answer(say("guide.text.5"));
        break;
      case "end":
        page.look("slack");
        page.choose({ friend: this.newcomer.id, person: this.owner.id });
    }
  }

  /** visit opens the hero's thread in a person's Slack. */
  async visit(person) {
    const { page, slack } = this;
    page.look("slack");
    if (page.person !== person.id) page.choose({ friend: this.hero.id, person: person.id });
    await until(() => page.scene.person === person.id && slack.root(this.hero));
    const root = slack.root(this.hero);
    slack.open(root.channel, root.ts);
    this.show(page.scene);
  }

  answer(text) {
    return api.slack("write", { person: this.page.person, channel: this.slack.channel, thread: this.slack.thread, text });
  }
}

/** unhurried is how long somebody takes to begin to write. */
const unhurried = 700;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** until waits for what the next scenes bring. */
function until(found) {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 10_000;
    const look = () => {
      if (found()) resolve();
      else if (Date.now() > deadline) reject(new Error(say("lost")));
      else setTimeout(look, 50);
    };
    look();
  });
}
