import { expect, test } from 'vitest';
import { tuned } from './tune';

const layers = [
  { rid: 'q', maxBitrate: 400_000, maxFramerate: 15, scaleResolutionDownBy: 2 },
  { rid: 'h', maxBitrate: 2_500_000, maxFramerate: 15, scaleResolutionDownBy: 1 },
];

test('a film gets twice as many pictures, and the largest layer the bits for them; text gets them back', () => {
  const film = tuned(layers, true);
  expect(film).toEqual([
    { ...layers[0], maxFramerate: 30 },
    { ...layers[1], maxFramerate: 30, maxBitrate: 5_000_000 },
  ]);
  expect(tuned(film, false)).toEqual(layers);
});

test('where the browser tells no figures, none are made up', () => {
  expect(tuned([{ rid: 'q' }], true)).toEqual([{ rid: 'q' }]);
});
