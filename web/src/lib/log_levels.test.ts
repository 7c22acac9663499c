import { describe, expect, it } from 'vitest';
import { isShown, least, type Levels } from './log_levels';

const levels: Levels = { all: 'info', of: { http: 'debug', jobs: 'error' } };

describe('levels of the log', () => {
  it('ask the service for the lowest of them', () => expect([least(levels), least({ all: 'warn', of: {} })]).toEqual(['debug', 'warn']));
  it('are those of the part, else those of all', () => {
    const shown = [
      { level: 'debug', module: 'http' },
      { level: 'warn', module: 'jobs' },
      { level: 'error', module: 'jobs' },
      { level: 'debug', module: 'net' },
      { level: 'info', module: 'net' },
    ].map((line) => isShown(line, levels));
    expect(shown).toEqual([true, false, true, false, true]);
  });
});
