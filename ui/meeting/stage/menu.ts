import { Maximize, Minimize, PictureInPicture2 } from 'lucide-react';
import type { MenuItem, MenuSection } from '../controls/MenuButton';
import { get, set } from '../store/store';
import { t } from '../text/t';
import { canFullScreen, chooseView, toggleFullScreen, viewNames } from './choices';
import { selfItems } from './TileTools';
import { roomForBeside, views } from './view';

/** How the stage is laid out, and where it is shown. */
export function viewSections(): MenuSection[] {
  const { view, smallWindow } = get();
  const layouts = views
    .filter((one) => one !== 'beside' || roomForBeside(innerWidth))
    .map((one) => ({ id: `view.${one}`, label: t(viewNames[one]), checked: one === view, act: () => chooseView(one) }));
  const items: MenuItem[] = [...selfItems()];
  if (canFullScreen()) {
    const full = document.fullscreenElement !== null;
    items.push({ id: 'full', label: t(full ? 'view.leave_full_screen' : 'view.full_screen'), icon: full ? Minimize : Maximize, act: () => void toggleFullScreen() });
  }
  if (document.pictureInPictureEnabled)
    items.push({
      id: 'small',
      label: t(smallWindow ? 'view.close_small_window' : 'view.small_window'),
      icon: PictureInPicture2,
      act: () => set({ smallWindow: !smallWindow }),
    });
  return [{ title: t('view.title'), items: layouts }, { items }];
}
