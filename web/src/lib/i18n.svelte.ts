// The texts of the interface in the language of who looks at it: one file a language in src/texts.
import type { Texts } from '../texts/en';

export type Language = 'en' | 'de';
export type Key = keyof Texts;
export type Text = string | { one: string; other: string };

const kLanguages: Record<Language, () => Promise<{ texts: Texts }>> = {
  en: () => import('../texts/en'),
  de: () => import('../texts/de'),
};
export const languages: Record<Language, string> = { en: 'English', de: 'Deutsch' };

const state = $state<{ language: Language; texts: Texts | undefined }>({ language: 'en', texts: undefined });

export const language = (): Language => state.language;

/** The same with the country of who looks, for dates and numbers as they are written there. */
export const locale = (): string => navigator.languages.find((tag) => tag.startsWith(state.language)) ?? state.language;

export function preferredLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored && stored in kLanguages) return stored as Language;
  const known = wanted.map((tag) => tag.slice(0, 2)).find((tag) => tag in kLanguages);
  return (known ?? 'en') as Language;
}

export async function useLanguage(chosen: Language): Promise<void> {
  state.texts = (await kLanguages[chosen]()).texts;
  state.language = chosen;
  document.documentElement.lang = chosen;
}

/** Puts values in place of `{name}`; of a text with numbers, the form that fits `n`. */
export function fill(text: Text, values: Record<string, string | number>, tag: string): string {
  const n = values.n;
  const form = typeof text === 'string' ? text : text[new Intl.PluralRules(tag).select(Number(n)) === 'one' ? 'one' : 'other'];
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? value.toLocaleString(tag) : value;
  });
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = state.texts?.[key];
  return text === undefined ? key : fill(text as Text, values, locale());
}

/** The text of a word that the API says, or that word where there is none. */
export function tWord(prefix: string, word: string | null | undefined): string {
  if (!word) return '';
  const text = (state.texts as Record<string, Text> | undefined)?.[`${prefix}.${word}`];
  return typeof text === 'string' ? text : word;
}

/** The same for what the API says of a word at length; '' where there is nothing. */
export function tAbout(prefix: string, word: string): string {
  const text = tWord(prefix, word);
  return text === word ? '' : text;
}

/** A stage of a generation: reports call it "Data Mapping", plugins and jobs data_mapping. */
export function tStage(name: string): string {
  return tAbout('stage', name.toLowerCase().replaceAll(' ', '_')) || name;
}
