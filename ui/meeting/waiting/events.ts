/** One server-sent event: its name, and its data as JSON. */
export interface ServerEvent {
  name: string;
  data: unknown;
}

/** Takes the whole events off the front of what has come; what follows them is not complete yet. */
export function readEvents(text: string): { events: ServerEvent[]; rest: string } {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  return { events: blocks.flatMap(readBlock), rest };
}

/** A block of comments alone (a sign of life) is no event. */
function readBlock(block: string): ServerEvent[] {
  let name = 'message';
  let data = '';
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (line.startsWith('event:')) name = value;
    else if (line.startsWith('data:')) data += value;
  }
  return data === '' ? [] : [{ name, data: JSON.parse(data) as unknown }];
}
