// Values of settings as people type them, and what is sent of them.
import type { SettingKey } from './types';

export type Sections = Record<string, unknown>;

/** As it is shown in a field: lists have a line for each entry. */
export function asText(type: SettingKey['type'], value: unknown): string {
  if (value === undefined || value === null) return '';
  if (type === 'names' && Array.isArray(value)) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 1) : String(value);
}

/** What was typed, as the kind of value that the key has; what is none of it goes as it is: the service says what is wrong. */
export function asValue(type: SettingKey['type'], text: string): unknown {
  const trimmed = text.trim();
  switch (type) {
    case 'names':
      return text.split('\n').map((line) => line.trim()).filter(Boolean);
    case 'integer':
    case 'number':
    case 'share':
    case 'size':
      return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
    case 'list':
    case 'table':
      try {
        return JSON.parse(trimmed);
      } catch {
        return trimmed;
      }
    default:
      return type === 'text' ? text : trimmed;
  }
}

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** What a key ("section.name") is in what is saved; undefined: nothing. */
export function saidIn(saved: Sections | undefined, key: string): unknown {
  const dot = key.indexOf('.');
  return (saved?.[key.slice(0, dot)] as Sections | undefined)?.[key.slice(dot + 1)];
}

const isTable = (value: unknown): value is Sections => typeof value === 'object' && value !== null && !Array.isArray(value);
/** `now` without the change from `before` to `after`: of tables only the entries that it made others. */
export function withoutChange(now: unknown, before: unknown, after: unknown): unknown {
  if (!isTable(now) || !isTable(after)) return before;
  const old = isTable(before) ? before : {};
  const out = { ...now };
  for (const name of new Set([...Object.keys(old), ...Object.keys(after)])) {
    if (same(old[name], after[name])) continue;
    if (name in old) out[name] = old[name];
    else delete out[name];
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

/** What is saved with what was changed of it; `undefined` takes a key away, so that its default holds. */
export function withChanges(saved: Sections, changes: ReadonlyMap<string, unknown>): Sections {
  const out = structuredClone(saved);
  for (const [key, value] of changes) {
    const dot = key.indexOf('.');
    const [section, name] = [key.slice(0, dot), key.slice(dot + 1)];
    const keys = (out[section] ?? {}) as Record<string, unknown>;
    if (value === undefined) delete keys[name];
    else keys[name] = value;
    if (Object.keys(keys).length > 0) out[section] = keys;
    else delete out[section];
  }
  return out;
}
