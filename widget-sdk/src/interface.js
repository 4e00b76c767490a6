import { element } from './elements.js';
import { english } from './texts.js';

/** @typedef {import('../widget-sdk').InitOptions} InitOptions */

/** `interface.css`, put in by the build. @type {string} */
const css = typeof WIDGET_CSS === 'undefined' ? '' : WIDGET_CSS;

/** What opens the panel, besides the launcher. */
const marked = '[data-widget-gateway-open],[data-productlift-sidebar]';

/**
 * The launcher and the panel, in a shadow root of their own. It is an open one: a closed root would keep nobody out, and
 * would keep the page's own tests and tools out too.
 *
 * Everything shown goes in as text, styles are adopted as a constructed sheet, and no element has a style attribute, so
 * that the strictest policy of a page holds.
 *
 * @param {ReturnType<typeof import('./identity.js').createIdentity>} identity
 * @param {import('./events.js').Events} events
 * @param {ReturnType<typeof import('./delivery.js').createDelivery>['deliver']} deliver
 * @param {() => false | Promise<unknown>} signer
 * @param {() => void} signIn
 */
export function createInterface(identity, events, deliver, signer, signIn) {
    /** @type {InitOptions} */
    let options = {};
    let texts = english;
    let note = '';
    /** Who typed what is in the field. */
    let author = identity.visitor();
    let triggers = marked;
    let isPlaced = false;
    let isWanted = false;
    let isSent = false;
    let isBusy = false;
    let hasFailed = false;
    /** What the visitor sent met a closed door, and goes out as soon as they have signed in. */
    let isOwed = false;

    const launcherText = element('span');
    const launcher = element('button', { class: 'launcher', 'aria-haspopup': 'dialog' }, element('i'), launcherText);
    const title = element('h2', { id: 'title' });
    const cross = element('button', { class: 'close' }, element('i'));
    const initial = element('b', { 'aria-hidden': 'true' });
    const name = element('span');
    const who = element('p', { class: 'who' }, initial, name);
    const label = element('label', { for: 'text' });
    const field = element('textarea', { id: 'text', maxlength: '2000', 'aria-describedby': 'note' });
    const message = element('p', { id: 'note', role: 'status' });
    const send = element('button');
    const form = element('form', {}, label, field, message, send);
    const outcome = element('h3', { tabindex: '-1' });
    const detail = element('p');
    const onward = element('button');
    const result = element('div', {}, element('b', {}, element('i')), outcome, detail, onward);
    const dialog = element('dialog', { 'aria-labelledby': 'title' },
        element('div', { class: 'panel' }, element('header', {}, title, cross), who, form, result));
    const host = element('div', { 'data-widget-gateway': '' });
    const root = host.attachShadow({ mode: 'open' });
    root.append(launcher, dialog);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];

    launcher.onclick = () => open(launcher);
    cross.onclick = close;
    // The panel fills the dialog: what hits the dialog itself hit what is behind it.
    dialog.onclick = ({ target }) => {
        if (target === dialog) close();
    };
    dialog.onclose = () => {
        isSent = isWanted = isOwed = false;
        update();
    };
    form.onsubmit = (event) => {
        event.preventDefault();
        submit();
    };
    field.oninput = () => {
        author = identity.visitor();
    };
    onward.onclick = () => {
        if (!isSent) return signIn();
        isSent = false;
        update();
    };
    document.addEventListener('click', (event) => {
        const hit = event.target instanceof Element && event.target.closest(triggers);
        if (!hit) return;
        const wanted = hit.getAttribute('data-widget-gateway-open');
        if (wanted && wanted !== options.organizationId) return;
        event.preventDefault();
        open(/** @type {HTMLElement} */ (hit));
    });

    /** Shows what holds now. */
    function update() {
        const { state, user } = identity.status();
        const view = isSent ? 'sent' : isBusy || (state !== 'locked' && state !== 'refused') ? undefined : state;

        // What one user wrote and didn't send is none of the next one's business.
        if (user && !identity.owns(author)) clear();

        host.setAttribute('theme', options.theme || '');
        host.setAttribute('position', options.position || '');
        launcher.hidden = options.launcher === false;
        launcher.setAttribute('aria-expanded', `${dialog.open}`);
        launcherText.textContent = texts.launcher;
        title.textContent = texts.title;
        cross.setAttribute('aria-label', texts.close);
        const known = (user && (user.name || user.email || user.external_id)) || '';
        who.hidden = !known;
        initial.textContent = [...known][0];
        name.textContent = known && texts.signedInAs.replace('{name}', () => known);
        label.textContent = texts.label;
        field.placeholder = texts.placeholder;
        field.readOnly = isBusy;
        send.textContent = isBusy ? texts.sending : hasFailed ? texts.retry : texts.send;
        // Not disabled, which would take the focus away.
        send.setAttribute('aria-disabled', `${isBusy}`);
        message.textContent = note;
        message.className = hasFailed ? 'bad' : '';
        form.hidden = !!view;
        result.hidden = !view;
        if (view) {
            result.className = 'card ' + view;
            outcome.textContent = texts[view];
            detail.textContent = texts[/** @type {'sentDetail'} */ (view + 'Detail')];
            onward.textContent = isSent ? texts.another : texts.signIn;
        }
        // Focus never falls out of the panel: where what had it is gone, it goes to what is there instead.
        if (root.activeElement && root.activeElement.closest('[hidden]')) (view ? outcome : field).focus();
        if (isOwed && state === 'identified') submit();
    }

    async function submit() {
        const text = field.value.trim();
        if (isBusy || !text) return field.focus();
        /** @param {string} next */
        const say = (next) => {
            note = next;
            update();
        };
        isBusy = true;
        isOwed = hasFailed = false;
        say('');
        let response;
        try {
            if (identity.status().state !== 'identified') await signer();
            response = await deliver(
                options.feedbackPath || '/api/feedback',
                { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }) },
                () => say(texts.waiting),
            );
        } catch {
            // Said below, like a refusal.
        }
        isBusy = false;
        isSent = !!response && response.ok;
        isOwed = !isSent && identity.status().state === 'locked';
        // Where somebody else has come meanwhile, the text is gone, and so is what went wrong with it.
        hasFailed = !isSent && !isOwed && !!field.value;
        if (isSent) {
            field.value = '';
            events.emit('sent', { status: /** @type {Response} */ (response).status });
        }
        say(hasFailed ? texts.failed : '');
    }

    /** @param {HTMLElement} [from] what was clicked, which not every browser gives the focus, to get it back on closing */
    function open(from) {
        isWanted = true;
        if (!isPlaced) return;
        if (!host.isConnected) return place();
        if (dialog.open) return;
        if (from) from.focus();
        dialog.showModal();
        update();
        (result.hidden ? field : outcome).focus();
    }

    function close() {
        isWanted = false;
        dialog.close();
    }

    function clear() {
        isSent = isOwed = hasFailed = false;
        note = field.value = '';
        author = identity.visitor();
    }

    function place() {
        isPlaced = true;
        if (!host.isConnected) {
            // Where a framework has replaced the body, the dialog is still open, but no longer on top of the page.
            dialog.close();
            document.body.append(host);
        }
        update();
        if (isWanted) open();
    }

    return {
        open: () => open(),
        close,
        clear,
        update,

        /** @param {InitOptions} next */
        configure(next) {
            options = next;
            texts = { ...english, ...next.texts };
            if (document.body) place();
            else document.addEventListener('DOMContentLoaded', place);
        },

        /** @param {boolean} isShown */
        showLauncher(isShown) {
            options = { ...options, launcher: isShown };
            update();
        },

        /**
         * Has more elements open the panel, now and later.
         *
         * @param {string} selector
         */
        trigger(selector) {
            triggers += ',' + selector;
        },
    };
}
