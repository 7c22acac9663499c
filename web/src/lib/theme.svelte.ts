// Light, dark, or as the system has it.
export type Theme = 'auto' | 'light' | 'dark';

const kKey = 'm3u-proxy.theme';
export const theme = $state<{ chosen: Theme; dark: boolean }>({ chosen: 'auto', dark: false });
const system = matchMedia('(prefers-color-scheme: dark)');

function apply(): void {
  theme.dark = theme.chosen === 'dark' || (theme.chosen === 'auto' && system.matches);
  document.documentElement.dataset.theme = theme.dark ? 'dark' : 'light';
}

export function useTheme(chosen: Theme): void {
  theme.chosen = chosen;
  localStorage.setItem(kKey, chosen);
  apply();
}

export function startTheme(): void {
  const stored = localStorage.getItem(kKey);
  if (stored === 'light' || stored === 'dark') theme.chosen = stored;
  system.addEventListener('change', apply);
  apply();
}
