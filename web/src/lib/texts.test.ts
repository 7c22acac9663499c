import { describe, expect, it } from 'vitest';
import { texts as de } from '../texts/de';
import { texts as en } from '../texts/en';
import { fill, preferredLanguage, type Text } from './i18n.svelte';

const names = (text: Text): string[] => [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();
const files = import.meta.glob<string>(['../**/*.{svelte,ts}', '!../texts/*', '!../**/*.test.ts'], { query: '?raw', import: 'default', eager: true });

describe('texts', () => {
  it('name the same values in both languages', () => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) expect(names(de[key]), key).toEqual(names(en[key]));
  });
  it('are all used', () => {
    const code = Object.values(files).join('\n');
    // Families whose last word comes from the API or from a list.
    const families = [...code.matchAll(/(?:t|tWord)\(\s*[`']([\w.]+?)\.?(?:\$\{|', )/g)].map((match) => match[1]);
    const unused = Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !families.some((family) => key.startsWith(`${family}.`)));
    expect(unused).toEqual([]);
  });
});

describe('fill', () => {
  it('puts values in, and numbers as they are written there', () => {
    expect(fill('{n} of {limit}', { n: 1234, limit: '<b>' }, 'de')).toBe('1.234 of <b>');
  });
  it('chooses the form', () => {
    const text = { one: '{n} channel', other: '{n} channels' };
    expect([0, 1, 2].map((n) => fill(text, { n }, 'en'))).toEqual(['0 channels', '1 channel', '2 channels']);
  });
  it('leaves what has no value', () => expect(fill('{what}', {}, 'en')).toBe('{what}'));
});

describe('preferredLanguage', () => {
  it('is what was chosen, else the first that is known', () => {
    expect(preferredLanguage('de', ['en'])).toBe('de');
    expect(preferredLanguage(null, ['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(preferredLanguage('xx', ['fr'])).toBe('en');
  });
});
