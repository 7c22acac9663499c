import { describe, expect, it } from 'vitest';
import { inOrder, withName } from './order';

describe('withName', () => {
  it('puts what includes before what excludes', () => {
    expect(withName(['sport', 'no shopping'], 'news', undefined, ['no shopping'])).toEqual(['sport', 'news', 'no shopping']);
  });
  it('puts anything else at the end', () => {
    expect(withName(['sport', 'no shopping'], 'no films', undefined, [])).toEqual(['sport', 'no shopping', 'no films']);
  });
  it('leaves what is there where it is, under its new name too', () => {
    expect(withName(['no shopping', 'news', 'sport'], 'news', 'news', ['no shopping'])).toEqual(['no shopping', 'news', 'sport']);
    expect(withName(['no shopping', 'news', 'sport'], 'reports', 'news', ['no shopping'])).toEqual(['no shopping', 'reports', 'sport']);
  });
});

describe('inOrder', () => {
  it('is the order of the page, and leaves the unknown behind', () => {
    expect(inOrder(['c', 'x', 'a'], ['a', 'b', 'c'])).toEqual(['a', 'c', 'x']);
  });
});
