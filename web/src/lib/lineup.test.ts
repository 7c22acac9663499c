import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { put } from './api';
import { Lineup, movedTo, type Move } from './lineup.svelte';
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

describe('Lineup', () => {
  const names = ['a', 'b', 'c'];
  let made = 1;
  let decided = 1;
  const answer = (body: unknown, fields: Record<string, string> = {}): Response => new Response(JSON.stringify(body), { headers: fields });
  beforeEach(() => {
    vi.stubGlobal('document', { baseURI: 'http://tv.example/ui/' });
    vi.stubGlobal('fetch', (_: string, { method }: RequestInit) => {
      if (method === 'PUT') return Promise.resolve(answer({}, { 'Settings-Revision': String((decided += 1)) }));
      const items = names.map((name) => ({ id: name, name }));
      return Promise.resolve(answer({ generation: made, settings_revision: made, from: 0, total: items.length, total_is_exact: true, items, next_cursor: null }));
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });
  const shownIn = (list: Lineup): string[] => names.map((_, index) => list.at(index)?.name ?? '');
  async function load(list: Lineup): Promise<void> {
    list.again();
    await vi.waitFor(() => {
      expect(list.loading).toBe(false);
    });
  }

  it('shows what was changed until a generation has it, and no other one', async () => {
    made = decided;
    const list = new Lineup('p', false);
    await load(list);
    await put('/edits/a', {});
    list.edited('a', { name: 'A' });
    await load(list);
    expect(shownIn(list)).toEqual(['A', 'b', 'c']);
    const moved = list.moved({ channel: { id: 'c', name: 'c' } as Channel, from: 2, to: 0 });
    await put('/edits/c', {});
    moved.saved();
    expect(shownIn(list)).toEqual(['c', 'A', 'b']);
    made = decided - 1; // made between the two
    await load(list);
    expect(shownIn(list)).toEqual(['c', 'a', 'b']);
    made = decided;
    await load(list);
    expect(shownIn(list)).toEqual(['a', 'b', 'c']);
  });

  it('does not move twice what a generation had before the answer came', async () => {
    made = decided;
    const list = new Lineup('p', false);
    await load(list);
    const moved = list.moved({ channel: { id: 'c', name: 'c' } as Channel, from: 2, to: 0 });
    await put('/edits/c', {});
    made = decided;
    await load(list);
    moved.saved();
    expect(shownIn(list)).toEqual(['a', 'b', 'c']);
  });
});
