// Block Kit and mrkdwn, as far as the bot and Slack's own composer use them.

import { h } from "./dom.js";
import { emojiOf } from "./emoji.js";

/**
 * blocks renders the blocks of a message. to.names tells users' names, to.press
 * is called with the action id of a pressed button, to.open with the place that
 * a permalink leads to.
 */
export function blocks(list, to) {
  return (list ?? []).map((b) => (makers[b.type] ?? unknown)(b, to));
}

const makers = {
  header: (b) => h("p", { class: "b-header" }, b.text.text),
  divider: () => h("hr", { class: "b-divider" }),
  section: (b, to) =>
    h("div", { class: "b-section" },
      h("div", { class: "b-section-text" },
        b.text && h("p", {}, text(b.text, to)),
        b.fields && h("div", { class: "b-fields" }, b.fields.map((f) => h("p", {}, text(f, to))))),
      b.accessory && element(b.accessory, to)),
  context: (b, to) => h("p", { class: "b-context" }, b.elements.map((e) => h("span", {}, element(e, to)))),
  actions: (b, to) => h("div", { class: "b-actions" }, b.elements.map((e) => element(e, to))),
  image: (b) => picture(b),
  rich_text: (b, to) => h("div", { class: "b-rich" }, b.elements.map((e) => rich(e, to))),
};

const unknown = (b) => h("p", { class: "b-context" }, `[${b.type}]`);

function picture(b) {
  const src = b.slack_file?.id ? `/demo/api/files/${encodeURIComponent(b.slack_file.id)}` : "";
  return src ? h("img", { class: "b-image", src, alt: b.alt_text ?? "" }) : h("p", { class: "b-context" }, b.alt_text ?? "");
}

/** text renders a text object. */
export function text(t, to) {
  return t.type === "mrkdwn" ? mrkdwn(t.text, to) : t.text;
}

function element(e, to) {
  switch (e.type) {
    case "plain_text":
    case "mrkdwn":
      return text(e, to);
    case "image":
      return picture(e);
    case "button":
      return h("button", {
        type: "button", class: `b-button ${e.style ?? ""}`, dataset: { action: e.action_id },
        onclick: (click) => to.press?.(e.action_id, click.currentTarget),
      }, e.text.text);
    default:
      return `[${e.type}]`;
  }
}

function rich(e, to) {
  const inside = () => e.elements.map((r) => run(r, to));
  switch (e.type) {
    case "rich_text_quote":
      return h("blockquote", {}, inside());
    case "rich_text_preformatted":
      return h("pre", {}, inside());
    case "rich_text_list":
      return h(e.style === "ordered" ? "ol" : "ul", {}, e.elements.map((li) => h("li", {}, rich(li, to))));
    default:
      return h("p", {}, inside());
  }
}

const styles = { bold: "b", italic: "i", strike: "s", code: "code" };

function run(r, to) {
  let node;
  switch (r.type) {
    case "text":
      node = r.text;
      break;
    case "link":
      node = link(r.url, r.text ?? r.url, to);
      break;
    case "user":
      node = mention(r.user_id, to);
      break;
    case "emoji":
      node = emojiOf(r.name, r.unicode);
      break;
    default:
      node = r.text ?? "";
  }
  for (const [style, tag] of Object.entries(styles)) {
    if (r.style?.[style]) node = h(tag, {}, node);
  }
  return node;
}

const mention = (id, to) => h("span", { class: "b-mention" }, `@${to.names?.[id] ?? id}`);

const permalink = /\/archives\/(\w+)\/p(\d{10})(\d{6})(?:\?.*thread_ts=([\d.]+))?/;

function link(url, label, to) {
  const place = permalink.exec(url);
  if (place && to.open) {
    const [, channel, seconds, micros, thread] = place;
    return h("a", { href: "#", onclick: (e) => {
      e.preventDefault();
      to.open(channel, thread ?? `${seconds}.${micros}`);
    } }, label);
  }
  if (!/^(https?|mailto):/.test(url)) return label;
  return h("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, label);
}

const unescape = (s) => s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const token = /<([^<>]+)>|`([^`\n]+)`|\*([^*\n]+)\*|:([a-z0-9_+-]+):/g;

/** mrkdwn renders Slack's markup as nodes. */
export function mrkdwn(source, to) {
  const nodes = [];
  let from = 0;
  for (const m of source.matchAll(token)) {
    nodes.push(unescape(source.slice(from, m.index)));
    from = m.index + m[0].length;
    if (m[1] !== undefined) nodes.push(angled(m[1], to));
    else if (m[2] !== undefined) nodes.push(h("code", {}, unescape(m[2])));
    else if (m[3] !== undefined) nodes.push(h("b", {}, mrkdwn(m[3], to)));
    else nodes.push(emojiOf(m[4]));
  }
  nodes.push(unescape(source.slice(from)));
  return nodes;
}

function angled(inner, to) {
  const [target, label] = inner.split("|");
  if (target.startsWith("@")) return mention(target.slice(1), to);
  if (target.startsWith("!") || target.startsWith("#")) return unescape(label ?? target);
  return link(unescape(target), unescape(label ?? target), to);
}
