// Numbers, sizes and times as people read them, in the zone of who looks.
import { locale } from './i18n.svelte';

export const count = (n: number | null | undefined): string => (n ?? 0).toLocaleString(locale());

export function megabytes(mb: number | null | undefined): string {
  const value = mb ?? 0;
  if (value >= 10240) return `${(value / 1024).toLocaleString(locale(), { maximumFractionDigits: 1 })} GB`;
  return `${value.toLocaleString(locale(), { maximumFractionDigits: value < 10 ? 1 : 0 })} MB`;
}

export function bytes(n: number | null | undefined): string {
  const value = n ?? 0;
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${Math.round(value / 1024).toLocaleString(locale())} KB`;
  return megabytes(value / 1048576);
}

const kSteps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31536000],
  ['month', 2592000],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];

/** "3 hours ago", "in 5 minutes", "now". */
export function relative(time: string | null | undefined, now = Date.now()): string {
  if (!time) return '–';
  const seconds = (Date.parse(time) - now) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  for (const [unit, size] of kSteps) if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  return format.format(0, 'second');
}

export function dateTime(time: string | null | undefined): string {
  return time ? new Date(time).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' }) : '–';
}
export function day(time: string | number): string {
  return new Date(time).toLocaleDateString(locale(), { weekday: 'short', day: 'numeric', month: 'short' });
}
export function clock(time: string | number): string {
  return new Date(time).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' });
}
export function duration(seconds: number | null | undefined): string {
  const s = Math.max(0, seconds ?? 0);
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 60) return `${s.toLocaleString(locale(), { maximumFractionDigits: 1 })} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}
