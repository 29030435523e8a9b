import { useLayoutEffect, useState, type RefObject } from 'react';
import type { Stage } from './grid';

/** The inner size of an element, followed; 0 × 0 before it is known. */
export function useSize(ref: RefObject<HTMLElement | null>): Stage {
  const [size, setSize] = useState<Stage>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () =>
      setSize((old) => {
        const { clientWidth: width, clientHeight: height } = element;
        return old.width === width && old.height === height ? old : { width, height };
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
