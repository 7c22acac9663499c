import { describe, expect, it } from 'vitest';
import { Rate, remaining } from './rate';

describe('Rate', () => {
  it('is that of the last seconds', () => {
    const rate = new Rate();
    expect(rate.add(0, 0)).toBeUndefined();
    expect(rate.add(1000, 1000)).toBe(1000);
    expect(rate.add(2000, 9000)).toBe(125);
    expect(rate.add(9000, 10_000)).toBe(7000);
  });
  it('begins anew with the next stage', () => {
    const rate = new Rate();
    rate.add(0, 0);
    rate.add(5000, 1000);
    expect(rate.add(10, 1200)).toBeUndefined();
    expect(rate.add(110, 2200)).toBe(100);
  });
});

describe('remaining', () => {
  it('is known where the total and the rate are', () => {
    expect(remaining(100, 300, 50)).toBe(4);
    expect([remaining(100, 0, 50), remaining(100, 300, undefined), remaining(300, 300, 50)]).toEqual([undefined, undefined, undefined]);
  });
});
