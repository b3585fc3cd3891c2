// Elements are only ever made here, and what people wrote only ever becomes
// text: nothing on this page parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** h makes an element. Props that begin with "on" are listeners. */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(el.dataset, value);
    else if (name === "class") el.className = value;
    else if (name === "value") el.value = value;
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false));
  return el;
}

/** icon draws one of the outlines below. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const d of outlines[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const outlines = {
  send: ["M4 12 20 4l-5 16-3-7z", "M12 13l8-9"],
  photo: ["M4 6h16v13H4z", "M4 16l5-5 4 4 3-3 4 4", "M15.5 9.5h.01"],
  sticker: ["M12 3a9 9 0 1 0 9 9", "M12 3c1 5 4 8 9 9", "M8.5 10h.01", "M14 10h.01", "M8 14c2 3 5 3 7 1"],
  pin: ["M12 21s7-6.5 7-12a7 7 0 0 0-14 0c0 5.5 7 12 7 12z", "M12 11.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  more: ["M5 12h.01", "M12 12h.01", "M19 12h.01"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  clip: ["M8 12.5l6-6a3 3 0 0 1 4.5 4.5l-8 8a5 5 0 0 1-7-7l7.5-7.5"],
  reply: ["M4 5h16v11H11l-4 4v-4H4z"],
  smile: ["M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z", "M8.5 10h.01", "M15.5 10h.01", "M8 14.5c2 2.5 6 2.5 8 0"],
  memo: ["M6 3h9l4 4v14H6z", "M9 11h7", "M9 15h5"],
  edit: ["M4 20l1-4L16 5l3 3L8 19z"],
  bin: ["M5 7h14", "M9 7V4h6v3", "M7 7l1 13h8l1-13"],
  eye: ["M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z", "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"],
  hidden: ["M4 4l16 16", "M9 5.8c1-.2 2-.3 3-.3 6 0 9.5 6.5 9.5 6.5s-1 1.9-3 3.600", "M6 8c-2.3 1.800-3.5 4-3.5 4S6 18.5 12 18.5c1.5 0 2.800-.4 4-1"],
  check: ["M5 13l4 4L19 7"],
  back: ["M15 5l-7 7 7 7"],
  phone: ["M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z", "M11 18h2"],
  desk: ["M3 5h18v12H3z", "M9 21h6", "M12 17v4", "M9 5v12"],
  plus: ["M12 5v14", "M5 12h14"],
};

/**
 * keep makes parent's children be items, in order. An element is made anew only
 * when its item changed, so that what people type or look at stays. With adopt
 * the old one stays even then and becomes like the new one, but for its
 * listeners: what people are about to press is not taken away from them.
 */
export function keep(parent, items, key, make, adopt) {
  const old = new Map([...parent.children].map((el) => [el.dataset.key, el]));
  let changed = false;
  const wanted = items.map((item) => {
    const id = String(key(item));
    const print = JSON.stringify(item);
    let el = old.get(id);
    old.delete(id);
    if (!el || el.print !== print) {
      const made = make(item);
      made.dataset.key = id;
      if (el && adopt) adopt(el, made);
      else {
        el?.replaceWith(made);
        el = made;
      }
      el.print = print;
      changed = true;
    }
    return el;
  });
  for (const gone of old.values()) gone.remove();
  wanted.forEach((el, i) => {
    if (parent.children[i] !== el) parent.insertBefore(el, parent.children[i] ?? null);
  });
  return changed || old.size > 0;
}

/** become gives el the attributes and the content of made. */
export function become(el, made) {
  for (const { name } of [...el.attributes]) if (!made.hasAttribute(name)) el.removeAttribute(name);
  for (const { name, value } of made.attributes) el.setAttribute(name, value);
  el.replaceChildren(...made.childNodes);
}

/** follow scrolls to the end if the reader was there, or when told to. */
export function follow(box, act, always) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 90;
  const changed = act();
  if (always || (changed && atEnd)) box.scrollTop = box.scrollHeight;
}

function fit(field) {
  field.rows = Math.min(5, field.value.split("\n").length);
}

/**
 * take empties a text field and gives back what stood in it if send comes to
 * nothing. It is emptied first: people type on while the answer is under way.
 */
export async function take(field, send) {
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  fit(field);
  if (await send(text) !== undefined) return;
  field.value = text + field.value;
  fit(field);
}

/** grow makes a text field as high as its text, and calls send at Enter. */
export function grow(field, send) {
  field.addEventListener("input", () => fit(field));
  field.addEventListener("keydown", (e) => {
    // Enter while a word is being converted chooses the word.
    if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
    e.preventDefault();
    send();
  });
}

const clockFormat = new Intl.DateTimeFormat("ja-JP", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Tokyo", hour12: false });

/** clock is the time of day where the sample account is. */
export function clock(date) {
  return clockFormat.format(date);
}
