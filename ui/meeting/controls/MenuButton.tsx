import type { LucideIcon } from 'lucide-react';
import { lazy, Suspense, useRef, useState, type ReactNode, type RefObject } from 'react';

export interface MenuItem {
  id: string;
  label: string;
  icon?: LucideIcon;
  tone?: 'danger';
  /** For a choice among several: whether it is the present one. */
  checked?: boolean;
  act: () => void;
}

export interface MenuSection {
  title?: string;
  items: readonly MenuItem[];
}

/** Menus are fetched when the first one is opened, or before by `prefetchMenus`. */
const load = () => import('./menus');
const MenuPopover = lazy(load);
export const prefetchMenus = (): void => void load();

interface Props {
  label: string;
  sections: () => readonly MenuSection[];
  trigger: (props: { ref: RefObject<HTMLButtonElement | null>; open: boolean; toggle: () => void }) => ReactNode;
}

/** A button that opens a menu above (or below) itself. */
export function MenuButton({ label, sections, trigger }: Props) {
  const ref = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  return (
    <>
      {trigger({ ref, open, toggle: () => setOpen(!open) })}
      {open && (
        <Suspense>
          <MenuPopover label={label} sections={sections()} triggerRef={ref} close={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
