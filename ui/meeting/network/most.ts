/** A busy machine draws no more pictures than this. */
export const MOST_WHEN_SPARED = 9;
