import { Ellipsis, Eye, EyeOff, FlipHorizontal2, Move, Pin, PinOff, Scan } from 'lucide-react';
import { Tip } from '../controls/BarButton';
import { MenuButton, type MenuItem, type MenuSection } from '../controls/MenuButton';
import { hostActions } from '../people/actions';
import type { Person } from '../store/state';
import { get } from '../store/store';
import { t } from '../text/t';
import { chooseSelfView, refit, togglePin } from './choices';
import { nextCorner } from './corner';

interface Props {
  person: Person;
  pinned: boolean;
  pictured: boolean;
  /** The whole picture is shown, nothing of it is cut off. */
  whole: boolean;
  small: boolean;
  /** It lies in a corner over the other one's picture. */
  floating: boolean;
}

/** Pin and menu of a tile, for the pointer, the finger and the keyboard. */
export function TileTools({ person, pinned, pictured, whole, small, floating }: Props) {
  const name = person.name || t('tile.no_name');
  const pin = t(pinned ? 'tile.unpin_name' : 'tile.pin_name', { name });
  const actions = t('people.actions', { name });
  return (
    <div className="tile-tools">
      {!person.me && !small && (
        <button className="tile-button" tabIndex={-1} aria-label={pin} onClick={() => togglePin(person.id)}>
          {pinned ? <PinOff className="icon" /> : <Pin className="icon" />}
          <Tip text={pin} />
        </button>
      )}
      <MenuButton
        label={actions}
        sections={() => sectionsOf({ person, pinned, pictured, whole, floating })}
        trigger={({ ref, open, toggle }) => (
          <button ref={ref} className="tile-button" data-tile={person.id} tabIndex={-1} aria-label={actions} aria-haspopup="menu" aria-expanded={open} onClick={toggle}>
            <Ellipsis className="icon" />
            <Tip text={actions} />
          </button>
        )}
      />
    </div>
  );
}

function sectionsOf({ person: { id, me }, pinned, pictured, whole, floating }: Omit<Props, 'small'>): MenuSection[] {
  const items: MenuItem[] = [];
  if (!me) items.push({ id: 'pin', label: t(pinned ? 'tile.unpin' : 'tile.pin'), icon: pinned ? PinOff : Pin, act: () => togglePin(id) });
  if (pictured) items.push({ id: 'fit', label: t(whole ? 'tile.fill' : 'tile.whole'), icon: Scan, act: () => refit(id) });
  if (me && floating) items.push({ id: 'move', label: t('self.move'), icon: Move, act: () => chooseSelfView({ corner: nextCorner(get().selfView.corner) }) });
  if (me) items.push(...selfItems());
  return [{ items }, ...hostActions(id)];
}

/** What can be chosen about our own picture; only we see it. */
export function selfItems(): MenuItem[] {
  const { hidden, mirrored } = get().selfView;
  const mirror = { id: 'mirror', label: t(mirrored ? 'self.unmirror' : 'self.mirror'), icon: FlipHorizontal2, act: () => chooseSelfView({ mirrored: !mirrored }) };
  const hide = { id: 'hide', label: t(hidden ? 'self.show' : 'self.hide'), icon: hidden ? Eye : EyeOff, act: () => chooseSelfView({ hidden: !hidden }) };
  return [mirror, hide];
}
