import type { TextKey } from '../../text/t';

/** What people in meetings send, in the order in which it is offered. */
export const groups: readonly { title: TextKey; emoji: readonly string[] }[] = [
  { title: 'emoji.faces', emoji: words('😀 😄 😂 🙂 😉 😊 😍 🥰 😎 🤔 🤗 🤓 😅 😇 🙃 😐 😕 😢 😭 😮 😱 😴 🤒 😡') },
  { title: 'emoji.hands', emoji: words('👍 👎 👏 🙌 👋 🙏 👌 ✌️ 🤞 💪 🤝 👆 👇 👈 👉 🤷') },
  { title: 'emoji.joy', emoji: words('❤️ 💙 🎉 🎂 🎁 🏆 ⭐ 🔥') },
  { title: 'emoji.things', emoji: words('☕ 🍕 💡 🚀 📅 📎 💻 📷') },
  { title: 'emoji.signs', emoji: words('✅ ❌ ❓ ❗ ⚠️ ⏰ 👀 💯') },
];

function words(text: string): readonly string[] {
  return text.split(' ');
}
