// The board's own page: same origin as the gateway, so plain requests do.
'use strict';

const { organization } = document.body.dataset;
const form = document.getElementById('feedback');
const text = document.getElementById('text');
const result = document.getElementById('result');

function call(method, body) {
    const headers = { Accept: 'application/json' };
    if (organization) headers['X-Widget-Organization'] = organization;
    if (body) headers['Content-Type'] = 'application/json';
    return fetch('/api/feedback', { method, headers, body: body && JSON.stringify(body) });
}

async function refresh() {
    const response = await call('GET');
    if (response.ok) window.Posts.show((await response.json()).posts);
}

function say(kind, message) {
    result.dataset.kind = kind;
    result.textContent = message;
    result.hidden = false;
}

form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
        const response = await call('POST', { text: text.value });
        if (response.ok) {
            form.reset();
            say('good', 'Thank you. Your idea is on the board.');
            await refresh();
        } else {
            const problem = await response.json().catch(() => ({}));
            const why = problem.code === 'session_expired' ? 'your session has ended. Reload the page' : problem.detail;
            say('bad', 'Not posted: ' + (why || problem.code || 'status ' + response.status) + '.');
        }
    } catch {
        say('bad', 'Not posted: the gateway could not be reached.');
    } finally {
        button.disabled = false;
    }
});

refresh().catch(() => {});
