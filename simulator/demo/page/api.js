// What the page asks of the server it came from.

async function post(path, init) {
  const answer = await fetch(path, { method: "POST", ...init });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body?.error ?? `HTTP ${answer.status}`);
  return body;
}

const json = (path, body) => post(path, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const upload = (path, query, file) => post(`${path}?${new URLSearchParams(query)}`, { headers: { "Content-Type": "application/octet-stream" }, body: file });

export const phone = (act, body) => json(`/demo/api/phone/${act}`, body);
export const slack = (act, body) => json(`/demo/api/slack/${act}`, body);
export const sendPicture = (query, file) => upload("/demo/api/phone/picture", query, file);
export const shareFile = (query, file) => upload("/demo/api/slack/file", query, file);

export async function suggest(query) {
  const answer = await fetch(`/demo/api/suggest?${new URLSearchParams(query)}`);
  return answer.ok ? await answer.json() : [];
}

/** watch calls show with every scene until the returned function is called. */
export function watch(query, show, lost) {
  const source = new EventSource(`/demo/api/stream?${new URLSearchParams(query)}`);
  source.onmessage = (e) => show(JSON.parse(e.data));
  source.onerror = lost;
  return () => source.close();
}
