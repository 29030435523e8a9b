import { use, type RefObject } from 'react';
import { Autocomplete, Dialog, Header, I18nProvider, Input, ListBox, ListBoxItem, ListBoxSection, Popover, SearchField } from 'react-aria-components';
import { useStore } from '../../store/store';
import { languageTag, t } from '../../text/t';
import { groups } from './list';
import { isFound, namesIn, type Names } from './names';
import './emoji.css';

/** Pixels: some rows are cut, so that one sees that there are more. */
const HIGH = 400;

interface Props {
  triggerRef: RefObject<HTMLElement | null>;
  /** A field that has the focus opens a phone's keyboard over what one wants to see. */
  typing: boolean;
  pick: (emoji: string) => void;
  close: () => void;
}

/** A field to search by name, and all emoji below it: arrows move among them while one types, Enter takes one. */
export default function EmojiPicker({ triggerRef, typing, pick, close }: Props) {
  const names = use(namesIn(useStore((state) => state.language)));
  return (
    <I18nProvider locale={languageTag()}>
      <Popover className="popover emoji-popover" triggerRef={triggerRef} isOpen onOpenChange={(open) => !open && close()} placement="top" maxHeight={HIGH}>
        <Dialog className="emoji-dialog" aria-label={t('emoji.title')}>
          <Autocomplete filter={isFound}>
            <SearchField className="emoji-search" aria-label={t('emoji.find')} autoFocus={typing}>
              <Input placeholder={t('emoji.find')} />
            </SearchField>
            <ListBox
              className="emoji-list"
              layout="grid"
              aria-label={t('emoji.title')}
              onAction={(emoji) => pick(String(emoji))}
              renderEmptyState={() => <p className="muted">{t('emoji.none')}</p>}
            >
              {groups.map(({ title, emoji }) => (
                <ListBoxSection key={title} className="emoji-group">
                  <Header>{t(title)}</Header>
                  {emoji.map((one) => entry(one, names))}
                </ListBoxSection>
              ))}
            </ListBox>
          </Autocomplete>
        </Dialog>
      </Popover>
    </I18nProvider>
  );
}

function entry(emoji: string, names: Names) {
  const [name, words] = names[emoji] ?? [emoji, ''];
  return (
    <ListBoxItem key={emoji} id={emoji} className="emoji-one" textValue={`${name}, ${words}`} aria-label={name}>
      {emoji}
    </ListBoxItem>
  );
}
