import { describe, expect, it } from 'vitest';
import { readLine } from './log_lines';

const now = new Date('2026-11-28T12:00:00Z');
const time = now.toISOString();

describe('lines of the log', () => {
  it('are texts with a level, and below info with a part', () => {
    expect(readLine('INFO http: is up', now)).toEqual({ time, level: 'info', module: '', message: 'http: is up' });
    expect(readLine('DEBUG http: GET /live 200', now)).toEqual({ time, level: 'debug', module: 'http', message: 'GET /live 200' });
    expect(readLine('WARN one\ntwo', now)).toEqual({ time, level: 'warn', module: '', message: 'one\ntwo' });
  });
  it('are JSON', () => {
    const line = '{"time":"2026-11-28T11:59:59.123Z","level":"error","module":"jobs","message":"no room","code":"io"}';
    expect(readLine(line, now)).toEqual({ time: '2026-11-28T11:59:59.123Z', level: 'error', module: 'jobs', message: 'no room code=io' });
  });
  it('are shown as they are where they are neither', () => {
    expect(readLine('{oh', now)).toEqual({ time, level: 'info', module: '', message: '{oh' });
    expect(readLine('hello', now).message).toBe('hello');
  });
});
