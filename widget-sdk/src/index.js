import { createWidget } from './gateway.js';
import { install } from './queue.js';
import { productBridge } from './shims/productbridge.js';
import { productLift } from './shims/productlift.js';
import { sleekplan } from './shims/sleekplan.js';
import { userVoice } from './shims/uservoice.js';

// Set only while a classic script runs for the first time: read now, not in a callback.
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);

/** By this the SDK that came first, of whatever version, reads what a page says when it loads one again. */
const reads = Symbol.for('widget-gateway');

const api = /** @type {any} */ (
    install(window, () => {
        const widget = createWidget(script?.src ? new URL(script.src).origin : undefined);
        return Object.assign(widget.api, {
            /** @param {HTMLScriptElement | null} loaded */
            [reads](loaded) {
                productBridge(window, widget);
                sleekplan(window, widget);
                userVoice(window, widget);
                productLift(loaded, widget);
            },
        });
    })
);
if (api[reads]) api[reads](script);
