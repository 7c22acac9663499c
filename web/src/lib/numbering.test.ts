import { describe, expect, it } from 'vitest';
import { concerned, followsOrder, lowest, reordered } from './numbering';

describe('concerned', () => {
  it('are those between the two places, in either direction', () => {
    expect(concerned('passed', 5, 2, 100)).toEqual({ first: 2, count: 4 });
    expect(concerned('passed', 2, 5, 100)).toEqual({ first: 2, count: 4 });
  });
  it('are all from the upper one on, or none', () => {
    expect(concerned('rest', 5, 2, 100)).toEqual({ first: 2, count: 98 });
    expect(concerned('keep', 5, 2, 100).count).toBe(0);
  });
});

describe('reordered', () => {
  it('has the channel at its new place', () => {
    expect(reordered(['c', 'd', 'e', 'f'], 2, 5, 2)).toEqual(['f', 'c', 'd', 'e']);
    expect(reordered(['c', 'd', 'e', 'f'], 2, 2, 5)).toEqual(['d', 'e', 'f', 'c']);
    expect(reordered(['c', 'd', 'e', 'f'], 2, 4, 2)).toEqual(['e', 'c', 'd', 'f']);
  });
});

describe('lowest', () => {
  it('is the least whole number, else 1', () => {
    expect(lowest([{ number: '12' }, { number: '7.1' }, { number: null }])).toBe(7);
    expect(lowest([{ number: null }])).toBe(1);
  });
});

describe('followsOrder', () => {
  it('knows that preserving is the default', () => {
    expect([{}, { numbering: 'preserve' }, { numbering: 'sequential' }, { numbering: 'ranges' }].map(followsOrder)).toEqual([false, false, true, true]);
  });
});
