// Short words about what was just done, and the way back from it.
import { messageOf } from './api';

export interface Toast { id: number; text: string; tone: 'good' | 'bad'; undo?: () => Promise<void> }

const kGoodMs = 6000;
const kUndoMs = 12000;

export const toasts = $state<{ list: Toast[] }>({ list: [] });
let last = 0;

export function dismiss(id: number): void {
  toasts.list = toasts.list.filter((toast) => toast.id !== id);
}

function show(toast: Omit<Toast, 'id'>): void {
  const id = ++last;
  toasts.list = [...toasts.list.slice(-3), { id, ...toast }];
  if (toast.tone === 'good') setTimeout(() => dismiss(id), toast.undo ? kUndoMs : kGoodMs);
}

export const done = (text: string, undo?: () => Promise<void>): void => {
  show({ text, tone: 'good', undo });
  if (undo) history.push({ text, undo });
};
export const failed = (error: unknown): void => show({ text: messageOf(error), tone: 'bad' });

/** What can be taken back, the newest last; bounded. */
const kMostSteps = 100;
const history: { text: string; undo: () => Promise<void> }[] = [];

export async function undoLast(): Promise<string | undefined> {
  const step = history.pop();
  if (!step) return undefined;
  try {
    await step.undo();
    return step.text;
  } catch (error) {
    failed(error);
    return undefined;
  }
}

export async function undo(toast: Toast): Promise<void> {
  dismiss(toast.id);
  const at = history.findIndex((step) => step.undo === toast.undo);
  if (at >= 0) history.splice(at, 1);
  try {
    await toast.undo?.();
  } catch (error) {
    failed(error);
  }
  if (history.length > kMostSteps) history.splice(0, history.length - kMostSteps);
}
