// The inline snippet: keeps the calls that a page makes before the SDK has arrived, and fetches the SDK. Old on purpose:
// it is pasted into pages and parsed by whatever browser comes.
(function (/** @type {any} */ w, /** @type {Document} */ d, /** @type {string} */ src, /** @type {string=} */ integrity) {
    if (w.WidgetGateway) return;
    /** @type {any[]} */
    var q = [];
    /** @type {any} */
    var g = (w.WidgetGateway = { q: q });
    'init identify setUser reset open close fetch embed on off'.split(' ').forEach(function (m) {
        g[m] = function () {
            var a = arguments;
            var p = new Promise(function (y, n) {
                q.push([m, a, y, n]);
            });
            p.catch(function () {});
            return p;
        };
    });
    g.status = function () {
        return { state: 'unknown' };
    };
    var s = d.createElement('script');
    var c = d.currentScript;
    s.async = true;
    s.src = src;
    if (c && c.nonce) s.nonce = c.nonce;
    if (integrity) {
        s.integrity = integrity;
        s.crossOrigin = 'anonymous';
    }
    d.head.appendChild(s);
})(window, document, 'GATEWAY/_widget/sdk.js');
