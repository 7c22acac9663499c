// Which numbers channels get when one of them is moved, where numbers do not follow the order by
// themselves.
import type { Channel } from './types';

/** They stay; those that the channel passes are numbered anew, with it; all from its new place on are. */
export type NumberChoice = 'keep' | 'passed' | 'rest';
export const numberChoices: NumberChoice[] = ['passed', 'rest', 'keep'];
/** The API numbers no more at once. */
export const kMostNumbered = 1000;

/** Rows of the list as it is before the move. */
export interface Span { first: number; count: number }

/** Whose numbers would change when the channel at row `from` comes to row `to`. */
export function concerned(how: NumberChoice, from: number, to: number, total: number): Span {
  const first = Math.min(from, to);
  if (how === 'keep') return { first, count: 0 };
  const last = how === 'passed' ? Math.max(from, to) : total - 1;
  return { first, count: last - first + 1 };
}

/** The rows of a span, from row `first` on, as they are after the move. */
export function reordered<T>(rows: readonly T[], first: number, from: number, to: number): T[] {
  const next = [...rows];
  next.splice(to - first, 0, ...next.splice(from - first, 1));
  return next;
}

/** What they begin with: the lowest number that one of them has. */
export function lowest(channels: readonly Pick<Channel, 'number'>[]): number {
  const numbers = channels.map((channel) => Math.floor(Number(channel.number))).filter((number) => number >= 1);
  return numbers.length ? Math.min(...numbers) : 1;
}

/** Whether a proxy numbers its channels by their order, whatever they ask for. */
export const followsOrder = (config: Record<string, unknown>): boolean => (config.numbering ?? 'preserve') !== 'preserve';
