// Lines of the log as the service writes them: JSON with everything, or a text that says the level,
// and from "debug" down the part of the program.

export interface LogLine { time: string; level: string; module: string; message: string }

const kText = /^(TRACE|DEBUG|INFO|WARN|ERROR) (.*)$/s;
const kModule = /^([\w.-]+): (.*)$/s;

/** `now`: when it came, for a line that says no time. */
export function readLine(line: string, now: Date): LogLine {
  const plain: LogLine = { time: now.toISOString(), level: 'info', module: '', message: line };
  if (line.startsWith('{')) {
    try {
      const { time, level, module, message, ...fields } = JSON.parse(line) as Record<string, string>;
      const words = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
      return { time: time ?? plain.time, level: level ?? plain.level, module: module ?? '', message: [message ?? '', ...words].join(' ') };
    } catch {
      return plain;
    }
  }
  const [, label = '', text = ''] = kText.exec(line) ?? [];
  if (!label) return plain;
  const said = { ...plain, level: label.toLowerCase(), message: text };
  const [, module = '', rest = ''] = label === 'DEBUG' || label === 'TRACE' ? (kModule.exec(text) ?? []) : [];
  return module ? { ...said, module, message: rest } : said;
}
