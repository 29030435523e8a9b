/**
 * Puts a text on the clipboard; false when the browser does not let us. A frame without `clipboard-write` is refused the new
 * way and, within a click, granted the old one.
 */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text);
  }
}

/** What is selected is copied; the focus stays where it is, since a dialog would take it back at once. */
function copyOldWay(text: string): boolean {
  const all = document.createElement('span');
  all.textContent = text;
  all.className = 'unseen to-copy';
  document.body.append(all);
  const selection = getSelection();
  selection?.selectAllChildren(all);
  let heard = false;
  const listen = (event: ClipboardEvent) => {
    event.preventDefault();
    event.clipboardData?.setData('text/plain', text);
    heard = true;
  };
  document.addEventListener('copy', listen);
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else works where the clipboard is not passed on
    return document.execCommand('copy') && heard;
  } catch {
    return false;
  } finally {
    document.removeEventListener('copy', listen);
    selection?.removeAllRanges();
    all.remove();
  }
}
