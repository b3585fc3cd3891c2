// The emoji that replies get as marks, and a few that people react with.

const emoji = {
  white_check_mark: "✅", x: "❌", hourglass_flowing_sand: "⏳", question: "❓", yen: "💴", memo: "📝",
  eyes: "👀", "+1": "👍", thumbsup: "👍", pray: "🙏", tada: "🎉", heart: "❤️", smile: "😄", raised_hands: "🙌",
  bow: "🙇", ok_hand: "👌", lock: "🔒", warning: "⚠️", no_entry_sign: "🚫",
};

export const offered = ["eyes", "+1", "pray", "tada"];

/** emojiOf returns the character of a name, or the name as Slack writes it. */
export function emojiOf(name, unicode) {
  if (unicode) return String.fromCodePoint(...unicode.split("-").map((p) => parseInt(p, 16)));
  return emoji[name] ?? `:${name}:`;
}
