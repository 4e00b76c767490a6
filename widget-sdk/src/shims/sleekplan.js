/**
 * Sleekplan's pages set `SLEEK_PRODUCT_ID`, `SLEEK_USER = {token}` and `$sleek = []` before the script; then call
 * `$sleek.setUser({token})` when the document hears `sleek:init`, or put a function at `$sleek.sso` which is called when
 * a visitor without an identity does something, and hands `{token}` to its callback.
 *
 * @param {any} scope
 * @param {import('../gateway.js').Widget} widget
 */
export function sleekplan(scope, widget) {
    const { api } = widget;
    const early = scope.$sleek;
    const product = scope.SLEEK_PRODUCT_ID;
    let user = scope.SLEEK_USER;
    if (!(early || product || user) || early?.setUser) return;

    const sleek = Object.assign((scope.$sleek = early || []), {
        setUser: api.setUser,
        close: api.close,
        /** @param {string} [view] @param {() => void} [opened] */
        open(view, opened) {
            api.open();
            if (opened) opened();
        },
        /** @param {any[]} calls functions, or names of methods with an argument */
        push(...calls) {
            for (const call of calls) typeof call === 'function' ? call(sleek) : sleek[call[0]]?.(call[1]);
        },
    });
    const isFirst = !widget.signer;
    widget.signer = () => {
        const { sso } = scope.$sleek;
        return (
            typeof sso === 'function' &&
            new Promise((resolve) => {
                /** @param {{ token?: string } | undefined} answer */
                const answered = (answer) => resolve(answer?.token && api.setUser({ token: answer.token }));
                // Where it never answers, the visitor goes on as they are.
                setTimeout(answered, 30_000);
                sso(answered);
            }).catch(() => {})
        );
    };
    try {
        Object.defineProperty(scope, 'SLEEK_USER', {
            configurable: true,
            get: () => user,
            set(next) {
                user = next;
                if (next?.token) api.setUser(next);
            },
        });
    } catch {
        // Declared with `var`: a later assignment can't be noticed.
    }
    if (user?.token) api.setUser(user);
    if (Array.isArray(early)) sleek.push(...early.splice(0));
    // Before `init`, so that a token which a listener brings is the first that the gateway hears.
    document.dispatchEvent(new Event('sleek:init', { bubbles: true }));
    if (isFirst) api.init({ organizationId: product && String(product) });
}
