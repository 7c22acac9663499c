// What a change would do to a proxy: it is made on trial, of the sources as they were fetched last.
import { post } from './api';
import type { Change, Config, Impact, Proxy } from './types';

interface Preview { channels_before: number; channels: number; added: number; removed: number; changed: number; items: Change[] }
type Draft = { name: string; config: Config };
const kSamples = 50;

export async function preview(proxy: Proxy, wanted: { config?: Config; filters?: Draft[]; rules?: Draft[] }): Promise<Impact> {
  const { channels_before, channels, added, removed, changed, items } = await post<Preview>(`/proxies/${proxy.id}/preview`, { ...wanted, limit: kSamples });
  return { id: proxy.id, name: proxy.name, channels_before, channels_after: channels, added, removed, changed, samples: items };
}
