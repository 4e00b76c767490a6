// A customer of Userorbit: the callback's address is configured, and gets the page to come back to as it was given.

import { ELSEWHERE, PORTAL, serveLoginApp } from './login-app.mjs';

serveLoginApp({
    claims: (user) => ({
        id: String(user.id),
        email: user.email,
        name: user.name,
        company: 'Customer Ltd',
        plan: 'team',
        role: 'admin',
    }),
    locationBack: (token, query, hostile) => {
        const answer = new URLSearchParams({
            jwt: token,
            teamId: query.get('teamId') ?? '',
            return_to: hostile ? ELSEWHERE : (query.get('return_to') ?? ''),
        });
        return `${PORTAL}/auth/subscriber/sso.callback?${answer}`;
    },
});
