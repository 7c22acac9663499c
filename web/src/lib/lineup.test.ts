import { describe, expect, it } from 'vitest';
import { movedTo, type Move } from './lineup.svelte';
import type { Channel } from './types';

const move = (id: string, from: number, to: number): Move => ({ channel: { id } as Channel, from, to });
const shown = (moves: Move[], list: string[]): string[] =>
  list.map((_, index) => {
    const found = movedTo(moves, index);
    return typeof found === 'number' ? (list[found] ?? '') : found.id;
  });

describe('movedTo', () => {
  it('shows what was moved down, up, and again', () => {
    expect(shown([move('a', 0, 2)], ['a', 'b', 'c', 'd'])).toEqual(['b', 'c', 'a', 'd']);
    expect(shown([move('d', 3, 1)], ['a', 'b', 'c', 'd'])).toEqual(['a', 'd', 'b', 'c']);
    expect(shown([move('a', 0, 2), move('d', 3, 0), move('a', 3, 1)], ['a', 'b', 'c', 'd'])).toEqual(['d', 'a', 'b', 'c']);
  });
});
