export type Entries = Readonly<Record<string, unknown>>;

/** What is said under names; nothing where it is no object. */
export const entriesOf = (said: unknown): Entries => (typeof said === 'object' && said !== null ? (said as Entries) : {});

/** What the engine shows of our room: its metadata, a JSON object of the server's; nothing where it is none. */
export function readMetadata(metadata: string | undefined): Entries {
  try {
    return entriesOf(JSON.parse(metadata ?? ''));
  } catch {
    return {};
  }
}
