/** A phone or tablet: fingers are all it has to point with. */
export const handheld = (): boolean => matchMedia('(pointer: coarse) and (not (any-pointer: fine))').matches;
