import { createGateway } from './gateway.js';
import { install } from './queue.js';

// Set only while a classic script runs for the first time: read now, not in a callback.
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);

install(window, () => createGateway(script && script.src ? new URL(script.src).origin : undefined));
