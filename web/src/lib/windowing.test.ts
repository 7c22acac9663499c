import { describe, expect, it } from 'vitest';
import { kMostPixels, scrollTo, view } from './windowing';

describe('view', () => {
  it('draws what is in view and a few rows around it', () => {
    expect(view(1000, 40, 4000, 400, 2)).toEqual({ first: 98, count: 14, offset: 3920, height: 40000 });
  });
  it('draws all of a short list', () => {
    expect(view(3, 40, 0, 400)).toEqual({ first: 0, count: 3, offset: 0, height: 120 });
    expect(view(0, 40, 0, 400)).toMatchObject({ count: 0, height: 0 });
  });
  it('never makes an element taller than browsers draw', () => {
    expect(view(1_000_000, 44, 0, 600).height).toBe(kMostPixels);
  });
  it.each([10, 1000, 181_818, 181_819, 1_000_000, 10_000_000])('reaches the first and the last of %i rows', (total) => {
    const row = 44;
    const window = 600;
    expect(view(total, row, 0, window).first).toBe(0);
    const end = view(total, row, 1e12, window);
    expect(end.first + end.count).toBe(total);
  });
});

describe('scrollTo', () => {
  it.each([0, 1, 500_000, 999_000])('brings row %i of a million to the top', (index) => {
    const top = scrollTo(1_000_000, 44, index, 600);
    const shown = view(1_000_000, 44, top, 600, 0);
    expect(Math.abs(shown.first - index)).toBeLessThanOrEqual(1);
  });
});
