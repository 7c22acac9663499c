// Deleting what proxies are made of: it is taken out of them first, and an undo puts it back there.
import { request } from './api';
import { makeAgain, type EntityKind } from './draft.svelte';
import { namesOf, setLists, type ListKind } from './order';
import { loadProxies, proxies } from './proxies.svelte';
import type { Entity, Proxy } from './types';

type PartKind = Exclude<EntityKind, 'proxies'>;
const listOf = (kind: PartKind): ListKind => (kind === 'epg-sources' ? 'epg_sources' : kind);

export const usersOf = (kind: PartKind, name: string): Proxy[] => proxies.list.filter((one) => namesOf(one, listOf(kind)).includes(name));

/** The proxy's keys as they are without it. */
export const configWithout = (proxy: Proxy, kind: PartKind, name: string): Proxy['config'] => ({ ...proxy.config, [listOf(kind)]: namesOf(proxy, listOf(kind)).filter((one) => one !== name) });

/** Deletes it; gives the way back. */
export async function removePart(kind: PartKind, entity: Entity<unknown>): Promise<() => Promise<void>> {
  const list = listOf(kind);
  await loadProxies();
  const before = new Map(usersOf(kind, entity.name).map((one) => [one.id, namesOf(one, list)]));
  const putBack = async (): Promise<void> => {
    await loadProxies();
    await setLists(proxies.list, list, (one) => before.get(one.id) ?? namesOf(one, list));
    await loadProxies();
  };
  try {
    await setLists(proxies.list, list, (one) => namesOf(one, list).filter((name) => name !== entity.name));
    await request('DELETE', `/${kind}/${entity.id}`, { ifMatch: `"${entity.revision}"` });
  } catch (error) {
    await putBack();
    throw error;
  }
  await loadProxies();
  return async () => {
    await makeAgain(kind, entity);
    await putBack();
  };
}
