import { describe, expect, it } from 'vitest';
import { asText, asValue, saidIn, withChanges, withoutChange } from './setting_values';

describe('values of settings', () => {
  it('are read as the kind that the key has', () => {
    expect(asValue('integer', ' 7 ')).toBe(7);
    expect(asValue('size', '64')).toBe(64);
    expect(asValue('size', 'auto')).toBe('auto');
    expect(asValue('duration', ' 1h30m ')).toBe('1h30m');
    expect(asValue('names', '/srv/tv\n\n /mnt \n')).toEqual(['/srv/tv', '/mnt']);
    expect(asValue('table', '{"data_mapping": ["b", "a"]}')).toEqual({ data_mapping: ['b', 'a'] });
  });
  it('go as they are where they are none of it', () => {
    expect(asValue('integer', 'many')).toBe('many');
    expect(asValue('share', '')).toBe('');
    expect(asValue('table', '{oh')).toBe('{oh');
  });
  it('come back as they were typed', () => {
    expect(asText('names', ['a', 'b'])).toBe('a\nb');
    expect(asText('share', 0.5)).toBe('0.5');
    expect(asText('text', null)).toBe('');
    expect(asValue('table', asText('table', { a: [1] }))).toEqual({ a: [1] });
  });
});

describe('withChanges', () => {
  const saved = { service: { refresh: '6h', jitter: '1m' }, alerts: { webhook: 'https://example.org/***' } };
  it('changes what was changed and leaves the rest', () => {
    expect(withChanges(saved, new Map<string, unknown>([['service.refresh', '1h'], ['http.base_path', '/tv']]))).toEqual({
      service: { refresh: '1h', jitter: '1m' },
      alerts: { webhook: 'https://example.org/***' },
      http: { base_path: '/tv' },
    });
    expect(saved.service.refresh).toBe('6h');
  });
  it('takes keys away, and sections with the last of them', () => {
    expect(withChanges(saved, new Map([['service.jitter', undefined], ['alerts.webhook', undefined]]))).toEqual({ service: { refresh: '6h' } });
  });
});

describe('saidIn', () => {
  it('finds a key, or nothing', () => {
    expect(saidIn({ http: { listen: ':80' } }, 'http.listen')).toBe(':80');
    expect(saidIn({ http: {} }, 'http.listen')).toBeUndefined();
    expect(saidIn(undefined, 'http.listen')).toBeUndefined();
  });
});

describe('withoutChange', () => {
  it('takes back a value', () => {
    expect(withoutChange(3, 1, 2)).toBe(1);
    expect(withoutChange(['a', 'b'], undefined, ['a'])).toBeUndefined();
  });
  it('takes back of a table what was changed, and leaves what others changed', () => {
    const before = { a: { enabled: true } };
    const after = { a: { enabled: false } };
    expect(withoutChange({ a: { enabled: false }, b: { enabled: false } }, before, after)).toEqual({ a: { enabled: true }, b: { enabled: false } });
    expect(withoutChange({ b: 1 }, undefined, { b: 1 })).toBeUndefined();
    expect(withoutChange({ a: 1, b: 2 }, undefined, { b: 2 })).toEqual({ a: 1 });
  });
});
