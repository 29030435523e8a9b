import { beforeEach, describe, expect, test } from 'vitest';
import type { RoomFacts } from '../api/types';
import { get, set } from '../store/store';
import { hearOfTheRoom, readFacts } from './facts';

const features = { recording: true, chat: true, whiteboard: false, locale_switcher: false, captions: false };
const room = { display_name: 'Physics', locked: false, features } as RoomFacts;

describe('what the metadata says of the room', () => {
  test('is its lock and what it offers', () => {
    const told = { recording: null, locked: true, features: { chat: false, recording: true, flying: true } };
    expect(readFacts(JSON.stringify(told), features)).toEqual({ locked: true, features: { ...features, chat: false } });
  });

  test.each(['{"recording":null}', '{"locked":"yes","features":7}', '{"features":{"chat":"no"}}', 'not json', '7', 'null', '', undefined])(
    'is nothing new where it says nothing that we know: %j',
    (metadata) => {
      expect(readFacts(metadata, features)).toEqual({ features });
    },
  );
});

describe('a room that changes while we are in it', () => {
  beforeEach(() => set({ room, panel: 'chat' }));

  test('closes a chat that it no longer offers', () => {
    hearOfTheRoom('{"locked":true,"features":{"chat":false}}');
    expect([get().room?.locked, get().room?.features.chat, get().panel]).toEqual([true, false, null]);
  });

  test('leaves all as it is when nothing has changed', () => {
    hearOfTheRoom('{"locked":false,"features":{"chat":true,"recording":true}}');
    expect([get().room, get().panel]).toEqual([room, 'chat']);
  });
});
