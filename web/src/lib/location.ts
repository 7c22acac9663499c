// Where a source is, as people say it: an address, an account, or a file.
import { kUploadHost } from './upload';

export type LocationKind = 'address' | 'account' | 'file';
export interface Account { secure: boolean; server: string; user: string; password: string; live: boolean; vod: boolean; series: boolean; rest: string }

export function kindOf(config: Record<string, unknown>): LocationKind {
  const url = String(config.url ?? '');
  if (url.startsWith(`http://${kUploadHost}/`)) return 'file';
  return /^xtreams?:/i.test(url) ? 'account' : 'address';
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
/** The shown stand-in of a password stays what it is, so that the service keeps the stored one. */
const encode = (text: string): string => (text === '***' ? text : encodeURIComponent(text));

/** Takes "xtream://USER:PASSWORD@HOST?live&vod" apart; what it does not know is in `rest`. */
export function accountOf(url: string): Account {
  const parts = /^xtream(s?):\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^?]*)(?:\?(.*))?$/i.exec(url);
  const [, secure = '', user = '', password = '', server = '', query = ''] = parts ?? [];
  const wanted = query.split('&').filter(Boolean);
  const has = (name: string): boolean => wanted.includes(name);
  const rest = wanted.filter((part) => !['live', 'vod', 'series'].includes(part)).join('&');
  return { secure: secure !== '', server, user: decode(user), password: decode(password), live: has('live') || !(has('vod') || has('series')), vod: has('vod'), series: has('series'), rest };
}

export function addressOf(account: Account): string {
  // People paste the whole address of the panel.
  const pasted = /^(https?):\/\/(.*)$/i.exec(account.server.trim());
  const secure = pasted ? pasted[1]?.toLowerCase() === 'https' : account.secure;
  const server = (pasted?.[2] ?? account.server.trim()).replace(/\/.*$/, '');
  const wanted = [account.live && 'live', account.vod && 'vod', account.series && 'series', account.rest].filter(Boolean).join('&');
  return `xtream${secure ? 's' : ''}://${encode(account.user)}:${encode(account.password)}@${server}${wanted ? `?${wanted}` : ''}`;
}

/** A name for what is at an address: its host, without what all of them have. */
export function nameFor(config: Record<string, unknown>): string {
  const url = String(config.url ?? config.path ?? '');
  const host = /^[a-z]+:\/\/(?:[^@/]*@)?([^/:?]+)/i.exec(url)?.[1];
  if (host && /^[\d.]+$|^\[/.test(host)) return host;
  if (host) return host.replace(/^(www|tv|iptv|epg)\./, '').replace(/\.[^.]+$/, '') || host;
  return url.split('/').pop()?.replace(/(\.(m3u8?|xml|xmltv|gz|xz|bz2|zst|zip))+$/i, '') ?? '';
}
