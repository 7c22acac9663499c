import './style/pico.scss';
import './style/tokens.css';
import './style/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { preferredLanguage, useLanguage } from './lib/i18n.svelte';
import { startTheme } from './lib/theme.svelte';

startTheme();
await useLanguage(preferredLanguage(localStorage.getItem('m3u-proxy.language'), navigator.languages));
const target = document.getElementById('app');
if (target) mount(App, { target });
