// A customer of ProductLift: the page to come back to takes the token in its own address.

import { isPortal, serveLoginApp } from './login-app.mjs';

serveLoginApp({
    claims: (user) => ({
        email: user.email,
        uid: user.id,
        name: user.name,
        segment_1: 'developer',
        ltv: '10.99',
    }),
    locationBack: (token, query) => {
        const page = query.get('return_to') ?? '';
        if (!isPortal(page)) return null;
        return `${page}${page.includes('?') ? '&' : '?'}sso=${token}`;
    },
});
