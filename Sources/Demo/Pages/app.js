// The customer's page: asks its own server for a token and hands it to the SDK. Everything shown comes from the gateway.
'use strict';

const choice = document.getElementById('choice');
const feedback = document.getElementById('feedback');
const text = document.getElementById('text');
const result = document.getElementById('result');
const log = document.getElementById('log');

const stateNames = {
    unknown: 'Asking',
    anonymous: 'Anonymous',
    locked: 'Locked',
    identified: 'Identified',
    refused: 'Refused',
};

/** Each code in the words of somebody who has to fix it. */
const reasons = {
    user_hash_mismatch: 'The token’s signature is good, but its user hash doesn’t belong to its user id. Whoever made it knows the signing secret and not the hash, so the gateway believes none of it.',
    user_hash_missing: 'This organization asks for a user hash, and the token has none.',
    user_unknown: 'The token is genuine, but this organization admits only users whom its directory already knows.',
    user_blocked: 'This user has been blocked.',
    token_expired: 'The token has expired, and no other was brought.',
    token_signature_mismatch: 'The token wasn’t signed with this organization’s secret.',
    identify_required: 'This organization asks everyone to be identified first.',
    origin_not_allowed: 'This page’s address isn’t among those that the organization allows.',
    network_error: 'The gateway didn’t answer.',
};

function selected() {
    const form = new FormData(choice);
    return { visitor: form.get('visitor'), organization: form.get('organization') };
}

/** Our own server signs: the secret never comes here. */
async function tokenFor({ visitor, organization }) {
    if (visitor === 'nobody') return null;
    const response = await fetch('/token', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ visitor, organization }),
    });
    if (!response.ok) throw new Error('the app’s server signed nothing');
    return (await response.json()).token;
}

function note(what, kind = '') {
    const line = document.createElement('li');
    const time = document.createElement('time');
    const said = document.createElement('code');
    time.textContent = new Date().toLocaleTimeString('en-GB');
    said.textContent = what;
    said.dataset.kind = kind;
    line.append(time, said);
    log.prepend(line);
    while (log.children.length > 50) log.lastChild.remove();
}

function say(kind, message) {
    result.dataset.kind = kind;
    result.textContent = message;
    result.hidden = !message;
}

function sentence({ state, created, error }) {
    if (state === 'anonymous') return 'No one is signed in, and this organization doesn’t mind: feedback goes out without a name.';
    if (state === 'locked') return reasons.identify_required;
    if (state === 'refused') return reasons[error.code] || error.detail;
    if (state !== 'identified') return 'Asking the gateway …';
    return created ? 'The token is genuine. The directory didn’t know this user until now.' : 'The token is genuine, and the directory knows this user.';
}

function facts(status) {
    const { user, error } = status;
    const rows = { Organization: selected().organization };
    if (user) {
        Object.assign(rows, {
            Name: user.name,
            Email: user.email,
            'Customer’s id': user.external_id,
            'Directory id': user.id,
            'Verified by': status.verified_by === 'token' ? 'user token' : status.verified_by,
        });
    }
    if (error) Object.assign(rows, { Code: error.code, Status: String(error.status) });
    return Object.entries(rows).flatMap(([name, value]) => {
        if (!value) return [];
        const term = document.createElement('dt');
        const description = document.createElement('dd');
        term.textContent = name;
        description.textContent = value;
        if (name === 'Code') description.id = 'code';
        return [term, description];
    });
}

function show(status) {
    const badge = document.getElementById('state');
    badge.dataset.state = status.state;
    badge.textContent = stateNames[status.state];
    document.getElementById('sentence').textContent = sentence(status);
    document.getElementById('facts').replaceChildren(...facts(status));
    document.getElementById('locked').hidden = status.state !== 'locked';
    feedback.hidden = status.state === 'locked';
}

async function refreshPosts() {
    const response = await WidgetGateway.fetch('/api/feedback', { headers: { Accept: 'application/json' } });
    document.getElementById('closed').hidden = response.ok;
    if (response.ok) window.Posts.show((await response.json()).posts, 8);
    else window.Posts.clear();
}

let visit = 0;

/** Starts over as somebody else. */
async function start() {
    const mine = ++visit;
    const who = selected();
    history.replaceState(null, '', '?' + new URLSearchParams(who));
    say('', '');
    show({ state: 'unknown' });
    note('init as ' + who.visitor + ', organization ' + who.organization);
    await WidgetGateway.init({
        endpoint: document.body.dataset.gateway,
        organizationId: who.organization,
        getToken: who.visitor === 'nobody' ? undefined : () => tokenFor(who),
    }).catch(() => {});
    if (mine !== visit) return;
    const status = WidgetGateway.status();
    if (status.state === 'unknown') {
        document.getElementById('state').textContent = 'No answer';
        document.getElementById('sentence').textContent = reasons.network_error;
    }
    await refreshPosts().catch(() => {});
}

for (const event of ['ready', 'identified', 'locked', 'anonymous', 'expired']) {
    WidgetGateway.on(event, (status) => {
        note('event ' + event + (status.user ? ' · ' + status.user.email : ''));
        show(WidgetGateway.status());
    });
}
WidgetGateway.on('error', (error) => {
    note('event error · ' + error.code, 'bad');
    show(WidgetGateway.status());
});

choice.addEventListener('change', start);
choice.addEventListener('submit', (event) => event.preventDefault());

WidgetGateway.on('sent', () => {
    note('event sent');
    refreshPosts().catch(() => {});
});

/** This app signs people in itself, so the widget needn't open a login page. */
function signIn() {
    choice.elements.visitor.value = 'ada';
    start();
}
document.getElementById('sign-in').addEventListener('click', signIn);
WidgetGateway.on('sign-in', (request) => {
    note('event sign-in');
    request.preventDefault();
    signIn();
});

feedback.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = feedback.querySelector('button');
    button.disabled = true;
    try {
        const response = await WidgetGateway.fetch('/api/feedback', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ text: text.value }),
        });
        const answer = await response.json().catch(() => ({}));
        note('POST /api/feedback → ' + response.status + (answer.code ? ' ' + answer.code : ''), response.ok ? '' : 'bad');
        if (response.ok) {
            feedback.reset();
            say('good', 'Thank you. The backend filed it under ' + answer.author.name + '.');
            await refreshPosts();
        } else {
            const { error } = WidgetGateway.status();
            const known = error && error.code === answer.code;
            const why = known ? 'The gateway refused it, for the reason above.' : reasons[answer.code] || answer.detail || '';
            say('bad', 'Not sent: ' + (answer.code || 'status ' + response.status) + '. ' + why);
        }
    } catch (error) {
        say('bad', 'Not sent: ' + (reasons[error.code] || 'the gateway didn’t answer.'));
    } finally {
        button.disabled = false;
    }
});

// A link can choose: ?visitor=ada&organization=lockd
for (const [name, value] of new URLSearchParams(location.search)) {
    const group = choice.elements[name];
    if (group && [...group].some((option) => option.value === value)) group.value = value;
}
start();
