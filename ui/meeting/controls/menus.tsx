import { Check } from 'lucide-react';
import type { RefObject } from 'react';
import { Header, I18nProvider, Menu, MenuItem, MenuSection, Popover } from 'react-aria-components';
import { languageTag } from '../text/t';
import { useSideways } from './useSideways';
import type { MenuItem as Item, MenuSection as Section } from './MenuButton';

interface Props {
  label: string;
  sections: readonly Section[];
  triggerRef: RefObject<HTMLElement | null>;
  close: () => void;
}

/** A menu with keyboard, type-ahead and focus as people expect them. */
export default function MenuPopover({ label, sections, triggerRef, close }: Props) {
  const placement = useSideways() ? 'start' : 'top';
  return (
    <I18nProvider locale={languageTag()}>
      <Popover className="popover" triggerRef={triggerRef} isOpen onOpenChange={(open) => !open && close()} placement={placement} trigger="MenuTrigger" aria-label={label}>
        <Menu className="menu" aria-label={label} autoFocus="first" onClose={close}>
          {sections.map(({ title, items }, i) => {
            const checked = items.filter((item) => item.checked).map((item) => item.id);
            const choice = items.some((item) => item.checked !== undefined);
            return (
              <MenuSection
                key={title ?? i}
                className="menu-section"
                {...(!title && { 'aria-label': label })}
                {...(choice && { selectionMode: 'single', selectedKeys: checked })}
              >
                {title && <Header>{title}</Header>}
                {items.map((item) => (
                  <Entry key={item.id} item={item} />
                ))}
              </MenuSection>
            );
          })}
        </Menu>
      </Popover>
    </I18nProvider>
  );
}

function Entry({ item: { id, label, icon: Icon, tone, checked, act } }: { item: Item }) {
  return (
    <MenuItem className={`menu-item ${tone ?? ''}`} id={id} textValue={label} onAction={act}>
      {Icon && <Icon className="icon" />}
      {checked !== undefined && <span className="check">{checked && <Check className="icon" />}</span>}
      <span>{label}</span>
    </MenuItem>
  );
}
