// The page as a whole: who is chosen, what is shown, and where one looks.

import * as api from "./api.js";
import { become, h, icon, keep } from "./dom.js";
import { Guide } from "./guide.js";
import { Phone } from "./phone.js";
import { Slack } from "./slack.js";
import { language, say } from "./words.js";

const $ = (id) => document.getElementById(id);

/** page is what the parts share. */
const page = {
  friend: "",
  person: "",
  scene: null,
  /** posts that were there when a person was last looked at */
  seen: new Map(),

  choose(change) {
    Object.assign(page, change);
    watch();
  },

  look(side) {
    document.body.dataset.side = side;
    // What was not on screen could not follow the conversation.
    phone.turned = slack.turned = true;
    render();
  },

  get friendNow() {
    return page.scene?.friends.find((f) => f.id === page.friend);
  },

  get personNow() {
    return page.scene?.people.find((p) => p.id === page.person);
  },

  /** attempt runs an act and says what went wrong. */
  async attempt(act) {
    try {
      return await act();
    } catch (e) {
      toast(e.message);
      return undefined;
    }
  },
};

const phone = new Phone($("phone"), page);
const slack = new Slack($("slack"), page);
const guide = new Guide($("guide"), page, slack);

let unwatch = () => {};

function watch() {
  unwatch();
  unwatch = api.watch({ friend: page.friend, person: page.person }, (scene) => {
    document.body.dataset.lost = "";
    page.scene = scene;
    if (!page.friend) {
      page.choose({ friend: scene.friends[0].id, person: scene.people[0].id });
      return;
    }
    render();
  }, () => {
    document.body.dataset.lost = "true";
    toast(say("lost"));
  });
}

function render() {
  const scene = page.scene;
  // Whom it shows may have been chosen otherwise since it was asked for.
  if (scene?.friend !== page.friend || scene.person !== page.person) return;
  for (const p of scene.people) if (!page.seen.has(p.id)) page.seen.set(p.id, p.posts);
  page.seen.set(page.person, page.personNow.posts);
  keep($("friends"), scene.friends.map((f) => ({ id: f.id, name: f.name, face: f.face, chosen: f.id === page.friend })), (f) => f.id, friendButton, become);
  const friend = page.friendNow;
  keep($("people"), scene.people.map((p) => ({
    ...p, posts: 0, fresh: p.posts - (page.seen.get(p.id) ?? 0), chosen: p.id === page.person,
    sees: sight(friend, p), friend: friend.name,
  })), (p) => p.id, personButton, become);
  keep($("sight-key"), friend.seenBy.length ? [friend.name] : [], (n) => n, (n) => h("span", { class: "sight-key" }, icon("eye"), say("sees.key", short(n))));
  $("paid").textContent = say("paid", scene.used);
  keep($("tabs"), [
    { side: "phone", label: `${say("phone.tab")} · ${friend.name}`, chosen: document.body.dataset.side === "phone" },
    { side: "slack", label: `${say("slack.tab")} · ${page.personNow.name}`, chosen: document.body.dataset.side === "slack" },
  ], (t) => t.side, tabButton, become);
  phone.show(scene);
  slack.show(scene);
  guide.show(scene);
}

/** sight tells whether a person has the friend's thread, null where it makes no odds. */
function sight(friend, p) {
  const sees = friend.seenBy.includes(p.id);
  // An owner may answer anybody, and is shown those whom nobody else sees.
  return sees || (friend.seenBy.length > 0 && p.role !== "owner") ? sees : null;
}

const short = (name) => name.split(" ")[0];

function friendButton(f) {
  return h("button", {
    type: "button", class: "friend", "aria-pressed": String(f.chosen), dataset: { friend: f.id },
    onclick: () => page.choose({ friend: f.id }),
  }, h("img", { src: f.face, alt: "", width: 40, height: 40 }), h("span", {}, f.name));
}

function personButton(p) {
  return h("button", {
    type: "button", class: "person", "aria-pressed": String(p.chosen), dataset: { person: p.id },
    onclick: () => page.choose({ person: p.id }),
  },
  h("span", { class: `initial ${p.role}` }, p.name.slice(0, 1)),
  h("span", { class: "person-text" }, h("b", {}, p.name), h("small", {}, h("span", { class: "place-of" }, `${say(`role.${p.role}`)[0]} · `), say(`role.${p.role}`)[1])),
  p.fresh > 0 && h("span", { class: "fresh" }, String(p.fresh)),
  p.sees !== null && h("span", { class: `sight ${p.sees ? "yes" : "no"}`, title: say(p.sees ? "sees" : "sees.not", short(p.friend)) }, icon(p.sees ? "eye" : "hidden")));
}

function tabButton(t) {
  return h("button", { type: "button", "aria-pressed": String(t.chosen), onclick: () => page.look(t.side) },
    icon(t.side === "phone" ? "phone" : "desk"), h("span", {}, t.label));
}

let toastTimer;

function toast(message) {
  const box = $("toast");
  box.textContent = message;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 5000);
}

document.documentElement.lang = language;
for (const el of document.querySelectorAll("[data-words]")) el.textContent = say(el.dataset.words);
for (const el of document.querySelectorAll("[data-words-label]")) el.setAttribute("aria-label", say(el.dataset.wordsLabel));
$("language").textContent = say("language");
$("language").href = language === "en" ? "?" : "?lang=en";
watch();
