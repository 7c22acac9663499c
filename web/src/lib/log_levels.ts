// Which lines of the log are shown: each part of the program from a level of its own on.

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
export interface Levels { all: LogLevel; of: Readonly<Record<string, LogLevel>> }

const rank = (level: string): number => logLevels.findIndex((one) => one === level);

/** What the service has to send. */
export function least({ all, of }: Levels): LogLevel {
  return [all, ...Object.values(of)].reduce((low, one) => (rank(one) < rank(low) ? one : low));
}

/** A level that is not known here, such as "trace", is below all. */
export function isShown(line: { level: string; module: string }, { all, of }: Levels): boolean {
  return rank(line.level) >= rank(of[line.module] ?? all);
}
