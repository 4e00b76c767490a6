/**
 * UserVoice's pages push commands onto an array, before and after the script is there: `['set', {sso: token}]`,
 * `['addTrigger', {…}]` for a button in the corner, `['addTrigger', '#selector', {…}]` for an element of the page's own.
 *
 * @param {any} scope
 * @param {import('../gateway.js').Widget} widget
 */
export function userVoice(scope, { api, ui }) {
    const queue = scope.UserVoice;
    if (!Array.isArray(queue) || queue.push !== Array.prototype.push) return;
    let hasLauncher = false;

    /** @type {Record<string, (first: any) => void>} */
    const commands = {
        set(settings) {
            if (settings?.sso) api.identify(settings.sso);
        },
        addTrigger(target) {
            if (typeof target === 'string') ui?.trigger(target);
            else if (target instanceof Element) target.addEventListener('click', api.open);
            else ui?.showLauncher((hasLauncher = true));
        },
        show: api.open,
        hide: api.close,
    };
    /** @param {any} call */
    const run = (call) => commands[call[0]]?.(call[1]);
    queue.push = (...calls) => {
        calls.forEach(run);
        return 0;
    };
    queue.splice(0).forEach(run);
    api.init({ launcher: hasLauncher });
}
