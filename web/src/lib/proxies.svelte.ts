// The proxies, and the one that the pages about channels and guide are of.
import { get } from './api';
import type { List, Proxy } from './types';

const kKey = 'm3u-proxy.proxy';
export const proxies = $state<{ list: Proxy[]; known: boolean; chosen: string }>({
  list: [],
  known: false,
  chosen: localStorage.getItem(kKey) ?? '',
});

export const chosenProxy = (): Proxy | undefined => proxies.list.find((proxy) => proxy.id === proxies.chosen) ?? proxies.list[0];

export function chooseProxy(id: string): void {
  proxies.chosen = id;
  localStorage.setItem(kKey, id);
}

export async function loadProxies(): Promise<void> {
  proxies.list = (await get<List<Proxy>>('/proxies', { limit: 500 })).items;
  proxies.known = true;
}
