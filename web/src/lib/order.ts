// What a proxy is made of, in its order: it is what runs, so what is shown has to be it.
import { put } from './api';
import type { Entity, Proxy } from './types';

export type ListKind = 'sources' | 'epg_sources' | 'rules' | 'filters';

/** What a proxy has of them, in its order. */
export const namesOf = (proxy: Pick<Proxy, 'config'>, kind: ListKind): string[] => (Array.isArray(proxy.config[kind]) ? (proxy.config[kind] as string[]) : []);

/**
 * `list` with `name` in it: where `old` was, if it was there; else before the first of `later`, if
 * there is one. A filter that includes has to come before those that exclude: a list that begins
 * with an exclude begins with everything, and there would be nothing left to include.
 */
export function withName(list: string[], name: string, old: string | undefined, later: string[]): string[] {
  const rest = list.filter((one) => one !== name || one === old);
  const at = old === undefined ? -1 : rest.indexOf(old);
  if (at >= 0) return rest.with(at, name);
  const first = rest.findIndex((one) => later.includes(one));
  return first < 0 ? [...rest, name] : rest.toSpliced(first, 0, name);
}

/** `list` as `order` has it; what is not there stays behind. */
export function inOrder(list: string[], order: string[]): string[] {
  const place = (name: string): number => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  return [...list].sort((a, b) => place(a) - place(b));
}

export const excludes = (filters: Entity[], appliesTo: string): string[] =>
  filters.filter((one) => one.config.action === 'exclude' && (one.config.applies_to ?? 'channels') === appliesTo).map((one) => one.name);

/** Gives proxies other lists. */
export async function setLists(proxies: Proxy[], kind: ListKind, wanted: (proxy: Proxy) => string[]): Promise<void> {
  for (const one of proxies) {
    const list = wanted(one);
    if (one.managed_by === 'file' || JSON.stringify(list) === JSON.stringify(namesOf(one, kind))) continue;
    await put(`/proxies/${one.id}`, { name: one.name, config: { ...one.config, [kind]: list } }, { ifMatch: `"${one.revision}"` });
  }
}
